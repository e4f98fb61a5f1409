import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { User } from '../../src/auth/index.js';
import { Group, GroupAssignment, GroupMembership, Import, Participant } from '../../src/participants/index.js';
import { addsUp, countsOf, idle, importOf, upload } from '../support/imports.js';
import {
  day,
  rosterArchive,
  rosterFile,
  rosterFiles,
  rosterRows,
  type OneRosterFiles,
  type RosterRow,
} from '../support/oneroster-files.js';
import { zip } from '../support/workbooks.js';
import { type Place, World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const KINDS = ['oneroster_orgs', 'oneroster_classes', 'oneroster_users', 'oneroster_enrollments'];

const open = (): Promise<Place> =>
  world.openPlace(`Roster ${randomUUID().slice(0, 8)}`, 'education', 'Europe/Paris', { rosa: 'administrator' });

function archiveForm(bytes: Buffer, name = 'roster.zip'): FormData {
  const form = new FormData();
  form.append('files', new Blob([bytes as never]), name);
  return form;
}

/** Uploads and answers the imports that wait then, in the order of the page. */
async function send(place: Place, form: FormData): Promise<number[]> {
  const visitor = place.visitor.rosa!;
  const sent = await visitor.send('POST', '/import', form);
  expect(sent.status).toBe(303);
  const to = sent.headers.get('location')!;
  if (to !== '/import') return [Number(to.split('/').at(-1))];
  const page = (await visitor.get('/import')).body;
  return [...page.matchAll(/name="ids" value="(\d+)"/g)].map((match) => Number(match[1]));
}

async function start(place: Place, ids: number[]): Promise<any[]> {
  const visitor = place.visitor.rosa!;
  const body = ids.map((id): [string, string] => ['ids', String(id)]);
  expect((await visitor.form('/import/start', body)).status).toBe(303);
  await idle(world);
  return Promise.all(ids.map((id) => importOf(visitor, id)));
}

const run = async (place: Place, files: OneRosterFiles, options?: Parameters<typeof rosterArchive>[1]) =>
  start(place, await send(place, archiveForm(rosterArchive(files, options))));

const delta = (place: Place, files: OneRosterFiles, version: '1.1' | '1.2' = '1.1') =>
  run(place, files, { version, mode: 'delta' });

const state = (place: Place) =>
  world.read(place, async (em) => ({
    participants: await em.find(Participant, {}, { orderBy: { externalId: 'asc' } }),
    groups: await em.find(Group, {}, { orderBy: { externalId: 'asc' } }),
    memberships: await em.find(GroupMembership, {}, { orderBy: { id: 'asc' } }),
    users: await em.find(User, { externalId: { $ne: null } }, { orderBy: { externalId: 'asc' } }),
    assignments: await em.find(GroupAssignment, {}),
  }));

/** The days of each enrolment's membership, by its id. */
async function daysIn(place: Place): Promise<Record<string, [string, string | null]>> {
  const { memberships } = await state(place);
  return Object.fromEntries(
    memberships.map((each) => [String(each.extraData.enrollment), [each.joinedOn, each.leftOn ?? null]]),
  );
}

/** Who stands on the register of a class on a day. */
async function registerOf(place: Place, classId: string, on: string): Promise<string[]> {
  const group = await world.read(place, (em) => em.findOneOrFail(Group, { externalId: `class:${classId}` }));
  const session = await world.addSession(place, group, { scheduledStartAt: new Date(`${on}T10:00:00Z`) });
  const { json } = await place.visitor.rosa!.get(`/api/sessions/${session.id}/roster`);
  return json.data.map((row: any) => row.participant.first_name).sort();
}

describe.each(['1.1', '1.2'] as const)('an archive of OneRoster %s, through the pages', (version) => {
  let place: Place;
  beforeAll(async () => {
    place = await open();
  });

  it('goes in as a whole: schools, classes, people, enrolments', async () => {
    const ids = await send(place, archiveForm(rosterArchive(rosterFiles(rosterRows(), version), { version })));
    const visitor = place.visitor.rosa!;
    const list = (await visitor.get('/import')).body;
    expect(list).toContain(`From an archive of OneRoster ${version}.`);
    expect(list).toContain('Nobody is removed because he is missing in it');
    expect(list).toContain('manifest.csv');
    expect(list).toContain('demographics.csv');
    const preview = (await visitor.get(`/import/${ids[2]}`)).body;
    expect(preview).toContain('2 rows are about guardians, parents or relatives: these are not taken.');
    expect(preview).not.toContain('hunter2');

    const jobs = await start(place, ids);
    expect(jobs.map((job) => job.kind)).toEqual(KINDS);
    expect(jobs.map(countsOf)).toMatchObject([
      { status: 'done', total: 3, created: 3 },
      { status: 'done', total: 3, created: 3 },
      { status: 'done', total: 16, created: 13, skipped: 3 },
      { status: 'done', total: 13, created: 13 },
    ]);
    expect(jobs.every(addsUp)).toBe(true);
    expect(jobs[2].errors).toMatchObject([{ row: 5, field: 'email', code: 'required' }]);
    expect((await visitor.get(`/import/${ids[2]}`)).body).toContain('2 rows are about guardians');
  });

  it('makes of each what a school expects', async () => {
    const { participants, groups, users, assignments } = await state(place);
    const group = (id: string) => groups.find((each) => each.externalId === id)!;
    expect(groups).toHaveLength(6);
    expect(group('org:north')).toMatchObject({ groupType: 'school', parent: group('org:town').id });
    expect(group('org:town')).toMatchObject({ groupType: 'district', name: 'Town District' });
    expect(group('class:m7a')).toMatchObject({ name: 'Math 7a', groupType: 'class', parent: group('org:north').id });
    expect(group('class:m7a').extraData).toEqual({
      class_code: 'M7-A',
      class_type: 'scheduled',
      location: 'Room 12',
      grades: '07',
      course: 'Mathematics 7',
      terms: 'Fall, Spring',
      term_start: day(-89),
      term_end: day(223),
    });

    const person = (id: string) => participants.find((each) => each.externalId === id)!;
    expect(participants).toHaveLength(10);
    expect(person('s0')).toMatchObject({
      identifier: 'ID-0',
      firstName: 'Kim0',
      lastName: 'Pupil',
      email: 'pupil0@example.org',
      phone: null,
      isActive: true,
    });
    expect(person('s0').extraData).toMatchObject({ grades: '07', middle_name: 'Noor' });
    expect(person('s1').identifier).toBe('pupil1');
    expect([person('s2').phone, person('s3').phone]).toEqual(['555-0102', '555-0103']);
    expect(JSON.stringify([participants, users, groups])).not.toContain('hunter2');
    expect(JSON.stringify(participants)).not.toContain('2013-05-06');

    expect(users.map(({ externalId, email, role, status }) => [externalId, email, role, status])).toEqual([
      ['a1', 'aide@example.net', 'frontline', 'invited'],
      ['t1', 'lena.glover@example.net', 'frontline', 'invited'],
      ['t2', 'hauck@example.net', 'frontline', 'invited'],
    ]);
    const works = assignments.map((each) => [
      users.find((user) => user.id === each.user)!.externalId,
      groups.find((one) => one.id === each.group)!.externalId,
    ]);
    expect(works.sort(([a], [b]) => (a! < b! ? -1 : 1))).toEqual([
      ['a1', 'class:m7a'],
      ['t1', 'class:m7a'],
      ['t2', 'class:art'],
    ]);
  });

  it('gives each membership its days: its own, else those of the terms; the day of an end belongs to it no more', async () => {
    expect(await daysIn(place)).toMatchObject({
      'e-s0': [day(-47), day(223)],
      'e-s1': [day(-89), day(-12)],
      'e-s2': [day(-89), day(223)],
      'e-s4': [day(-89), day(69)],
    });
    expect(await registerOf(place, 'm7a', day(-60))).toEqual(['Kim1', 'Kim2', 'Kim3']);
    expect(await registerOf(place, 'm7a', day(-12))).toEqual(['Kim0', 'Kim1', 'Kim2', 'Kim3']);
    expect(await registerOf(place, 'm7a', day(-11))).toEqual(['Kim0', 'Kim2', 'Kim3']);
    expect(await registerOf(place, 'm7a', day(-90))).toEqual([]);
  });

  it('changes nothing when it comes again', async () => {
    const before = await state(place);
    const jobs = await run(place, rosterFiles(rosterRows(), version), { version });
    expect(jobs.map(({ created, updated, unchanged, failed }) => [created, updated, unchanged, failed])).toEqual([
      [0, 0, 3, 0],
      [0, 0, 3, 0],
      [0, 0, 13, 0],
      [0, 0, 13, 0],
    ]);
    expect(await state(place)).toEqual(before);
  });
});

describe('what is marked as deleted', () => {
  const row = (file: string, id: string, more: RosterRow): RosterRow => ({
    ...rosterRows()[file]!.find((each) => each.sourcedId === id)!,
    ...more,
  });
  const gone = { status: 'tobedeleted' };
  let place: Place;
  beforeAll(async () => {
    place = await open();
    await run(place, rosterFiles(rosterRows()));
  });

  const changes = (): OneRosterFiles => ({
    classes: rosterFile('classes', [
      row('classes', 'm7b', gone),
      row('classes', 'art', { sourcedId: 'never', ...gone }),
    ]),
    users: rosterFile('users', [
      row('users', 's2', gone),
      row('users', 's3', { enabledUser: 'false' }),
      row('users', 's9', { sourcedId: 's99', identifier: 'ID-99', username: 'x99', ...gone }),
      row('users', 's9', { sourcedId: 's98', identifier: 'ID-98', username: 'x98', enabledUser: 'false' }),
      row('users', 't2', gone),
    ]),
    enrollments: rosterFile('enrollments', [
      row('enrollments', 'e-s6', gone),
      row('enrollments', 'e-s7', { endDate: day(-3), ...gone }),
      row('enrollments', 'e-s8', { beginDate: day(30) }),
      row('enrollments', 'e-a1', gone),
      row('enrollments', 'e-s9', { sourcedId: 'e-s99', userSourcedId: 's99', ...gone }),
    ]),
  });

  it('is deactivated or ended, and the trial look says so; what is missing stays', async () => {
    const visitor = place.visitor.rosa!;
    const ids = await send(place, archiveForm(rosterArchive(changes(), { mode: 'delta' })));
    expect((await visitor.get('/import')).body).toContain('It holds what changed: what is not in it stays as it is.');
    const pages = await Promise.all(ids.map(async (id) => (await visitor.get(`/import/${id}`)).body));
    expect(pages[0]).toContain('Marked as deleted in the file: Math 7b is deactivated.');
    expect(pages[1]).toContain('Marked as deleted in the file: Kim2 Pupil is deactivated.');
    expect(pages[1]).toContain('Switched off in the file: Kim3 Pupil is deactivated.');
    expect(pages[2]).toContain(`the membership ends on ${day(0)}`);
    expect(pages[2]).toContain(`the membership ends on ${day(-4)}`);

    const jobs = await start(place, ids);
    expect(jobs.map(countsOf)).toMatchObject([
      { updated: 1, skipped: 1, failed: 0 },
      { created: 1, updated: 3, skipped: 1, failed: 0 },
      { updated: 4, skipped: 1, failed: 0 },
    ]);
    const { participants, groups, users, assignments } = await state(place);
    expect(participants.filter((each) => !each.isActive).map((each) => each.externalId)).toEqual(['s2', 's3', 's98']);
    expect(participants.map((each) => each.externalId)).not.toContain('s99');
    expect(groups.filter((each) => !each.isActive).map((each) => each.externalId)).toEqual(['class:m7b']);
    expect(groups).toHaveLength(6);
    expect(users.map((each) => [each.externalId, each.status])).toEqual([
      ['a1', 'invited'],
      ['t1', 'invited'],
      ['t2', 'disabled'],
    ]);
    const aide = users.find((each) => each.externalId === 'a1')!;
    expect(assignments.some((each) => each.user === aide.id)).toBe(false);
    expect(await daysIn(place)).toMatchObject({
      'e-s6': [day(-89), day(0)],
      'e-s7': [day(-89), day(-4)],
      'e-s8': [day(30), day(223)],
      'e-s9': [day(-89), day(223)],
    });
  });

  it('changes nothing when it comes again', async () => {
    const before = await state(place);
    const jobs = await delta(place, changes());
    expect(jobs.map(({ created, updated, failed }) => [created, updated, failed])).toEqual([
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(await state(place)).toEqual(before);
  });

  it('takes an enrolment that has not begun away whole, and enrols nobody in a class that is deactivated', async () => {
    const files = {
      enrollments: rosterFile('enrollments', [
        row('enrollments', 'e-s8', { beginDate: day(30), ...gone }),
        row('enrollments', 'e-s4', { sourcedId: 'e-new', userSourcedId: 's6' }),
      ]),
    };
    const [job] = await delta(place, files);
    expect(job).toMatchObject({ updated: 1, skipped: 1, errors: [{ field: 'group_external_id', code: 'inactive' }] });
    expect(await daysIn(place)).not.toHaveProperty('e-s8');
    // Undone, it is there again.
    const visitor = place.visitor.rosa!;
    expect((await visitor.post(`/api/imports/${job.id}/undo`)).status).toBe(200);
    await idle(world);
    expect(await daysIn(place)).toMatchObject({ 'e-s8': [day(30), day(223)] });
  });

  it('comes back when the file says so', async () => {
    const jobs = await run(place, rosterFiles(rosterRows()));
    expect(jobs.map((job) => job.failed)).toEqual([0, 0, 0, 0]);
    const { participants, users, assignments } = await state(place);
    expect(participants.filter((each) => !each.isActive).map((each) => each.externalId)).toEqual(['s98']);
    expect(users.map((each) => each.status)).toEqual(['invited', 'invited', 'invited']);
    expect(assignments).toHaveLength(3);
    expect(await daysIn(place)).toMatchObject({ 'e-s6': [day(-89), day(223)], 'e-s8': [day(-89), day(223)] });
  });

  it('stays disabled when a person did it, accepted or not', async () => {
    const visitor = place.visitor.rosa!;
    const { users } = await state(place);
    const teacher = users.find((each) => each.externalId === 't1')!;
    expect((await visitor.delete(`/api/admin/users/${teacher.id}`)).status).toBe(200);
    const [job] = await delta(place, { users: rosterFiles(rosterRows()).users! });
    expect(job).toMatchObject({ updated: 0, failed: 0 });
    const after = (await state(place)).users.find((each) => each.externalId === 't1')!;
    expect(after.status).toBe('disabled');
    await world.write(place, async (tx) => {
      (await tx.findOneOrFail(User, { id: teacher.id })).status = 'invited';
    });
  });

  it('with another address for somebody who was invited kills the link that went to the old one', async () => {
    const { users } = await state(place);
    const visitor = place.visitor.rosa!;
    const invite = async (name: string) => {
      const { id } = users.find((each) => each.externalId === name)!;
      return new URL((await visitor.post(`/api/admin/users/${id}/invitation`)).json.data.url).pathname;
    };
    const [moved, same] = [await invite('t1'), await invite('t2')];
    const [job] = await delta(place, {
      users: rosterFile('users', [row('users', 't1', { email: 'new.address@example.org' })]),
    });
    expect(job).toMatchObject({ updated: 1, failed: 0 });
    expect((await world.visitor().get(moved)).status).toBe(404);
    expect((await world.visitor().get(same)).status).toBe(200);
  });

  it('signs a teacher out who had accepted, and leaves accounts alone that are more than frontline', async () => {
    const [teacher, administrator] = await world.write(place, async (tx) => {
      const users = await tx.find(User, { externalId: { $in: ['t1', 't2'] } }, { orderBy: { externalId: 'asc' } });
      for (const each of users) Object.assign(each, { status: 'active', passwordHash: place.user.rosa!.passwordHash });
      users[1]!.role = 'administrator';
      return users;
    });
    const signedIn = await world.visitor().signIn(teacher!.email, 'correct horse battery');
    expect((await signedIn.get('/api/auth/me')).status).toBe(200);
    const [job] = await delta(place, {
      users: rosterFile('users', [row('users', 't1', gone), row('users', 't2', gone)]),
    });
    expect(job).toMatchObject({ updated: 1, skipped: 1, errors: [{ row: 3, code: 'kept' }] });
    expect((await signedIn.get('/api/auth/me')).status).toBe(401);
    const after = await world.read(place, (em) => em.findOneOrFail(User, { id: administrator!.id }));
    expect(after.status).toBe('active');
  });
});

describe('a delta of OneRoster 1.2', () => {
  it('knows people whose roles it does not hold, and says of whom it knows nothing', async () => {
    const place = await open();
    await run(place, rosterFiles(rosterRows(), '1.2'), { version: '1.2' });
    const base = { enabledUser: 'true', familyName: 'Renamed' };
    const users = rosterFile(
      'users',
      [
        { sourcedId: 's0', givenName: 'Kim0', identifier: 'ID-0', ...base },
        { sourcedId: 't1', givenName: 'Lena', email: 'lena.glover@example.net', ...base },
        { sourcedId: 'who', givenName: 'Who', ...base },
      ],
      '1.2',
    );
    const [job] = await delta(place, { users }, '1.2');
    expect(job).toMatchObject({ updated: 2, failed: 1, errors: [{ row: 4, field: 'role', code: 'required' }] });
    expect(job.errors[0].message).toContain('roles.csv');
    const after = await state(place);
    expect(after.participants[0]).toMatchObject({ externalId: 's0', lastName: 'Renamed' });
    expect(after.users.find((each) => each.externalId === 't1')!.lastName).toBe('Renamed');
    expect(after.participants.map((each) => each.externalId)).not.toContain('who');
  });

  it('takes the primary role that counts, and tells how many people the users do not hold', async () => {
    const place = await open();
    const person = { enabledUser: 'true', givenName: 'Sam', familyName: 'Role', email: 'sam@example.net' };
    const files = {
      users: rosterFile('users', [{ sourcedId: 'u1', username: 'sam', ...person }], '1.2'),
      roles: rosterFile(
        'roles',
        [
          { sourcedId: 'r1', userSourcedId: 'u1', roleType: 'secondary', role: 'teacher', orgSourcedId: 'north' },
          {
            sourcedId: 'r2',
            userSourcedId: 'u1',
            roleType: 'primary',
            role: 'student',
            orgSourcedId: 'north',
            beginDate: day(-800),
          },
          {
            sourcedId: 'r3',
            userSourcedId: 'u1',
            roleType: 'primary',
            role: 'aide',
            orgSourcedId: 'south',
            beginDate: day(-80),
          },
          {
            sourcedId: 'r4',
            userSourcedId: 'u1',
            roleType: 'primary',
            role: 'parent',
            beginDate: day(-8),
            status: 'tobedeleted',
          },
          { sourcedId: 'r5', userSourcedId: 'elsewhere', roleType: 'primary', role: 'student', orgSourcedId: 'north' },
        ],
        '1.2',
      ),
    };
    const [id] = await send(place, archiveForm(rosterArchive(files, { version: '1.2', mode: 'delta' })));
    const page = (await place.visitor.rosa!.get(`/import/${id}`)).body;
    expect(page).toContain('roles.csv names one person who is not in users.csv.');
    await start(place, [id!]);
    const { users, participants } = await state(place);
    expect(users).toMatchObject([{ externalId: 'u1', role: 'frontline', status: 'invited' }]);
    expect(participants).toHaveLength(0);
  });

  it('leaves courses and terms as they were when it does not hold them', async () => {
    const place = await open();
    await run(place, rosterFiles(rosterRows()));
    const classes = rosterRows().classes!.map((each) => ({ ...each, title: `${each.title} (new)` }));
    const empty = (file: string) => rosterFile(file, rosterRows()[file]!.slice(0, 1));
    await delta(place, {
      classes: rosterFile('classes', classes),
      courses: empty('courses'),
      academicSessions: empty('academicSessions'),
    });
    const { groups } = await state(place);
    const art = groups.find((each) => each.externalId === 'class:art')!;
    expect(art.name).toBe('Art (new)');
    expect(art.extraData).toMatchObject({ course: 'Art', terms: '2026/27', term_start: day(-89), term_end: day(223) });
    await delta(place, { classes: rosterFile('classes', classes) });
    expect((await state(place)).groups).toEqual(groups);
  });
});

describe('single files', () => {
  it('go in one by one; each says what it misses', async () => {
    const place = await open();
    const files = rosterFiles(rosterRows());
    const one = async (name: string) => (await start(place, await send(place, upload({ [name]: files[name]! }))))[0];
    expect(countsOf(await one('enrollments'))).toMatchObject({ total: 13, failed: 13 });
    const classes = await one('classes');
    expect(countsOf(classes)).toMatchObject({ failed: 3 });
    expect(classes.errors[0]).toMatchObject({ row: 2, field: 'parent_external_id', code: 'unknown' });
    expect(classes.errors[0].message).toContain('north');
    for (const name of ['orgs', 'classes', 'users', 'enrollments']) expect((await one(name)).failed).toBe(0);
    // Without the other files there are no terms, so the memberships are unbounded.
    expect(await daysIn(place)).toMatchObject({ 'e-s0': [day(-47), null], 'e-s2': ['1000-01-01', null] });
  });

  it('that are not imported by themselves are refused with a word; the others are taken', async () => {
    const place = await open();
    const files = rosterFiles(rosterRows());
    const form = upload({
      demographics: files.demographics!,
      academicSessions: files.academicSessions!,
      orgs: files.orgs!,
    });
    const answer = await place.visitor.rosa!.send('POST', '/import', form);
    expect(answer.status).toBe(422);
    expect(answer.body).toContain('demographics.csv');
    expect(answer.body).toContain('a file of OneRoster that is not imported by itself');
    expect(await world.read(place, (em) => em.find(Import, {}))).toMatchObject([{ kind: 'oneroster_orgs' }]);
  });

  it('may name a parent below the child, also when a single error shall stop everything', async () => {
    const place = await open();
    const visitor = place.visitor.rosa!;
    const [id] = await send(place, upload({ orgs: rosterFiles(rosterRows()).orgs! }));
    const body: [string, string][] = [
      ['ids', String(id)],
      ['on_error', 'abort'],
    ];
    expect((await visitor.form('/import/start', body)).status).toBe(303);
    await idle(world);
    expect(countsOf(await importOf(visitor, id!))).toMatchObject({ status: 'done', created: 3, failed: 0 });
  });

  it('enrol the record that stays, when one was merged', async () => {
    const place = await open();
    const visitor = place.visitor.rosa!;
    const { enrollments, ...others } = rosterFiles(rosterRows());
    await run(place, others);
    const { participants } = await state(place);
    const [gone, stays] = ['s4', 's5'].map((id) => participants.find((each) => each.externalId === id)!);
    const merged = await visitor.post(`/api/participants/${gone!.id}/merge`, { into_id: stays!.id });
    expect(merged.status).toBe(200);
    await start(place, await send(place, upload({ enrollments: enrollments! })));
    const { memberships } = await state(place);
    expect(memberships.some((each) => each.participant === gone!.id)).toBe(false);
    expect(memberships.filter((each) => each.participant === stays!.id)).toHaveLength(1);
  });

  it('an archive without anything needed is refused', async () => {
    const place = await open();
    const bytes = rosterArchive({ demographics: rosterFiles(rosterRows()).demographics! });
    const answer = await place.visitor.rosa!.send('POST', '/import', archiveForm(bytes));
    expect(answer.status).toBe(422);
    expect(answer.body).toContain('Nothing in this archive is needed');
  });

  it('lists of our own beside them, and files without rows, are no matter', async () => {
    const place = await open();
    const { orgs } = rosterFiles(rosterRows());
    const bytes = zip({
      'manifest.csv': 'propertyName,value\nfile.orgs,bulk\n',
      'orgs.csv': orgs!,
      'users.csv': rosterFile('users', []),
      'choirs.csv': 'group_name\nChoir\n',
    });
    const jobs = await start(place, await send(place, archiveForm(bytes)));
    expect(jobs.map((job) => job.kind)).toEqual(['oneroster_orgs', 'groups']);
    expect(jobs.map((job) => job.failed)).toEqual([0, 0]);
  });

  it('go through the REST door', async () => {
    const place = await open();
    const form = new FormData();
    form.set('file', new Blob([rosterFiles(rosterRows()).users!]), 'users.csv');
    form.set('mapping', JSON.stringify({ password: 'extra_data' }));
    const answer = await place.visitor.rosa!.send('POST', '/api/participants/bulk', form);
    expect(answer.status).toBe(202);
    await idle(world);
    expect(await importOf(place.visitor.rosa!, answer.json.data.id)).toMatchObject({
      kind: 'oneroster_users',
      created: 13,
    });
    // Not even by choosing so is a password kept.
    expect(JSON.stringify(await state(place))).not.toContain('hunter2');
  });
});

describe('rows with errors', () => {
  it('name the field of what is unknown or wrong', async () => {
    const place = await open();
    await run(place, rosterFiles(rosterRows()));
    const enrolled = (sourcedId: string, more: RosterRow): RosterRow => ({
      sourcedId,
      classSourcedId: 'm7b',
      schoolSourcedId: 'north',
      userSourcedId: 's0',
      role: 'student',
      ...more,
    });
    const files: OneRosterFiles = {
      orgs: rosterFile('orgs', [{ sourcedId: 'x', name: 'X', type: 'school', parentSourcedId: 'nowhere' }]),
      academicSessions: rosterFile('academicSessions', [
        { sourcedId: 'odd', title: 'Odd', type: 'term', startDate: '2026-02-30', endDate: day(3) },
      ]),
      courses: rosterFile('courses', rosterRows().courses!),
      classes: rosterFile('classes', [
        { sourcedId: 'c1', title: 'C1', courseSourcedId: 'latin', schoolSourcedId: 'north', termSourcedIds: 'odd' },
        { sourcedId: 'c2', title: 'C2', schoolSourcedId: 'north', termSourcedIds: 'odd,lost' },
        { sourcedId: 'c3', title: 'C3', schoolSourcedId: 'west', termSourcedIds: 'odd' },
        { sourcedId: 'c4', title: 'C4', schoolSourcedId: 'north', termSourcedIds: 'odd' },
      ]),
      users: rosterFile('users', [
        { sourcedId: 'n1', enabledUser: 'true', role: 'wizard', givenName: 'N', familyName: 'One' },
        { sourcedId: 'n2', enabledUser: 'perhaps', role: 'student', givenName: 'N', familyName: 'Two' },
        { sourcedId: 'n3', enabledUser: 'true', role: 'student', givenName: 'N', familyName: 'Three', status: 'lost' },
        {
          sourcedId: 'n4',
          enabledUser: 'true',
          role: 'teacher',
          givenName: 'N',
          familyName: 'Four',
          email: 'no address',
        },
      ]),
      enrollments: rosterFile('enrollments', [
        enrolled('n1', { classSourcedId: 'nowhere' }),
        enrolled('n2', { userSourcedId: 'nobody' }),
        enrolled('n3', { userSourcedId: 'nobody', role: 'teacher' }),
        enrolled('n4', { schoolSourcedId: 'west' }),
        enrolled('n5', { beginDate: '2026-02-30' }),
        enrolled('n6', { beginDate: day(2), endDate: day(1) }),
        enrolled('n7', { beginDate: day(2), endDate: day(2) }),
        enrolled('n8', { role: 'guardian' }),
        enrolled('n9', { userSourcedId: 't1', role: 'teacher', endDate: day(-2) }),
      ]),
    };
    const jobs = await run(place, files);
    const told = jobs.map((job) => job.errors.map(({ row, field, code }: any) => [row, field, code]));
    expect(told[0]).toEqual([[2, 'parent_external_id', 'unknown']]);
    expect(told[1]).toEqual([
      [2, 'course_id', 'unknown'],
      [3, 'term_ids', 'unknown'],
      [4, 'parent_external_id', 'unknown'],
    ]);
    // A term that begins on no day costs the day, not the class.
    expect(jobs[1].warnings).toMatchObject([{ row: 5, field: 'term_start', code: 'invalid' }]);
    expect(told[2]).toEqual([
      [2, 'role', 'invalid'],
      [3, 'enabled', 'invalid'],
      [4, 'status', 'invalid'],
      [5, 'email', 'invalid'],
    ]);
    expect(told[3]).toEqual([
      [2, 'group_external_id', 'unknown'],
      [3, 'user_external_id', 'unknown'],
      [4, 'user_external_id', 'unknown'],
      [5, 'school_external_id', 'unknown'],
      [6, 'begin_date', 'invalid'],
      [7, 'end_date', 'invalid'],
      [8, 'end_date', 'never'],
      [10, 'end_date', 'over'],
    ]);
    expect(countsOf(jobs[3])).toMatchObject({ failed: 6, skipped: 3, created: 0 });
  });

  it('and two enrolments in one class stay apart in time', async () => {
    const place = await open();
    await run(place, rosterFiles(rosterRows()));
    const again = (sourcedId: string, beginDate: string, endDate: string): RosterRow => ({
      sourcedId,
      classSourcedId: 'm7a',
      schoolSourcedId: 'north',
      userSourcedId: 's1',
      role: 'student',
      beginDate,
      endDate,
    });
    const files = {
      enrollments: rosterFile('enrollments', [
        again('back', day(-5), day(20)),
        again('twin', day(0), day(10)),
        again('clash', day(10), day(40)),
      ]),
    };
    const [job] = await delta(place, files);
    expect(countsOf(job)).toMatchObject({ created: 1, unchanged: 1, failed: 1 });
    expect(job.errors).toMatchObject([{ row: 4, field: 'begin_date', code: 'taken' }]);
    expect(await daysIn(place)).toMatchObject({ 'e-s1': [day(-89), day(-12)], back: [day(-5), day(19)] });
    expect(await registerOf(place, 'm7a', day(-8))).not.toContain('Kim1');
    expect(await registerOf(place, 'm7a', day(-4))).toContain('Kim1');
  });
});

describe('undoing', () => {
  it('takes back what an archive did, newest first, and what a delta ended goes on', async () => {
    const place = await open();
    const visitor = place.visitor.rosa!;
    const jobs = await run(place, rosterFiles(rosterRows()));
    const before = await state(place);
    const undo = async (id: number) => {
      expect((await visitor.post(`/api/imports/${id}/undo`)).status).toBe(200);
      await idle(world);
      return importOf(visitor, id);
    };
    const gone = (file: string, id: string) => ({
      ...rosterRows()[file]!.find((each) => each.sourcedId === id)!,
      status: 'tobedeleted',
    });
    const ends = await delta(place, {
      users: rosterFile('users', [gone('users', 's2'), gone('users', 't2')]),
      enrollments: rosterFile('enrollments', [gone('enrollments', 'e-s6'), gone('enrollments', 'e-t1')]),
    });
    for (const job of ends.reverse()) expect(await undo(job.id)).toMatchObject({ status: 'undone', kept: [] });
    const after = await state(place);
    const plain = ({ participants, users, memberships, assignments }: typeof before) => ({
      active: participants.map((each) => [each.externalId, each.isActive]),
      users: users.map((each) => [each.externalId, each.status]),
      memberships: memberships.map((each) => [each.participant, each.joinedOn, each.leftOn]),
      assignments: assignments.map((each) => `${each.user} ${each.group}`).sort(),
    });
    expect(plain(after)).toEqual(plain(before));

    for (const job of jobs.reverse()) expect(await undo(job.id)).toMatchObject({ status: 'undone', kept: [] });
    const last = await state(place);
    expect(last.memberships).toEqual([]);
    expect(last.assignments).toEqual([]);
    expect([...last.participants, ...last.groups].filter((each) => each.isActive)).toEqual([]);
    expect(last.users.every((each) => each.status === 'disabled')).toBe(true);
  });

  it('gives no membership back where there is another by now, or to somebody who was merged', async () => {
    const place = await open();
    await run(place, rosterFiles(rosterRows()));
    const gone = ['e-s6', 'e-s7'].map((id) => ({
      ...rosterRows().enrollments!.find((each) => each.sourcedId === id)!,
      status: 'tobedeleted',
    }));
    const [job] = await delta(place, { enrollments: rosterFile('enrollments', gone) });
    expect(job).toMatchObject({ updated: 2 });
    await world.write(place, async (tx) => {
      const of = async (externalId: string) => (await tx.findOneOrFail(Participant, { externalId })).id;
      const [again, merged, into] = [await of('s6'), await of('s7'), await of('s1')];
      const { group } = (await tx.find(GroupMembership, { participant: again }))[0]!;
      tx.create(GroupMembership, { group, participant: again, joinedOn: day(5), extraData: {} });
      Object.assign(await tx.findOneOrFail(Participant, { id: merged }), { isActive: false, mergedInto: into });
    });
    const before = (await state(place)).memberships;
    expect((await place.visitor.rosa!.post(`/api/imports/${job.id}/undo`)).status).toBe(200);
    await idle(world);
    const undone = await importOf(place.visitor.rosa!, job.id);
    expect(undone.kept.map(({ code }: any) => code).sort()).toEqual(['merged', 'taken']);
    expect((await state(place)).memberships).toEqual(before);
  });
});

describe('another organization', () => {
  it('with the same ids is neither found nor touched', async () => {
    const [own, foreign] = [await open(), await open()];
    await run(foreign, rosterFiles(rosterRows()));
    const before = await state(foreign);
    const [job] = await start(own, await send(own, upload({ enrollments: rosterFiles(rosterRows()).enrollments! })));
    expect(countsOf(job)).toMatchObject({ failed: 13 });
    const gone = rosterRows().users!.map((each) => ({ ...each, status: 'tobedeleted' }));
    const [users] = await delta(own, { users: rosterFile('users', gone) });
    expect(countsOf(users)).toMatchObject({ updated: 0, skipped: 16 });
    expect(await state(foreign)).toEqual(before);
    expect((await state(own)).participants).toEqual([]);
    expect(
      (await own.visitor.rosa!.get(`/import/${(await world.read(foreign, (em) => em.find(Import, {})))[0]!.id}`))
        .status,
    ).toBe(404);
  });
});
