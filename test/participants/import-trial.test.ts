import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GroupMembership, Group, Participant } from '../../src/participants/index.js';
import { User } from '../../src/auth/index.js';
import { bulk, countsOf, idle, importList, importOf } from '../support/imports.js';
import { day, rosterArchive, rosterFiles, rosterRows } from '../support/oneroster-files.js';
import { type Visitor } from '../support/visitor.js';
import { World } from '../world.js';

let world: World;
let ana: Visitor;
beforeAll(async () => {
  world = await World.open();
  ana = world.ana;
});
afterAll(() => world.close());

const idOf = (address: string | null) => Number(address!.split('/').at(-1));

/** Uploads a file on the page. @returns its id */
async function uploaded(csv: string, name = 'list.csv'): Promise<number> {
  const form = new FormData();
  form.append('files', new Blob([csv]), name);
  return idOf((await ana.send('POST', '/import', form)).headers.get('location'));
}

/** What an import says that it did or would do, without what differs from run to run. */
async function told(id: number) {
  const job = await importOf(ana, id);
  const changes = (await ana.get(`/api/imports/${id}/changes?per_page=500`)).json;
  return {
    counts: countsOf(job),
    records: job.records,
    errors: job.errors,
    warnings: job.warnings,
    // Called by its new name afterwards; and what a trial imagines has no id yet.
    changes: changes.data.map(({ name: _name, record_id: _id, ...change }: any) => change),
    changed: changes.meta.total,
  };
}

async function start(id: number, fields: Record<string, string> = {}): Promise<void> {
  const answer = await ana.form('/import/start', { ids: String(id), ...fields });
  expect([answer.status, answer.headers.get('location')]).toEqual([303, `/import/${id}`]);
  await idle(world);
}

const rowsIn = () =>
  world.read(world.school, async (em) => ({
    people: await em.count(Participant, {}),
    groups: await em.count(Group, {}),
    memberships: await em.count(GroupMembership, {}),
    users: await em.count(User, {}),
  }));

/** Tries the file, then imports it. Both must tell the same. */
async function triedAndDone(file: string | number, fields: Record<string, string> = {}) {
  const id = typeof file === 'string' ? await uploaded(file) : file;
  const before = await rowsIn();
  await start(id, { ...fields, dry_run: 'true' });
  const trial = await told(id);
  expect(await rowsIn()).toEqual(before);
  await start(id, fields);
  const real = await told(id);
  expect(trial).toEqual(real);
  return real;
}

const many = (count: number, row: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => row(at)).join('\n');

describe('a trial run tells exactly what the import then does', () => {
  it('with a list of people: new, changed, unchanged and wrong ones, and the groups they are put into', async () => {
    await importList(
      world,
      ana,
      'participants',
      `identifier,external_id,first_name,last_name,phone,group,Shoe\n${many(150, (at) => `T${at},X${at},First${at},Last,1,Form ${at % 5},${at}`)}\n`,
    );
    const csv = `identifier,external_id,first_name,last_name,phone,group,Shoe\n${many(900, (at) => {
      if (at % 90 === 7) return `T${at},X${at},,Last,1,,`;
      if (at % 7 === 0) return `T${at},X${at},New${at},Last,,Form ${at % 5}; Choir ${at % 30},${at + 1}`;
      return `T${at},X${at},First${at},Last,1,Form ${at % 5},${at}`;
    })}\n`;
    const { counts, records, changes } = await triedAndDone(csv);
    expect(counts).toMatchObject({ total: 900, failed: 10, created: 742 });
    expect(records.groups).toEqual({ created: 30, updated: 0, removed: 0 });
    expect(records.group_memberships).toEqual({ created: 869, updated: 0, removed: 0 });
    expect(changes.find((each: any) => each.row === 16)).toEqual({
      row: 16,
      table: 'participants',
      changes: expect.arrayContaining([
        { field: 'first_name', before: 'First14', after: 'New14' },
        { field: 'phone', before: '1', after: null },
        { field: 'extra_data.Shoe', before: '14', after: '15' },
      ]),
    });
  }, 60_000);

  it('when two rows of one file are about the same person, however far they lie apart', async () => {
    await importList(
      world,
      ana,
      'participants',
      'identifier,external_id,first_name,last_name\nD1,DX1,Old,Name\nD2,DX2,Old,Name\n',
    );
    const filler = many(700, (at) => `DF${at},DFX${at},F,${at}`);
    const csv = `identifier,external_id,first_name,last_name\nD1,,New,Name\nD2,,New,Name\n,DX2,New,Name\n${filler}\n,DX1,New,Name\n`;
    const { counts } = await triedAndDone(csv);
    // An empty cell takes the external id away, so its next row is about somebody new.
    expect(counts).toMatchObject({ created: 702, updated: 2 });
  }, 60_000);

  it('when both records of a person who was merged are in one file', async () => {
    const made = await importList(
      world,
      ana,
      'participants',
      'identifier,external_id,first_name,last_name\nMG1,MGX1,Old,Name\nMG2,MGX2,Old,Name\n',
    );
    expect(countsOf(made)).toMatchObject({ created: 2 });
    const [from, into] = await world.read(world.school, (em) =>
      em.find(Participant, { identifier: { $in: ['MG1', 'MG2'] } }, { orderBy: { identifier: 'asc' } }),
    );
    expect((await ana.post(`/api/participants/${from!.id}/merge`, { into_id: into!.id })).status).toBe(200);
    const filler = many(600, (at) => `MGF${at},MGFX${at},F,${at}`);
    const csv = `identifier,external_id,first_name,last_name\nMG1,MGX1,New,Name\n${filler}\nMG2,MGX2,New,Name\n`;
    const { counts } = await triedAndDone(csv);
    expect(counts).toMatchObject({ created: 600, updated: 1, unchanged: 1 });
  }, 60_000);

  it('with groups that several rows make, move and rename, and that wake up', async () => {
    await importList(
      world,
      ana,
      'participants',
      `identifier,first_name,last_name\n${many(650, (at) => `M${at},M,${at}`)}\n`,
    );
    await importList(world, ana, 'groups', 'group_external_id,group_name\nW1,Sleeps\nW2,Stays\nW3,Other\n');
    const asleep = await world.read(world.school, (em) => em.findOneOrFail(Group, { externalId: 'W1' }));
    expect((await ana.delete(`/api/groups/${asleep.id}`)).status).toBe(200);
    const members = many(650, (at) => `W1,Sleeps,,,M${at}`);
    const csv = `group_external_id,group_name,group_type,parent_external_id,participant_identifier\nN1,New one,class,N2,M1\nN1,New two,,,M2\n${members}\n${members}\nN1,New three,club,W2,M3\n,New three,,,M1\nN2,Parent,,,\nW3,Other renamed,,,M4\n,Other renamed,,,M2\n,other RENAMED,,N2,M5\n`;
    const { counts, records } = await triedAndDone(csv);
    expect(counts.failed).toBe(0);
    expect(records.groups.created).toBe(2);
    expect(counts.updated + counts.created + counts.unchanged).toBe(counts.total);
  }, 60_000);

  it('with Clever’s files: sections with their teachers, and memberships given twice', async () => {
    await triedAndDone('School_id,School_name\nS1,Lower School\n');
    await triedAndDone(
      `School_id,Section_id,Teacher_id,Name\n${many(620, (at) => `S1,C${at},TE${at % 9},Class ${at}`)}\n`,
    );
    const { records } = await triedAndDone(
      `School_id,Teacher_id,Teacher_email,First_name,Last_name\n${many(9, (at) => `S1,TE${at},te${at}@school.example,T,${at}`)}\n`,
    );
    expect(records.users).toEqual({ created: 9, updated: 0, removed: 0 });
    expect(records.group_assignments.created).toBe(620);
    await triedAndDone(`School_id,Student_id,Last_name,First_name\n${many(50, (at) => `S1,ST${at},L,${at}`)}\n`);
    const enrolled = many(560, (at) => `S1,ST${at % 50},C${at}`);
    const { counts } = await triedAndDone(`School_id,Student_id,Section_id\n${enrolled}\n${enrolled}\nS1,ST1,C9999\n`);
    expect(counts).toMatchObject({ created: 560, unchanged: 560, failed: 1 });
  }, 90_000);

  it('with an archive of OneRoster, and with what one says later of who left', async () => {
    const tried = async (files: Record<string, string>, mode: 'bulk' | 'delta') => {
      const form = new FormData();
      form.append('files', new Blob([rosterArchive(files, { mode }) as never]), 'roster.zip');
      expect((await ana.send('POST', '/import', form)).status).toBe(303);
      const waiting = [...(await ana.get('/import')).body.matchAll(/name="ids" value="(\d+)"/g)];
      const results = [];
      for (const [, id] of waiting) results.push(await triedAndDone(Number(id)));
      return results;
    };
    const rows = rosterRows();
    const [, , users, enrollments] = await tried(rosterFiles(rows), 'bulk');
    expect(users!.records).toMatchObject({ participants: { created: 10 }, users: { created: 3 } });
    expect(enrollments!.records.group_memberships.created).toBeGreaterThan(5);
    const gone = { status: 'tobedeleted' };
    const later = rosterFiles({
      classes: rows.classes!.slice(0, 1).map((row) => ({ ...row, ...gone })),
      users: rows.users!.map((row, at) => (at % 2 ? { ...row, ...gone } : { ...row, givenName: 'Renamed' })),
      enrollments: rows.enrollments!.map((row, at) => (at % 3 ? { ...row, ...gone } : { ...row, beginDate: day(-2) })),
    });
    const [classes, changed, left] = await tried(later, 'delta');
    expect(classes!.records.groups).toEqual({ created: 0, updated: 1, removed: 0 });
    expect(changed!.records.participants.updated).toBeGreaterThan(5);
    expect(left!.records.group_memberships.updated).toBeGreaterThan(3);
  }, 60_000);

  it('when everything or nothing shall be taken', async () => {
    const bad = await triedAndDone('identifier,first_name,last_name,group\nZ1,Al,Right,Zed\nZ2,,Wrong,Zed\n', {
      on_error: 'abort',
    });
    expect(bad.counts).toMatchObject({ status: 'failed', created: 0, skipped: 1, failed: 1 });
    const good = await triedAndDone('identifier,first_name,last_name,group\nZ1,Al,Right,Zed\n', { on_error: 'abort' });
    expect(good.counts).toMatchObject({ status: 'done', created: 1 });
    expect(good.records).toMatchObject({ groups: { created: 1 }, group_memberships: { created: 1 } });
  });
});

describe('before anything is written', () => {
  it('the page shows the same: counts by kind of record, and old and new values', async () => {
    await importList(world, ana, 'participants', 'identifier,first_name,last_name,is_active\nP1,Pia,Old,yes\n');
    const csv = 'identifier,first_name,last_name,is_active,group\nP1,Pia,New,no,Page Form\nP2,Pam,Made,yes,Page Form\n';
    const id = await uploaded(csv, 'page.csv');
    const page = (await ana.get(`/import/${id}`)).body;
    const rows = [...page.matchAll(/<tr>.*?<\/tr>/gs)].map(([row]) =>
      row
        .replace(/<\/t[dh]>/g, '|')
        .replace(/<span class="hint block">/g, ' · ')
        .replace(/<[^>]+>/g, '')
        .trim(),
    );
    expect(rows).toContain('Students|1|1|');
    expect(rows).toContain('Classes|1|0|');
    expect(rows).toContain('Memberships|2|0|');
    expect(rows).toContain('2|Pia Old · Last name|Old|New|');
    expect(rows).toContain('2|Pia Old · Active|Yes|No|');
    await start(id);
    const after = (await ana.get(`/import/${id}`)).body;
    expect(after).toContain('What was changed');
    expect(after).toContain('Pia New');
  });

  it('a long file is looked at by the worker; then it can be started, or its columns be changed', async () => {
    const csv = `identifier,first_name,last_name\n${many(10_050, (at) => `LONG${at},L,${at}`)}\n`;
    const id = await uploaded(csv, 'long.csv');
    const page = (await ana.get(`/import/${id}`)).body;
    expect(page).toContain('Looked at the first 10,000 rows');
    expect(page).toContain('Only look at every row');
    await start(id, { dry_run: 'true' });
    const trial = (await ana.get(`/import/${id}`)).body;
    expect(trial).toContain('Trial run: nothing was written');
    expect(trial).toContain('would be new');
    expect(await importOf(ana, id)).toMatchObject({ dry_run: true, created: 10_050, processed: 10_050 });
    expect((await ana.form(`/import/${id}/wait`, {})).headers.get('location')).toBe(`/import/${id}`);
    expect((await ana.get(`/import/${id}`)).body).toContain('Look again with this');
    expect(await importOf(ana, id)).toMatchObject({ status: 'preview', dry_run: false, created: 0 });
    expect((await ana.form(`/import/${id}/discard`, {})).status).toBe(303);
  }, 60_000);

  it('an import that wrote something does not wait again', async () => {
    const { json } = await ana.post('/api/participants/bulk', bulk('identifier,first_name,last_name\nQ9,Q,Nine\n'));
    await idle(world);
    expect((await ana.form(`/import/${json.data.id}/wait`, {})).status).toBe(409);
    expect((await ana.form('/import/start', { ids: String(json.data.id) })).status).toBe(409);
    expect((await world.bruno.form(`/import/${json.data.id}/wait`, {})).status).toBe(403);
    expect((await world.clara.form(`/import/${json.data.id}/wait`, {})).status).toBe(404);
    expect((await world.clara.get(`/api/imports/${json.data.id}/changes`)).status).toBe(404);
  });
});
