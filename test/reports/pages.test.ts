import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GroupAssignment } from '../../src/participants/index.js';
import { Session } from '../../src/sessions/index.js';
import { World } from '../world.js';

let world: World;
let register: Awaited<ReturnType<World['addRegister']>>;
let other: Awaited<ReturnType<World['addRegister']>>;

beforeAll(async () => {
  world = await World.open();
  register = await world.addRegister(world.school, ['Ada Lovelace', 'Grace Hopper', 'Adam Riese']);
  other = await world.addRegister(world.school, ['Adele Secret']);
  // A session on each of the last seventy days.
  const first = register.session;
  await world.write(world.school, async (tx) => {
    for (let day = 1; day <= 70; day++) {
      const start = new Date(first.scheduledStartAt.getTime() - day * 86_400_000);
      const { group, name, status, extraData } = first;
      const scheduledEndAt = new Date(start.getTime() + 3_600_000);
      tx.create(Session, { group, name, status, extraData, scheduledStartAt: start, scheduledEndAt });
    }
    await tx.flush();
  });
  const sessions = await world.read(world.school, (em) => em.find(Session, { group: register.group.id }));
  for (const { id } of sessions) {
    const records = register.participants.map((person, at) => ({
      participant_id: person.id,
      presence_state: at === 0 ? 'absent' : 'present',
    }));
    expect((await world.ana.post('/api/presence', { session_id: id, records })).status).toBe(200);
  }
}, 120_000);
afterAll(() => world.close());

/** Where the parts of the picture lead. */
async function linksOf(page: string): Promise<string[]> {
  const { status, body } = await world.ana.get(page);
  expect([page, status]).toEqual([page, 200]);
  const svg = /<svg.*<\/svg>/s.exec(body.slice(body.indexOf('class="chart-box')))![0];
  return [...new Set([...svg.matchAll(/<a href="([^"]+)"/g)].map(([, href]) => href!.replaceAll('&amp;', '&')))];
}

describe('a picture', () => {
  it('leads to the rows behind each of its parts, with what the page was narrowed to', async () => {
    const links = await linksOf(`/reports/summary?group_id=${register.group.id}&presence_state=absent`);
    expect(links.length).toBeGreaterThan(5);
    for (const link of links) {
      expect(link).toMatch(/^\/reports\/summary\?/);
      const query = new URL(link, world.address).searchParams;
      expect([query.get('period'), query.get('group_id'), query.get('presence_state')]).toEqual([
        'session',
        String(register.group.id),
        'absent',
      ]);
      expect(query.get('from')).toBe(query.get('to'));
    }
    const { body } = await world.ana.get(links[0]!);
    expect(body).toContain(register.session.name);
  });

  it('leads to people over the time that it shows', async () => {
    const { from, to } = { from: '2020-01-01', to: '2029-01-01' };
    const [link] = await linksOf(`/reports/below-threshold?threshold=99&from=${from}&to=${to}`);
    const query = new URL(link!, world.address).searchParams;
    expect(link).toMatch(/^\/reports\/statement\?/);
    expect(Object.fromEntries(query)).toEqual({ participant_id: String(register.participants[0]!.id), from, to });
  });

  it('of many days is a map of the year, each day with its rate and its rows', async () => {
    const day = (at: number) => new Date(Date.now() - at * 86_400_000).toISOString().slice(0, 10);
    const page = `/reports/summary?group_id=${register.group.id}&from=${day(364)}&to=${day(-1)}`;
    const links = await linksOf(page);
    expect(links.length).toBeGreaterThanOrEqual(69);
    expect((await world.ana.get(page)).body).toContain('Attendance rate day by day');
    expect((await world.ana.get(links[3]!)).body).toContain(register.session.name);
    // The page of the group leads there.
    expect((await world.ana.get(`/groups/${register.group.id}`)).body).toContain(
      `/reports/summary?group_id=${register.group.id}&amp;from=`,
    );
  });

  it('of one person leads to his days', async () => {
    const person = register.participants[0]!.id;
    const links = await linksOf(`/reports/statement?participant_id=${person}`);
    expect(links.length).toBeGreaterThanOrEqual(69);
    expect(links[5]).toMatch(new RegExp(`^/reports/statement\\?from=([-\\d]+)&to=\\1&participant_id=${person}$`));
  });
});

describe('a picture of many', () => {
  it('is several, whose bars lead on; of more than forty the first are drawn, and the page says so', async () => {
    const many = Array.from({ length: 44 }, (_, at) => `Many Person${at}`);
    const { session, participants, group } = await world.addRegister(world.school, many);
    const records = participants.map(({ id }) => ({ participant_id: id, presence_state: 'absent' }));
    expect((await world.ana.post('/api/presence', { session_id: session.id, records })).status).toBe(200);
    const page = `/reports/below-threshold?group_id=${group.id}&from=2020-01-01&to=2029-01-01`;
    expect(await linksOf(page)).toHaveLength(20);
    const { body } = await world.ana.get(page);
    expect(body.split('<svg xmlns').length - 1).toBe(2);
    expect(body).toContain('>Attendance rate 11–20</title>');
    expect(body).toContain('The picture shows the first 20 rows of the table.');
    const ids = [...body.matchAll(/ id="(chart-[^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('a table', () => {
  const heads = (body: string) =>
    [...body.slice(body.indexOf('<thead>'), body.indexOf('</thead>')).matchAll(/<th [^>]*>([^<]*)/g)].map(
      ([, head]) => head,
    );

  it('has first what it is read for, leaves out what there is none of, and folds on a phone', async () => {
    const { body } = await world.ana.get('/reports/attendance?from=2020-01-01&to=2029-01-01');
    expect(heads(body)).toEqual(['Student', 'Identifier', 'Rate', 'Present', 'Late', 'Absent', 'Excused']);
    const { identifier } = register.participants[0]!;
    expect(body).toContain(`<small class="folded">${identifier}</small></th><td class="folds">${identifier}</td>`);
    const late = await world.ana.get(`/reports/absentees?group_id=${register.group.id}&from=2020-01-01&to=2029-01-01`);
    expect(heads(late.body).slice(0, 4)).toEqual(['Student', 'Identifier', 'State', 'Begins']);
  });

  it('of everybody and every session tells the day in each head, and all of it to whoever hears it', async () => {
    const today = new Date().toISOString().slice(0, 10);
    const page = `/reports/matrix?group_id=${register.group.id}&from=${today}&to=${today}`;
    const { body } = await world.ana.get(page);
    const start = register.session.scheduledStartAt;
    const as = (options: Intl.DateTimeFormatOptions) =>
      start.toLocaleString('en', { ...options, timeZone: world.school.organization.timeZone });
    expect(body).toContain(`<b aria-hidden="true">${as({ day: 'numeric' })}</b>`);
    expect(body).toContain(`<span aria-hidden="true">${as({ month: 'short' })}</span>`);
    expect(body).toMatch(new RegExp(`<span class="sr-only">${as({ dateStyle: 'full' })}, \\d\\d:\\d\\d · `));
  });
});

describe('a filter that is refused', () => {
  it('is told once, at its field', async () => {
    const { status, body } = await world.ana.get('/reports/attendance?from=2026-11-20&to=2026-11-01');
    expect(status).toBe(422);
    expect(body.split('The beginning lies after the end.')).toHaveLength(2);
    expect(body).toMatch(/name="from"[^>]* aria-describedby="from-error" aria-invalid="true"/);
    expect(body).toContain('id="from-error"');
  });

  it('is told above where the form has no such field', async () => {
    const { body } = await world.ana.get('/reports/attendance?from=2026-11-01&to=2026-11-20&participant_id=abc');
    expect(body).toMatch(/class="problem" role="alert"/);
  });
});

describe('a statement that was asked without a person', () => {
  it('is found by a part of the name, with the days that were chosen', async () => {
    const { body } = await world.ana.get('/reports/statement?who=ada&from=2026-01-01&to=2026-12-31');
    for (const person of [register.participants[0]!, register.participants[2]!])
      expect(body).toContain(`/reports/statement?from=2026-01-01&amp;to=2026-12-31&amp;participant_id=${person.id}`);
    expect(body).not.toContain(`participant_id=${register.participants[1]!.id}`);
    expect(body).toMatch(/name="who"[^>]*value="ada"/);
    // Two of one name are told apart by their groups.
    expect(body).toContain(`<span>${register.group.name}</span>`);
  });

  it('says that nobody fits', async () => {
    const { status, body } = await world.ana.get('/reports/statement?who=zzz%3Cb%3E');
    expect([status, body.includes('zzz&lt;b&gt;'), body.includes('Nobody fits')]).toEqual([200, true, true]);
    expect((await world.ana.get(`/reports/statement?who=${'x'.repeat(300)}`)).body).toContain('Nobody fits');
    for (const who of ['', '%20'])
      expect((await world.ana.get(`/reports/statement?who=${who}`)).body).toContain('this report is about one.');
  });

  it('names nobody of groups that somebody does not work with', async () => {
    await world.ana.put('/api/admin/domain-config', { settings: { frontline_groups: 'assigned' } });
    await world.write(world.school, (tx) => {
      tx.create(GroupAssignment, { user: world.school.user.bruno!.id, group: register.group.id });
    });
    const { body } = await world.bruno.get('/reports/statement?who=ad');
    expect([body.includes('Lovelace'), body.includes('Secret')]).toEqual([true, false]);
    expect((await world.ana.get('/reports/statement?who=ad')).body).toContain('Secret');
    expect(other.participants).toHaveLength(1);
  });
});
