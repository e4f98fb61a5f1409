import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { User } from '../../src/auth/index.js';
import { Group, GroupAssignment, GroupMembership, Participant } from '../../src/participants/index.js';
import { cleverLike, realClever, type CleverFiles } from '../support/clever-files.js';
import { addsUp, countsOf, idle, idsOn, importOf, upload } from '../support/imports.js';
import { type Place, World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const KINDS = [
  'clever_schools',
  'clever_teachers',
  'clever_sections',
  'clever_students',
  'clever_enrollments',
] as const;

/** All five through the upload page in one go, whatever their order, then started together. */
async function importAll(place: Place, files: Partial<CleverFiles>): Promise<any[]> {
  const visitor = Object.values(place.visitor)[0]!;
  const names = Object.keys(files).reverse() as (keyof CleverFiles)[];
  const sent = await visitor.post('/import', upload(Object.fromEntries(names.map((name) => [name, files[name]!]))));
  expect(sent.status).toBe(303);
  const page = await visitor.get(sent.headers.get('location')!);
  const ids = names.length === 1 ? [Number(sent.headers.get('location')!.split('/').at(-1))] : waitingOn(page.body);
  for (const id of ids) expect((await visitor.get(`/import/${id}`)).status).toBe(200);
  expect(
    (
      await visitor.form(
        '/import/start',
        ids.map((id): [string, string] => ['ids', String(id)]),
      )
    ).status,
  ).toBe(303);
  await idle(world);
  return Promise.all(ids.map((id) => importOf(visitor, id)));
}

const waitingOn = (html: string) => [...html.matchAll(/name="ids" value="(\d+)"/g)].map((match) => Number(match[1]));

async function countIn(place: Place) {
  return world.read(place, async (em) => ({
    participants: await em.count(Participant, { isActive: true }),
    schools: await em.count(Group, { groupType: 'school', isActive: true }),
    sections: await em.count(Group, { groupType: 'class', isActive: true }),
    memberships: await em.count(GroupMembership, {}),
    invited: await em.count(User, { status: 'invited', role: 'frontline', passwordHash: null }),
    assignments: await em.count(GroupAssignment, {}),
  }));
}

describe('Clever’s five files, through the pages', () => {
  it('go in together, in the right order, and nothing is dropped silently', async () => {
    const place = await world.openPlace('Clever Small', 'education', 'America/New_York', { dora: 'administrator' });
    const jobs = await importAll(place, cleverLike());
    expect(jobs.map((job) => job.kind)).toEqual(KINDS);
    expect(jobs.map(countsOf)).toMatchObject([
      { status: 'done', total: 2, created: 2 },
      { status: 'done', total: 3, created: 2, skipped: 1 },
      { status: 'done', total: 3, created: 3 },
      { status: 'done', total: 12, created: 12 },
      { status: 'done', total: 15, created: 15 },
    ]);
    expect(jobs.every(addsUp)).toBe(true);
    expect(jobs[1].errors).toMatchObject([{ row: 4, field: 'email', code: 'required' }]);
    // A birthday that does not exist costs the date, not the person; and it is told so.
    expect(jobs[3].warnings).toMatchObject([{ row: 9, field: 'date_of_birth', code: 'invalid' }]);
    expect(jobs[3].warnings[0].message).toContain('The row is taken');
    expect(await countIn(place)).toEqual({
      participants: 12,
      schools: 2,
      sections: 3,
      memberships: 15,
      invited: 2,
      assignments: 3,
    });
    await world.read(place, async (em) => {
      const section = await em.findOneOrFail(Group, { externalId: 'section:583' });
      const school = await em.findOneOrFail(Group, { externalId: 'school:13K123' });
      expect([section.parent, section.groupType, school.name]).toEqual([
        school.id,
        'class',
        'Pineapple Elementary School',
      ]);
      const person = await em.findOneOrFail(Participant, { externalId: '1007' });
      expect(person).toMatchObject({ identifier: '1007', dateOfBirth: null, email: 'pupil7@example.org' });
      expect(person.extraData).not.toHaveProperty('race');
    });

    const again = await importAll(place, cleverLike());
    expect(again.map((job) => [job.unchanged, job.skipped])).toEqual([
      [2, 0],
      [2, 1],
      [3, 0],
      [12, 0],
      [15, 0],
    ]);
    const visitor = Object.values(place.visitor)[0]!;
    const page = await visitor.get(`/import/${again[3].id}`);
    expect(page.body).toContain('Everything in this file was here already');
  });

  it('go in one by one in any order; rows that come too early say what to import first', async () => {
    const place = await world.openPlace('Clever Upside Down', 'education', 'America/New_York', {
      dina: 'administrator',
    });
    const files = cleverLike();
    const [early] = await importAll(place, { enrollments: files.enrollments });
    expect(countsOf(early)).toMatchObject({ status: 'done', total: 15, failed: 15 });
    expect(early.errors[0].message).toContain('Import the students first');
    const [sections] = await importAll(place, { sections: files.sections });
    expect(countsOf(sections)).toMatchObject({ failed: 3 });
    expect(sections.errors[0].message).toContain('schools first');
    for (const name of ['students', 'schools', 'sections'] as const) await importAll(place, { [name]: files[name] });
    expect(await countIn(place)).toMatchObject({ assignments: 0, sections: 3 });
    // Teachers after their sections are assigned all the same.
    await importAll(place, { teachers: files.teachers });
    await importAll(place, { enrollments: files.enrollments });
    expect(await countIn(place)).toEqual({
      participants: 12,
      schools: 2,
      sections: 3,
      memberships: 15,
      invited: 2,
      assignments: 3,
    });
  });

  const real = realClever();
  if (!real) console.error('The real Clever files are not beside this repository: their test is skipped.');
  (real ? it : it.skip)('as a real district exports them', async () => {
    const place = await world.openPlace('Clever District', 'education', 'America/New_York', { dave: 'administrator' });
    const jobs = await importAll(place, real!);
    expect(jobs.map((job) => job.kind)).toEqual(KINDS);
    expect(jobs.every(addsUp)).toBe(true);
    expect(jobs.map((job) => [job.total, job.failed])).toEqual([
      [3, 0],
      [89, 0],
      [379, 0],
      [1004, 0],
      [8971, 0],
    ]);
    const counts = await countIn(place);
    expect(counts).toMatchObject({ participants: 1004, schools: 3, sections: 379, memberships: 8971 });
    const [, teachers, , students] = jobs;
    expect(counts.invited + teachers.skipped).toBe(89);
    expect(teachers.errors).toHaveLength(teachers.skipped);
    expect(students.warnings).toMatchObject([{ row: 525, field: 'date_of_birth' }]);
    expect(await world.read(place, (em) => em.count(Group, { groupType: 'class', parent: null }))).toBe(0);
    const again = await importAll(place, real!);
    expect(again.map((job) => [job.created, job.updated])).toEqual(again.map(() => [0, 0]));
    expect(again[3].unchanged).toBe(1004);
  });

  it('shows a page for each', async () => {
    const visitor = Object.values(
      world.places.find((place) => place.organization.name === 'Clever Small')!.visitor,
    )[0]!;
    const list = await visitor.get('/import');
    const ids = idsOn(list);
    expect(ids.length).toBeGreaterThanOrEqual(10);
    for (const id of ids) expect((await visitor.get(`/import/${id}`)).status).toBe(200);
  });
});
