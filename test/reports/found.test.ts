/** Faults that were found by reading and by attack, one test each. */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AbstractSqlConnection } from '@mikro-orm/sql';
import sharp from 'sharp';
import { yearMap } from '../../src/reports/charts/index.js';
import { GroupMembership } from '../../src/participants/index.js';
import { Export } from '../../src/reports/index.js';
import { exported, exportFile, fetchFile, ownFolder, rowsOf } from '../support/exports.js';
import { readPdf } from '../support/pdf-text.js';
import { World } from '../world.js';

let world: World;
const own = ownFolder();
beforeAll(async () => {
  world = await World.open({ config: { dataFolder: own.dataFolder } });
}, 60_000);
afterAll(async () => {
  await world?.close();
  own.remove();
});

type Register = Awaited<ReturnType<World['addRegister']>>;
const HOUR = 3_600_000;

/** A register whose people are marked so, in their order. */
async function marked(states: string[], start?: Date): Promise<Register> {
  const made = await world.addRegister(world.school, states.length);
  const session = start
    ? await world.addSession(world.school, made.group, {
        scheduledStartAt: start,
        scheduledEndAt: new Date(+start + HOUR),
      })
    : made.session;
  const records = states.map((state, at) => ({
    participant_id: made.participants[at]!.id,
    presence_state: state,
    ...(start && { arrived_at: null }),
  }));
  expect((await world.ana.post('/api/presence', { session_id: session.id, records })).status).toBe(200);
  return { ...made, session };
}
const json = async (path: string) => (await world.ana.get(path)).json;
const run = (sql: string) => (world.orm.em.getConnection() as AbstractSqlConnection).execute(sql);

async function pdf(path: string, by = world.ana): Promise<{ status: number; text: string }> {
  const response = await fetch(by.address + path, { headers: { cookie: by.cookieHeader } });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, text: response.ok ? (await readPdf(bytes)).text : bytes.toString('utf8') };
}

describe('reporting periods', () => {
  const put = (reporting_periods: object[]) =>
    world.ana.put('/api/admin/domain-config', { settings: { reporting_periods } });

  it('of one name are two, each with its own days and figures', async () => {
    const { group } = await marked(['present', 'absent'], new Date('2024-10-07T09:00:00Z'));
    const later = await world.addSession(world.school, group, {
      scheduledStartAt: new Date('2025-10-06T09:00:00Z'),
      scheduledEndAt: new Date('2025-10-06T10:00:00Z'),
    });
    const [person] = (await json(`/api/groups/${group.id}/members`)).data;
    const mark = { session_id: later.id, participant_id: person.id ?? person.participant_id, presence_state: 'absent' };
    expect((await world.ana.post('/api/presence', mark)).status).toBe(201);
    const term = (year: number) => ({ name: 'Autumn', from: `${year}-09-01`, to: `${year}-12-20` });
    expect((await put([term(2024), term(2025)])).status).toBe(200);
    const asked = `group_id=${group.id}&period=term&from=2024-01-01&to=2025-12-31`;
    const rows = (await json(`/api/reports/summary?${asked}`)).data;
    expect(rows.map((row: any) => [row.period, row.from, row.sessions, row.absent])).toEqual([
      ['Autumn', '2024-09-01', 1, 1],
      ['Autumn', '2025-09-01', 1, 1],
    ]);
    const rates = (await json(`/api/reports/attendance?by=group&${asked}`)).data;
    expect(rates.map((row: any) => [row.from, row.present, row.absent])).toEqual([
      ['2024-09-01', 1, 1],
      ['2025-09-01', 0, 1],
    ]);
  });

  it('never share a day, by either door', async () => {
    const periods = [
      { name: 'Spring', from: '2026-03-01', to: '2026-05-31' },
      { name: 'May', from: '2026-05-31', to: '2026-06-30' },
    ];
    const { status, json: answer } = await put(periods);
    expect([status, answer.errors[0].message]).toEqual([422, expect.stringContaining('share a day')]);
    const fields = periods.flatMap(({ name, from, to }, at) => [
      [`name_${at}`, name],
      [`from_${at}`, from],
      [`to_${at}`, to],
    ]);
    const page = await world.ana.post(
      '/settings/reporting-periods',
      new URLSearchParams(Object.fromEntries(fields) as Record<string, string>),
    );
    expect([page.status, page.body.includes('href="#f-from_1"')]).toEqual([422, true]);
    expect(page.body).toContain('This day belongs to “Spring” already.');
  });
});

describe('a file', () => {
  it('is not made of sessions that stand on another day since', async () => {
    const { group, session } = await marked(['present']);
    const filters = { group_id: group.id };
    const asked = (await json(`/api/reports/summary?group_id=${group.id}`)).data;
    // As right after a change of the time zone, before the job has come to this session.
    await run(`update session_days set time_zone = 'Etc/GMT+5' where session_id = ${session.id}`);
    const job = await exportFile(world, world.ana, 'summary', { format: 'csv', filters });
    const rows = rowsOf((await fetchFile(world.ana, job)).text);
    expect(rows.map((row) => row.period)).toEqual(asked.map((row: any) => row.period));
    const days = await run(`select time_zone from session_days where session_id = ${session.id}`);
    expect(days).toEqual([{ time_zone: 'Europe/Paris' }]);
  });

  it('of marks by session is had, as the contract names it', async () => {
    const { group } = await marked(['present', 'late']);
    const job = await exportFile(world, world.ana, 'attendance', {
      format: 'csv',
      filters: { period: 'session', group_id: group.id },
    });
    expect([job.status, rowsOf((await fetchFile(world.ana, job)).text).length]).toEqual(['done', 2]);
  });

  it('that can never be made is refused before anybody waits for it, and says what is missing', async () => {
    for (const [body, field, words] of [
      [{ report: 'statement', format: 'pdf' }, 'participant_id', /Choose a /],
      [{ report: 'register', format: 'csv', filters: { session_id: 1 } }, 'format', /had as PDF/],
      [{ report: 'not-taken', filters: { participant_id: 1 } }, 'participant_id', /no such filter/],
    ] as const) {
      const { status, json: answer } = await world.ana.post('/api/reports/exports', body);
      expect([status, answer.errors[0].field]).toEqual([422, field]);
      expect(answer.errors[0].message).toMatch(words);
    }
    const page = await world.ana.get('/api/reports/not-taken?presence_state=late');
    expect([page.status, page.json.errors[0].field]).toEqual([422, 'presence_state']);
  });

  it('needs the right to export, whatever its form', async () => {
    const { token } = (
      await world.ana.post('/api/account/tokens', {
        name: 'Looks only',
        scopes: ['report.view'],
        expires_at: new Date(Date.now() + 86_400_000).toISOString(),
      })
    ).json.data;
    const ask = (format: string) =>
      fetch(`${world.address}/api/reports/summary?format=${format}`, { headers: { authorization: `Bearer ${token}` } });
    const statuses = await Promise.all(['json', 'csv', 'xlsx', 'pdf'].map(async (each) => (await ask(each)).status));
    expect(statuses).toEqual([200, 403, 403, 403]);
  });
});

describe('figures', () => {
  it('put nobody below a threshold who is exactly on it', async () => {
    const group = await world.addGroup(world.school, 'One person');
    const [one] = await world.addParticipants(world.school, ['Exactly There'], group);
    const first = one!.id;
    for (let at = 0; at < 100; at++) {
      const start = new Date(Date.now() - at * HOUR);
      const session = await world.addSession(world.school, group, {
        scheduledStartAt: start,
        scheduledEndAt: new Date(+start + HOUR / 2),
      });
      const mark = {
        session_id: session.id,
        participant_id: first,
        presence_state: at < 29 ? 'present' : 'absent',
      };
      expect((await world.ana.post('/api/presence', mark)).status).toBe(201);
    }
    const rate = (await json(`/api/reports/attendance?participant_id=${first}`)).data[0];
    expect([rate.present, rate.absent]).toEqual([29, 71]);
    const below = async (threshold: number) =>
      (await json(`/api/reports/below-threshold?threshold=${threshold}&participant_id=${first}`)).data.length;
    expect([await below(29), await below(30)]).toEqual([0, 1]);
  }, 60_000);

  it('are told for ranges before and after everything', async () => {
    for (const query of ['period=day&to=2019-12-30', 'period=month&from=2099-01-01', 'period=week&from=2031-01-01']) {
      const { data, meta } = await json(`/api/reports/attendance?${query}`);
      expect([data, meta.total]).toEqual([[], 0]);
    }
    const ahead = new Date(Date.now() + 10 * 86_400_000);
    const { group } = await marked(['excused'], ahead);
    const from = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10);
    const { data, meta } = await json(`/api/reports/attendance?period=day&from=${from}&group_id=${group.id}`);
    expect([data.length, data[0].excused, meta.totals.excused]).toEqual([1, 1, 1]);
  });

  it('of a printed register count each state once, whatever domains the organization had', async () => {
    const { session } = await marked(['absent', 'late', 'late']);
    expect((await world.ana.put('/api/admin/domain-config', { domain_type: 'corporate' })).status).toBe(200);
    const { text } = await pdf(`/api/reports/register?session_id=${session.id}`);
    expect(text).toContain('Late: 2 · Absent: 1');
    expect([text.split('Late: ').length, text.split('Absent: ').length]).toEqual([2, 2]);
    expect((await world.ana.put('/api/admin/domain-config', { domain_type: 'education' })).status).toBe(200);
  }, 60_000);
});

describe('the picture of a year', () => {
  it.each(['2026-03-30', '2026-05-30', '2026-08-28', '2026-08-31', '2026-10-30', '2026-12-30', '2028-02-29'])(
    'that ends on %s has this day',
    (to) => {
      const from = Temporal.PlainDate.from(to).subtract({ days: 364 }).toString();
      const days = [from, to].map((day) => ({ day, share: 1, href: `/${day}` }));
      const svg = yearMap({ title: 'T', description: 'D', locale: 'en', from, to, days });
      for (const { href } of days) expect(svg).toContain(`href="${href}"`);
    },
  );

  it('that is asked to the end of a year still shows what is there', async () => {
    const { participants } = await marked(['present']);
    const page = await world.ana.get(
      `/reports/statement?participant_id=${participants[0]!.id}&from=2025-06-01&to=2030-12-31`,
    );
    expect(page.body).toContain('class="chart-box"');
  });
});

/** What the links of a page ask of this path. */
const linksIn = (body: string, path: string): Record<string, string>[] =>
  [...body.matchAll(/href="([^"]+)"/g)]
    .map(([, href]) => new URL(href!.replaceAll('&amp;', '&'), 'http://here'))
    .filter((url) => url.pathname === path)
    .map((url) => Object.fromEntries(url.searchParams));

describe('bars and rows', () => {
  it('of a week lead to as many of its days as were asked about', async () => {
    const { group } = await marked(['present'], new Date('2026-11-05T09:00:00Z'));
    const asked = `/reports/summary?period=week&group_id=${group.id}&from=2026-11-04&to=2026-11-06`;
    const { body } = await world.ana.get(asked);
    const expected = { group_id: String(group.id), period: 'session', from: '2026-11-04', to: '2026-11-06' };
    // The bar and the head of the row.
    expect(linksIn(body, '/reports/summary').filter((link) => link.period === 'session')).toEqual([expected, expected]);
  });

  it('keep an emptied range, and whatever narrowed the page', async () => {
    const { group, participants } = await marked(['present']);
    const asked = `by=participant&from=&to=&category=present&group_id=${group.id}`;
    const { body } = await world.ana.get(`/reports/attendance?${asked}`);
    expect(linksIn(body, '/reports/statement')).toContainEqual({
      participant_id: String(participants[0]!.id),
      group_id: String(group.id),
      category: 'present',
      from: '',
      to: '',
    });
  });

  it('of a group with others below it lead nowhere: its sessions are shown with theirs', async () => {
    const { group } = await marked(['present']);
    const link = `/reports/sessions?group_id=${group.id}`;
    const page = `/reports/attendance?by=group&from=&to=&group_id=${group.id}`;
    const leads = async () => linksIn((await world.ana.get(page)).body, '/reports/sessions').length;
    expect(await leads()).toBe(1);
    await world.addGroup(world.school, 'Below it', { parent: group.id });
    expect(await leads()).toBe(0);
    expect((await world.ana.get(link)).status).toBe(200);
  });
});

describe('days that nobody lives', () => {
  const AFTER = ['from', 'The beginning lies after the end.'];
  const FAR = 'Nothing is recorded so long ago or so far ahead. Choose a day of the years 1001 to 9998.';
  const LONG = ['to', 'This is too long a time: a report covers at most ten years. Choose a later beginning.'];
  const NO_DAY = 'Give a day like 2026-11-20, or an instant with its offset.';
  it.each<[string, string[] | null]>([
    ['from=0000-01-01', null],
    ['from=0999-01-01', null],
    ['from=0000-01-01T00:00:00%2B14:00', null],
    ['to=9999-12-31', null],
    ['to=9999-12-31T23:59:59-12:00', null],
    ['from=0999-12-31&to=1000-01-05', null],
    ['from=9998-12-31&to=9999-01-01', null],
    ['from=9990-01-02&to=9999-12-31', null],
    ['to=0999-01-01', ['to', FAR]],
    ['from=0001-01-01&to=0001-02-01', ['to', FAR]],
    ['from=0999-01-01T00:00:00Z&to=0999-02-01T00:00:00Z', ['to', FAR]],
    ['from=9999-12-31', ['from', FAR]],
    ['from=9999-12-31&to=9999-12-31', ['from', FAR]],
    ['from=0999-01-01&to=9999-12-31', LONG],
    ['from=9980-01-01&to=9999-01-01', LONG],
    ['from=0999-02-01&to=0999-01-01', AFTER],
    ['from=-0001-01-01', ['from', NO_DAY]],
    ['from=10000-01-01', ['from', NO_DAY]],
    ['from=2026-02-30', ['from', NO_DAY]],
  ])(
    '%s',
    async (range, refused) => {
      const { group, participants } = await marked(['present']);
      const filters = { ...Object.fromEntries(new URLSearchParams(range)), group_id: group.id };
      const fits = refused ? 422 : 200;
      for (const code of ['summary', 'attendance', 'statement', 'trend', 'absentees', 'not-taken']) {
        const person = code === 'statement' ? { participant_id: participants[0]!.id } : {};
        const query = `${range}&group_id=${group.id}${code === 'statement' ? `&participant_id=${person.participant_id}` : ''}`;
        const rows = await world.ana.get(`/api/reports/${code}?${query}`);
        expect([code, rows.status]).toEqual([code, fits]);
        if (refused) expect([rows.json.errors[0].field, rows.json.errors[0].message]).toEqual(refused);
        const page = await world.ana.get(`/reports/${code}?${query}`);
        expect([code, page.status, refused ? page.body.includes(refused[1]!) : true]).toEqual([code, fits, true]);
        for (const format of ['csv', 'xlsx'])
          expect((await world.ana.get(`/api/reports/${code}?${query}&format=${format}`)).status).toBe(fits);
        const file = await world.ana.post('/api/reports/exports', { report: code, filters: { ...filters, ...person } });
        expect([code, file.status]).toEqual([code, refused ? 422 : 202]);
        await exported(world);
        if (!refused) expect((await json(`/api/reports/exports/${file.json.data.id}`)).data.status).toBe('done');
      }
      const paper = await world.ana.get(`/api/reports/certificate?participant_id=${participants[0]!.id}&${range}`);
      expect([200, 422]).toContain(paper.status);
      const list = await world.ana.get(`/reports/exports`);
      expect(list.status).toBe(200);
      expect((await world.ana.get(`/api/sessions?${range}`)).status).toBe(refused && refused !== LONG ? 422 : 200);
    },
    60_000,
  );
});

describe('odd requests', () => {
  it('in capital letters are the same addresses', async () => {
    expect((await world.ana.get('/api/reports/Summary')).status).toBe(200);
    expect((await world.ana.get('/api/reports/SUMMARY?format=csv')).status).toBe(200);
  });

  it('with objects where text belongs are refused, and the page is drawn', async () => {
    for (const [path, body] of [
      ['/settings/letterhead', { letterhead_lines: { toString: 'x' }, certificate_text: [{ toString: 1 }] }],
      ['/settings/rules', { grace_minutes: { toString: 1 } }],
      ['/settings/organization', { name: { toString: 1 } }],
    ] as const)
      expect([path, (await world.ana.post(path, body)).status]).toEqual([path, 422]);
    const form = new FormData();
    form.set('letterhead_lines[a][b]', 'x');
    expect((await world.ana.post('/settings/letterhead', form)).status).toBe(422);
  });

  it('with a logo that cannot be made small by its quality keep one that is small', async () => {
    const form = new FormData();
    const noise = sharp(randomBytes(600 * 216 * 4), { raw: { width: 600, height: 216, channels: 4 } });
    form.set('file', new Blob([(await noise.png().toBuffer()) as BlobPart]), 'noise.png');
    form.set('letterhead_lines', 'Line\u00a0one');
    form.set('certificate_text', '');
    expect((await world.ana.post('/settings/letterhead', form)).status).toBe(303);
    const logo = await fetch(`${world.address}/settings/letterhead/logo`, {
      headers: { cookie: world.ana.cookieHeader },
    });
    expect((await logo.arrayBuffer()).byteLength).toBeLessThanOrEqual(60_000);
  }, 60_000);

  it('with a word in braces that is not filled in are refused, by either door', async () => {
    for (const certificate_text of ['{nmae}', '{constructor}', '{name} and {toString}']) {
      const { status } = await world.ana.put('/api/admin/domain-config', { settings: { certificate_text } });
      const form = new FormData();
      form.set('letterhead_lines', 'One');
      form.set('certificate_text', certificate_text);
      const page = await world.ana.post('/settings/letterhead', form);
      expect([status, page.status, page.body.includes(certificate_text)]).toEqual([422, 422, true]);
    }
  });

  it('with a picture that was chosen and is empty are refused', async () => {
    const form = new FormData();
    form.set('letterhead_lines', 'One');
    form.set('certificate_text', '');
    form.set('file', new Blob([]), 'empty.png');
    const { status, body } = await world.ana.post('/settings/letterhead', form);
    expect([status, body.includes('One')]).toEqual([415, true]);
  });

  it('with a picture that is too large are refused, and everything that was typed is still there', async () => {
    for (const [size, status] of [
      [8 * 1024 ** 2 + 1, 413],
      [30 * 1024 ** 2, 413],
    ] as const) {
      const form = new FormData();
      form.set('letterhead_lines', 'Typed before it');
      form.set('file', new Blob([Buffer.alloc(size, 0xff) as BlobPart]), 'large.png');
      form.set('certificate_text', 'Typed behind it');
      const answer = await world.ana.post('/settings/letterhead', form);
      const { body } = answer;
      expect(answer.status).toBe(status);
      for (const words of ['Typed before it', 'Typed behind it', 'more than 8 MB', 'href="#f-file"'])
        expect([words, body.includes(words)]).toEqual([words, true]);
    }
    expect((await world.ana.get('/settings/letterhead')).body).not.toContain('Typed before it');
    // A photo, too, comes back to its own page.
    const { participants } = await world.addRegister(world.school, 1);
    const form = new FormData();
    form.set('file', new Blob([Buffer.alloc(9 * 1024 ** 2, 0xff) as BlobPart]), 'large.jpg');
    const page = await world.ana.post(`/participants/${participants[0]!.id}/photo`, form);
    expect([page.status, page.body.includes('more than 8 MB'), page.body.includes('id="f-file"')]).toEqual([
      413,
      true,
      true,
    ]);
  }, 60_000);

  it('for lines of a letterhead that are several are refused', async () => {
    for (const letterhead_lines of [['a\nb'], ['c\u2028d'], Array(7).fill('x')])
      expect((await world.ana.put('/api/admin/domain-config', { settings: { letterhead_lines } })).status).toBe(422);
  });
});

describe('what is told', () => {
  it('says that periods are cut by the days that were chosen', async () => {
    const { group } = await marked(['present'], new Date('2026-11-05T09:00:00Z'));
    const notes = async (query: string) =>
      JSON.stringify((await json(`/api/reports/summary?group_id=${group.id}&${query}`)).meta.notes);
    expect(await notes('period=month&from=2026-11-02&to=2026-11-30')).toContain('for the chosen days alone');
    expect(await notes('period=month&from=2026-11-01&to=2026-11-30')).not.toContain('for the chosen days alone');
  });

  it('counts nobody as unmarked before a session has begun', async () => {
    const { group } = await world.addRegister(world.school, 3);
    await world.addSession(world.school, group, {
      scheduledStartAt: new Date(Date.now() + HOUR / 2),
      scheduledEndAt: new Date(Date.now() + HOUR),
    });
    const rows = (await json(`/api/reports/summary?group_id=${group.id}&from=2020-01-01&to=2029-12-31`)).data;
    expect(rows.reduce((sum: number, row: any) => sum + row.unmarked, 0)).toBe(3);
  });

  it('has the figures of a statement on paper, too', async () => {
    const { participants } = await marked(['late']);
    const { text } = await pdf(`/api/reports/statement?participant_id=${participants[0]!.id}&format=pdf`);
    expect(text).toContain('Rate: 100% · Late: 1');
  }, 60_000);
});

describe('who knows what', () => {
  it('shows whoever sees only himself no group, by no door', async () => {
    const { group, participants } = await marked(['present']);
    await world.ana.put(`/api/admin/users/${world.school.user.emil!.id}`, { participant_id: participants[0]!.id });
    const { body } = await world.emil.get('/reports/statement');
    expect([body.includes('name="group_id"'), body.includes('name="from"')]).toEqual([false, true]);
    const known = await world.emil.get(`/api/reports/statement?group_id=${group.id}`);
    const unknown = await world.emil.get('/api/reports/statement?group_id=999999999');
    expect([known.status, known.body]).toEqual([422, unknown.body]);
    expect((await pdf('/api/reports/statement?format=pdf', world.emil)).status).toBe(200);
    // Nothing of it stays in the room of the organization.
    const files = () => world.read(world.school, (em) => em.count(Export, { user: world.school.user.emil!.id }));
    for (let at = 0; at < 50 && (await files()) > 0; at++) await setTimeout(20);
    expect(await files()).toBe(0);
  }, 60_000);

  it('has a guest of a register known to whoever works with it', async () => {
    const { group, session } = await marked(['present']);
    const [guest] = await world.addParticipants(world.school, ['Guest Visitor'], group);
    const mark = { session_id: session.id, participant_id: guest!.id, presence_state: 'late' };
    expect((await world.ana.post('/api/presence', mark)).status).toBe(201);
    // He was taken from the group, as if he had never been a member: his mark stays.
    await world.write(world.school, async (tx) => {
      tx.remove(await tx.findOneOrFail(GroupMembership, { participant: guest!.id }));
    });
    await world.ana.put('/api/admin/domain-config', { settings: { frontline_groups: 'assigned' } });
    const ask = () => world.bruno.get(`/api/reports/statement?participant_id=${guest!.id}`);
    expect((await ask()).status).toBe(422);
    await world.ana.post(
      `/groups/${group.id}/users`,
      new URLSearchParams({ user_id: String(world.school.user.bruno!.id) }),
    );
    const { status, json: answer } = await ask();
    expect([status, answer.data?.length]).toEqual([200, 1]);
    const to = new Date().toISOString().slice(0, 10);
    const { text } = await pdf(
      `/api/reports/certificate?participant_id=${guest!.id}&from=2026-01-01&to=${to}`,
      world.bruno,
    );
    expect(text.replaceAll('\n', ' ')).toMatch(/Only the classes that .* works with are counted\./);
    await world.ana.put('/api/admin/domain-config', { settings: { frontline_groups: 'all' } });
  }, 60_000);
});

describe('characters that no file can hold', () => {
  it('are refused where they are typed, and a picture of names that have them already is drawn without', async () => {
    const refused = await world.ana.post('/api/participants', { first_name: 'x\ufffe', last_name: 'L' });
    expect([refused.status, refused.json.errors[0].field]).toEqual([422, 'first_name']);
    const { participants, group } = await marked(['present', 'absent']);
    await run(`update participants set first_name = 'x\ufffey' where id = ${participants[0]!.id}`);
    const page = await world.ana.get(`/reports/attendance?group_id=${group.id}&from=2020-01-01&to=2029-01-01`);
    expect([page.status, page.body.includes('<svg')]).toEqual([200, true]);
    expect(
      (await pdf(`/api/reports/attendance?group_id=${group.id}&by=participant&period=month&format=pdf`)).status,
    ).toBe(200);
    const { id, firstName } = participants[0]!;
    await run(`update participants set first_name = '${firstName}' where id = ${id}`);
  }, 60_000);
});

describe('an external person', () => {
  it('keeps nobody from the files of the organization', async () => {
    const { participants } = await world.addRegister(world.school, 1);
    await world.ana.put(`/api/admin/users/${world.school.user.emil!.id}`, { participant_id: participants[0]!.id });
    const asked = Array.from({ length: 4 }, () => world.emil.get('/api/reports/statement?format=pdf'));
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(0);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect((await pdf('/api/reports/summary?format=pdf')).status).toBe(200);
  }, 60_000);
});
