import { readdirSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import readXlsxFile from 'read-excel-file/node';
import { User } from '../../src/auth/index.js';
import { GroupAssignment, type Group, type Participant } from '../../src/participants/index.js';
import { clock } from '../../src/platform/clock.js';
import { Problem } from '../../src/platform/http/problem.js';
import { AuditLog } from '../../src/platform/ledger/audit-log.entity.js';
import { type Session } from '../../src/sessions/index.js';
import { claimExport, hasDueExport } from '../../src/reports/exports/export-job.js';
import { SendExport } from '../../src/reports/exports/send-export.js';
import { exportsFolder } from '../../src/reports/exports/kept-files.js';
import { drainExports, Export, ExportJobs } from '../../src/reports/index.js';
import { Organization } from '../../src/tenancy/index.js';
import { exported, exportFile, exportOf, fetchFile, ownFolder, rowsOf } from '../support/exports.js';
import { World } from '../world.js';

let world: World;
let group: Group;
let people: Participant[];
let session: Session;
let folder: string;
const own = ownFolder();

beforeAll(async () => {
  world = await World.open({ config: { dataFolder: own.dataFolder } });
  folder = exportsFolder(world.config);
  const names = ['Ana =Boss', "Bea O'Neill", 'Cem "C" Çelik', 'דנה כהן'];
  ({ group, participants: people, session } = await world.addRegister(world.school, names));
  const states = ['present', 'late', 'absent', 'present'];
  const marks = people.map((person, at) => ({
    participant_id: person.id,
    presence_state: states[at],
    note: at === 1 ? '=cmd, "quoted"\nsecond line' : null,
  }));
  expect((await world.ana.post('/api/presence', { session_id: session.id, records: marks })).status).toBe(200);
});
afterAll(async () => {
  await world.close();
  own.remove();
});
// A test that moves the clock or holds the worker leaves both as they were.
beforeEach(() => void jest.restoreAllMocks());

const set = (id: number, values: Partial<Export>) =>
  world.write(world.school, async (tx) => void Object.assign(await tx.findOneOrFail(Export, { id }), values));
const rowOf = (id: number) =>
  world.read(world.school, (em) => em.findOneOrFail(Export, { id }, { disableIdentityMap: true }));
/** Another one does the work, so that a test can stand in its way. */
const holdWorker = () => jest.spyOn(world.app.get(ExportJobs), 'kick').mockImplementation(() => {});
const drain = (more: Partial<Parameters<typeof drainExports>[1]> = {}) =>
  drainExports(world.orm, { folder, reading: world.orm, ...more });
const days = { from: '2020-01-01', to: '2029-12-31' };

describe('the file of presence', () => {
  it('holds every mark, with the heads of the contract, under the name of its days', async () => {
    const asked = await world.ana.post('/api/reports/exports', { report: 'presence', format: 'csv', filters: days });
    expect(asked.status).toBe(202);
    expect(asked.json.data).toMatchObject({ status: 'queued', url: null, report: 'presence', filters: days });
    await exported(world);
    const job = await exportOf(world.ana, asked.json.data.id);
    expect(job).toMatchObject({
      status: 'done',
      total: 4,
      processed: 4,
      file_name: 'attendance_2020-01-01_2029-12-31.csv',
      url: `/api/reports/export/${job.id}`,
      error: null,
    });
    const file = await fetchFile(world.ana, job);
    expect(file.status).toBe(200);
    expect(file.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(file.headers.get('content-disposition')).toBe('attachment; filename=attendance_2020-01-01_2029-12-31.csv');
    expect(file.bytes.length).toBe(job.bytes);
    expect(file.text.split('\r\n')[0]).toMatch(
      /^timestamp,participant,session,status,record_id,participant_id,session_id,/,
    );
    const listed = (await world.ana.get(`/api/presence?session_id=${session.id}`)).json.data;
    const rows = rowsOf(file.text).filter((row) => Number(row.session_id) === session.id);
    expect(rows.map((row) => Number(row.record_id)).sort((a, b) => a - b)).toEqual(listed.map(({ id }: any) => id));
    for (const record of listed) {
      const row = rows.find((each) => Number(each.record_id) === record.id)!;
      expect(row).toMatchObject({
        timestamp: record.recorded_at,
        status: record.presence_state,
        participant_id: String(record.participant_id),
        session: session.name,
        group_id: String(group.id),
        category: record.category,
        disputed: String(record.disputed),
        note: record.note === null ? '' : `'${record.note}`,
      });
    }
  });

  it('is what attendance without more is, and is narrowed by every filter', async () => {
    const count = async (filters: object, report = 'presence') =>
      rowsOf((await fetchFile(world.ana, await exportFile(world, world.ana, report, { filters }))).text).length;
    expect(await count(days, 'attendance')).toBe(4);
    expect(await count({ ...days, presence_state: 'late' })).toBe(1);
    expect(await count({ ...days, category: 'present' })).toBe(2);
    expect(await count({ ...days, participant_id: people[0]!.id })).toBe(1);
    expect(await count({ ...days, group_id: group.id })).toBe(4);
    expect(await count({ from: '2020-01-01', to: '2020-01-31' })).toBe(0);
  });

  it('leaves out who was unmarked, and sessions that were cancelled', async () => {
    const other = await world.addRegister(world.school, 2);
    const mark = (participant: number, presence_state: string | null) =>
      world.ana.post('/api/presence', { session_id: other.session.id, participant_id: participant, presence_state });
    await mark(other.participants[0]!.id, 'present');
    await mark(other.participants[1]!.id, 'present');
    await mark(other.participants[1]!.id, null);
    const rows = async () => {
      const filters = { ...days, group_id: other.group.id };
      return rowsOf((await fetchFile(world.ana, await exportFile(world, world.ana, 'presence', { filters }))).text);
    };
    expect((await rows()).map((row) => Number(row.participant_id))).toEqual([other.participants[0]!.id]);
    await world.ana.delete(`/api/sessions/${other.session.id}`);
    expect(await rows()).toEqual([]);
  });

  it('as a workbook has times of the organization and texts that stay texts', async () => {
    const job = await exportFile(world, world.ana, 'presence', {
      format: 'xlsx',
      filters: { ...days, group_id: group.id },
    });
    expect(job.file_name).toBe('attendance_2020-01-01_2029-12-31.xlsx');
    const [sheet] = await readXlsxFile((await fetchFile(world.ana, job)).bytes, { trim: false });
    expect(sheet!.data).toHaveLength(5);
    const note = sheet!.data[0]!.indexOf('Note');
    expect(sheet!.data.map((row) => row[note])).toContain('=cmd, "quoted"\nsecond line');
    expect(sheet!.data[1]![0]).toBeInstanceOf(Date);
  });

  it('begins with the mark of UTF-8 where that is asked for', async () => {
    const job = await exportFile(world, world.ana, 'presence', { filters: days, bom: true });
    expect((await fetchFile(world.ana, job)).bytes.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
  });

  it('is audited: who asked for what', async () => {
    const job = await exportFile(world, world.mara, 'presence', { filters: { ...days, category: 'late' } });
    const rows = await world.read(world.school, (em) => em.find(AuditLog, { tableName: 'exports', recordId: job.id }));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ fact: 'export.asked', changedBy: world.school.user.mara!.id });
    expect(JSON.parse(rows[0]!.newValues!)).toMatchObject({ report: 'presence', filters: { category: 'late' } });
  });
});

describe('a file that cannot be asked for', () => {
  it.each([
    ['an unknown report', { report: 'nothing' }, 'report', 'unknown'],
    ['an unknown format', { report: 'presence', format: 'doc' }, 'format', 'invalid'],
    ['every mark on paper', { report: 'presence', format: 'pdf' }, 'format', 'invalid'],
    ['from after to', { report: 'presence', filters: { from: '2026-02-01', to: '2026-01-01' } }, 'from', 'invalid'],
    ['50 years', { report: 'presence', filters: { from: '1990-01-01', to: '2040-01-01' } }, 'to', 'invalid'],
    ['a filter that nobody knows', { report: 'presence', filters: { colour: 'red' } }, 'colour', 'unknown_field'],
    [
      'a filter that this one does not know',
      { report: 'groups', filters: { category: 'late' } },
      'category',
      'unknown_field',
    ],
    ['a group that is nowhere', { report: 'presence', filters: { group_id: 999_999 } }, 'group_id', 'unknown'],
    [
      'a state that is nowhere',
      { report: 'presence', filters: { presence_state: 'gone' } },
      'presence_state',
      'state_unknown',
    ],
  ])('%s', async (_, body, field, code) => {
    const answer = await world.ana.post('/api/reports/exports', body);
    expect(answer.status).toBe(422);
    expect(answer.json.errors[0]).toMatchObject({ field, code });
  });

  it('a group of another organization, which is as unknown as one that never was', async () => {
    const foreign = await world.addGroup(world.other);
    const answer = await world.ana.post('/api/reports/exports', {
      report: 'presence',
      filters: { group_id: foreign.id },
    });
    expect([answer.status, answer.json.errors[0].code]).toEqual([422, 'unknown']);
  });

  it('without the right to export', async () => {
    expect((await world.emil.post('/api/reports/exports', { report: 'presence' })).status).toBe(403);
    expect((await world.visitor().post('/api/reports/exports', { report: 'presence' })).status).toBe(401);
    expect((await world.emil.get('/reports/exports')).status).toBe(403);
  });
});

describe('the address of a file', () => {
  it('leads nobody else anywhere: not an administrator, not another organization, not somebody signed out', async () => {
    const job = await exportFile(world, world.mara, 'presence', { filters: days });
    const unknown = await world.ana.get('/api/reports/export/999999');
    expect(unknown.status).toBe(404);
    for (const path of [`/api/reports/export/${job.id}`, `/api/reports/exports/${job.id}`])
      for (const visitor of [world.ana, world.bruno, world.clara])
        expect(await visitor.get(path)).toMatchObject({ status: 404, body: unknown.body });
    expect((await world.clara.post(`/api/reports/exports/${job.id}/cancel`)).status).toBe(404);
    expect((await world.ana.delete(`/api/reports/exports/${job.id}`)).status).toBe(404);
    expect((await world.ana.get(`/reports/exports/${job.id}/file`)).status).toBe(404);
    expect((await world.visitor().get(`/api/reports/export/${job.id}`)).status).toBe(401);
    expect((await fetchFile(world.mara, job)).status).toBe(200);
    const own = (await world.ana.get('/api/reports/exports?per_page=500')).json.data as { id: number }[];
    expect(own.map(({ id }) => id)).not.toContain(job.id);
  });

  it('gives nothing to somebody who may see less than when the file was made', async () => {
    const bruno = world.school.user.bruno!;
    const limit = (groups: 'all' | 'assigned') =>
      world.write(world.school, async (tx) => {
        const organization = await tx.findOneOrFail(Organization, { id: world.school.organization.id });
        organization.settings = { ...organization.settings, frontline_groups: groups };
      });
    const before = await exportFile(world, world.bruno, 'presence', { filters: days });
    expect((await fetchFile(world.bruno, before)).status).toBe(200);
    const second = await world.addRegister(world.school, 1);
    await world.write(world.school, (tx) => {
      tx.create(GroupAssignment, { user: bruno.id, group: group.id });
      tx.create(GroupAssignment, { user: bruno.id, group: second.group.id });
    });
    await limit('assigned');
    try {
      expect((await fetchFile(world.bruno, before)).status).toBe(403);
      const own = await exportFile(world, world.bruno, 'presence', { filters: days });
      const rows = rowsOf((await fetchFile(world.bruno, own)).text);
      expect(new Set(rows.map((row) => Number(row.group_id)))).toEqual(new Set([group.id]));
      await world.write(world.school, async (tx) =>
        tx.remove(await tx.findOneOrFail(GroupAssignment, { group: second.group.id })),
      );
      expect((await fetchFile(world.bruno, own)).status).toBe(403);
      const people = rowsOf((await fetchFile(world.bruno, await exportFile(world, world.bruno, 'participants'))).text);
      expect(people).toHaveLength(4);
      expect(new Set(people.map((row) => row.group))).toEqual(new Set([group.name]));
    } finally {
      await limit('all');
    }
  });

  it('is no use to a user who was disabled while the file waited', async () => {
    const held = holdWorker();
    const { json } = await world.mara.post('/api/reports/exports', { report: 'presence', filters: days });
    const status = (value: 'active' | 'disabled') =>
      world.write(world.school, async (tx) => {
        (await tx.findOneOrFail(User, { id: world.school.user.mara!.id })).status = value;
      });
    await status('disabled');
    await drain();
    await status('active');
    held.mockRestore();
    expect(await exportOf(world.mara, json.data.id)).toMatchObject({
      status: 'failed',
      error: { code: 'permission_denied' },
    });
  });
});

describe('a file on its way', () => {
  it('is cancelled while it waits', async () => {
    holdWorker();
    const { json } = await world.ana.post('/api/reports/exports', { report: 'presence', filters: days });
    const cancelled = await world.ana.post(`/api/reports/exports/${json.data.id}/cancel`);
    expect(cancelled.json.data.status).toBe('cancelled');
    await drain();
    expect((await exportOf(world.ana, json.data.id)).status).toBe('cancelled');
    expect((await fetchFile(world.ana, json.data)).status).toBe(409);
    const again = await world.ana.post(`/api/reports/exports/${json.data.id}/cancel`);
    expect([again.status, again.json.data.status]).toEqual([200, 'cancelled']);
  });

  it('is cancelled in the middle, and nothing is left of it', async () => {
    holdWorker();
    const { json } = await world.ana.post('/api/reports/exports', { report: 'presence', filters: days });
    const before = readdirSync(folder);
    let seen: string[] = [];
    await drain({
      openFile: async (path) => {
        const file = await open(path, 'wx');
        return {
          write: async (bytes) => {
            await file.write(bytes);
            seen = readdirSync(folder);
            expect((await fetchFile(world.ana, json.data)).status).toBe(409);
            expect((await world.ana.delete(`/api/reports/exports/${json.data.id}`)).json.data.status).toBe('cancelled');
          },
          sync: () => file.sync(),
          close: () => file.close(),
        };
      },
    });
    expect(seen.filter((name) => !before.includes(name))).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.part$/)]);
    expect(readdirSync(folder)).toEqual(before);
    expect((await exportOf(world.ana, json.data.id)).status).toBe('cancelled');
  });

  it('is not offered when the disk is full, and a sentence says why', async () => {
    holdWorker();
    const { json } = await world.ana.post('/api/reports/exports', { report: 'presence', filters: days });
    const before = readdirSync(folder);
    await drain({
      // A device that takes no byte: the error is the system's own.
      openFile: async (path) => {
        await writeFile(path, 'the beginning');
        return open('/dev/full', 'w') as never;
      },
    });
    const job = await exportOf(world.ana, json.data.id);
    expect(job).toMatchObject({ status: 'failed', url: null, error: { code: 'disk_full' } });
    expect(job.error.message).toContain('disk of the server is full');
    expect(readdirSync(folder)).toEqual(before);
    expect((await fetchFile(world.ana, job)).status).toBe(409);
    expect((await world.ana.get('/reports/exports')).body).toContain('disk of the server is full');
  });

  it('begins anew when its worker died, and is given up when that happens every time', async () => {
    holdWorker();
    const { json } = await world.ana.post('/api/reports/exports', { report: 'presence', filters: days });
    expect(await claimExport(world.orm)).toMatchObject({ id: json.data.id, claim: 1 });
    // Held by somebody who says nothing any more.
    expect(await hasDueExport(world.orm)).toBe(false);
    jest.spyOn(clock, 'now').mockReturnValue(new Date(Date.now() + 61_000));
    expect(await hasDueExport(world.orm)).toBe(true);
    await drain();
    expect(await exportOf(world.ana, json.data.id)).toMatchObject({ status: 'done', processed: 4 });

    const next = (await world.ana.post('/api/reports/exports', { report: 'presence', filters: days })).json.data;
    await set(next.id, { status: 'running', claim: 4, claimedUntil: null });
    await drain();
    expect(await exportOf(world.ana, next.id)).toMatchObject({ status: 'failed', error: { code: 'internal' } });
  });

  it('is put down when its worker is asked to stop, and another one makes it', async () => {
    holdWorker();
    const { json } = await world.ana.post('/api/reports/exports', { report: 'presence', filters: days });
    let claimed = false;
    await drain({ onClaim: () => (claimed = true), stopping: () => claimed });
    expect(await rowOf(json.data.id)).toMatchObject({ status: 'running', claimedUntil: null });
    await drain();
    expect((await exportOf(world.ana, json.data.id)).status).toBe('done');
  });
});

describe('the limits of an organization', () => {
  it('are told: so many files at a time', async () => {
    const held = holdWorker();
    const ask = (visitor = world.ana) => visitor.post('/api/reports/exports', { report: 'presence', filters: days });
    const ids: number[] = [];
    for (let at = 0; at < 5; at++) ids.push((await ask(at % 2 ? world.mara : world.ana)).json.data.id);
    const refused = await ask();
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.json.errors[0]).toMatchObject({ code: 'too_many_requests' });
    const page = await world.ana.form('/reports/exports', { report: 'presence', format: 'csv' });
    expect(page.status).toBe(429);
    expect(page.body).toContain('Already 5 files');
    // Another organization has room of its own.
    expect((await ask(world.clara)).status).toBe(202);
    await drain();
    held.mockRestore();
    expect((await ask()).status).toBe(202);
    await exported(world);
  });

  it('are told: so many bytes kept, of which somebody can remove his own', async () => {
    const job = await exportFile(world, world.ana, 'presence', { filters: days });
    await set(job.id, { bytes: 2 * 1024 ** 3 });
    const refused = await world.ana.post('/api/reports/exports', { report: 'presence' });
    expect([refused.status, refused.json.errors[0].code]).toEqual([409, 'no_room']);
    expect((await world.ana.delete(`/api/reports/exports/${job.id}`)).json.data).toMatchObject({
      status: 'expired',
      url: null,
    });
    expect((await fetchFile(world.ana, job)).status).toBe(410);
    expect((await world.ana.post('/api/reports/exports', { report: 'presence' })).status).toBe(202);
    await exported(world);
  });
});

describe('a file that was made', () => {
  it('is kept for seven days, then removed', async () => {
    const job = await exportFile(world, world.ana, 'presence', { filters: days });
    const { filePath, finishedAt, expiresAt } = await rowOf(job.id);
    expect(expiresAt!.getTime() - finishedAt!.getTime()).toBe(7 * 86_400_000);
    expect(readdirSync(folder)).toContain(filePath);
    await world.app.get(ExportJobs).sweep();
    expect(readdirSync(folder)).toContain(filePath);
    // Its time is over before anybody has swept.
    await set(job.id, { expiresAt: new Date(Date.now() - 1000) });
    expect((await fetchFile(world.ana, job)).status).toBe(410);
    await world.app.get(ExportJobs).sweep();
    expect(readdirSync(folder)).not.toContain(filePath);
    expect((await exportOf(world.ana, job.id)).status).toBe('expired');
    expect((await world.ana.get('/reports/exports')).body).toContain('Not kept any more');
  });

  it('leaves no stray bytes of crashes behind for long', async () => {
    const stray = join(folder, `${'a'.repeat(32)}.part`);
    await writeFile(stray, 'half of a file');
    await world.app.get(ExportJobs).sweep();
    expect(readdirSync(folder)).toContain(`${'a'.repeat(32)}.part`);
    jest.spyOn(clock, 'now').mockReturnValue(new Date(Date.now() + 7 * 3_600_000));
    await world.app.get(ExportJobs).sweep();
    expect(readdirSync(folder)).not.toContain(`${'a'.repeat(32)}.part`);
  });
});

describe('the page of files', () => {
  it('takes what is asked for without script, and shows it until its end', async () => {
    const held = holdWorker();
    const asked = await world.bruno.form('/reports/exports', {
      report: 'participants',
      format: 'csv',
      from: '',
      to: '',
      group_id: '',
      bom: 'on',
    });
    expect([asked.status, asked.headers.get('location')]).toEqual([303, '/reports/exports']);
    const waiting = await world.bruno.get('/reports/exports');
    expect(waiting.body).toContain('Waits for its turn');
    expect(waiting.body).toMatch(/hx-get="\/reports\/exports\?page=1"/);
    held.mockRestore();
    world.app.get(ExportJobs).kick();
    await exported(world);
    const done = await world.bruno.get('/reports/exports', { 'hx-request': 'true', 'hx-request-type': 'partial' });
    expect(done.body).toContain('Ready');
    expect(done.body).not.toContain('hx-get=');
    const [, link] = /href="(\/reports\/exports\/\d+\/file)"/.exec(done.body)!;
    const file = await world.bruno.get(link!);
    expect(file.headers.get('content-disposition')).toMatch(/participants_\d{4}-\d\d-\d\d\.csv/);
    const id = Number(/exports\/(\d+)/.exec(link!)![1]);
    expect((await world.bruno.form(`/reports/exports/${id}/cancel`, {})).status).toBe(303);
    expect((await world.bruno.get(link!)).status).toBe(410);
  });

  it('shows a refused form again with what was chosen', async () => {
    const refused = await world.ana.form('/reports/exports', { report: 'groups', format: 'xlsx', from: '2026-01-01' });
    expect(refused.status).toBe(422);
    expect(refused.body).toContain('This report has no such filter.');
    expect(refused.body).toMatch(/<option value="groups" selected>/);
  });
});

describe('the list of files', () => {
  /** What a row says, as text. */
  const rowText = (body: string, id: number) =>
    body
      .split('<li>')
      .find((row) => row.includes(`/reports/exports/${id}/cancel`))
      ?.replaceAll(/<[^>]*>/g, ' ')
      .replaceAll(/\s+/g, ' ');
  const listed = async (visitor = world.ana) => (await visitor.get('/reports/exports')).body;
  const paper = (report: string, filters: object) => exportFile(world, world.ana, report, { format: 'pdf', filters });

  it('says what each is about, by names', async () => {
    const to = new Date().toISOString().slice(0, 10);
    const whose = { participant_id: people[1]!.id, from: '2026-01-01', to };
    const certificate = await paper('certificate', whose);
    const other = await paper('certificate', { ...whose, participant_id: people[3]!.id });
    const register = await paper('register', { session_id: session.id });
    const narrowed = { ...days, group_id: group.id, presence_state: 'late', by: 'group', period: 'month' };
    const rates = await exportFile(world, world.ana, 'attendance', { filters: narrowed });
    const instants = { from: '2026-01-01T10:00:00Z', category: 'absent' };
    const marks = await exportFile(world, world.ana, 'presence', { filters: instants });
    const body = await listed();
    expect(rowText(body, certificate.id)).toMatch(/Attendance certificate Bea O&#39;Neill .*2026 – .*PDF/);
    expect(rowText(body, other.id)).toContain('דנה כהן');
    expect([rowText(body, other.id)!.includes('1 row'), rowText(body, rates.id)!.includes('1 row')]).toEqual([
      false,
      true,
    ]);
    expect(rowText(body, register.id)).toContain(`Register of one lesson ${session.name}, `);
    const told = rowText(body, rates.id)!;
    for (const words of [group.name, 'State: Late', 'Each: class', 'By period: Month', 'Jan 1, 2020', 'Dec 31, 2029'])
      expect(told).toContain(words);
    expect(rowText(body, marks.id)).toMatch(/Jan 1, 2026, 11:00.AM – … Counts as: Absent/);
  }, 60_000);

  it('asks the database no more for many files than for one', async () => {
    const statements = async () => {
      const read = jest.spyOn(world.orm.em.getConnection(), 'execute');
      await listed(world.mara);
      const { length } = read.mock.calls;
      read.mockRestore();
      return length;
    };
    const ask = (person: number) => ({ filters: { participant_id: person, group_id: group.id } });
    await exportFile(world, world.mara, 'attendance', ask(people[0]!.id));
    const [one] = [await statements(), await statements()];
    for (const { id } of people) await exportFile(world, world.mara, 'attendance', ask(id));
    expect(await statements()).toBeLessThanOrEqual(one!);
    expect(one).toBeGreaterThan(0);
  });

  it('names nobody whom its reader may not see any more', async () => {
    const filters = { participant_id: people[1]!.id, group_id: group.id, from: '2026-01-01' };
    const job = await exportFile(world, world.bruno, 'attendance', { filters });
    const name = 'O&#39;Neill';
    expect(rowText(await listed(world.bruno), job.id)).toContain(name);
    await world.ana.put('/api/admin/domain-config', { settings: { frontline_groups: 'assigned' } });
    await world.write(world.school, async (tx) => {
      for (const each of await tx.find(GroupAssignment, { user: world.school.user.bruno!.id })) tx.remove(each);
    });
    const told = rowText(await listed(world.bruno), job.id);
    await world.ana.put('/api/admin/domain-config', { settings: { frontline_groups: 'all' } });
    expect([told!.includes(name), told!.includes(group.name), told!.includes('2026')]).toEqual([false, false, true]);
  });

  it('has none that somebody did not wait for, and nobody is kept from his own by it', async () => {
    const rows = () => world.read(world.school, (em) => em.count(Export, {}));
    const before = await rows();
    const gone = async () => {
      for (let at = 0; at < 100 && (await rows()) > before; at++) await setTimeout(30);
      return (await rows()) === before;
    };
    // Nobody prints: what goes away goes because nobody waits for it.
    const held = holdWorker();
    for (let at = 0; at < 4; at++) {
      const leaving = new AbortController();
      const asked = fetch(`${world.ana.address}/api/reports/summary?format=pdf&from=2026-01-${10 + at}`, {
        headers: { cookie: world.ana.cookieHeader },
        signal: leaving.signal,
      });
      // Long enough to be asked for, and too short to be printed.
      await setTimeout(60);
      leaving.abort();
      await expect(asked).rejects.toThrow();
    }
    expect(await gone()).toBe(true);
    held.mockRestore();
    expect((await world.ana.get('/api/reports/summary?format=pdf')).status).toBe(200);
    expect(await gone()).toBe(true);
  }, 60_000);

  it('has no file that was made while somebody waited for it', async () => {
    const rows = () => world.read(world.school, (em) => em.count(Export, { user: world.school.user.mara!.id }));
    const before = await rows();
    const files = readdirSync(folder);
    const answer = await world.mara.get('/api/reports/summary?format=pdf');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/pdf']);
    // It goes when its last byte has been sent.
    const gone = async () => (await rows()) === before && readdirSync(folder).length === files.length;
    for (let at = 0; at < 50 && !(await gone()); at++) await setTimeout(20);
    expect([await rows(), readdirSync(folder)]).toEqual([before, files]);
    // What cannot be had was told at once, too.
    const refused = jest
      .spyOn(world.app.get(SendExport), 'send')
      .mockRejectedValue(new Problem(410, { code: 'gone', message: '' }));
    expect((await world.mara.get('/api/reports/summary?format=pdf')).status).toBe(410);
    refused.mockRestore();
    expect(await rows()).toBe(before);
  }, 60_000);

  it('is left by a file that was stopped, could not be made or is not kept any more, when somebody wants it so', async () => {
    holdWorker();
    const ask = async () =>
      (await world.ana.post('/api/reports/exports', { report: 'presence' })).json.data.id as number;
    const id = await ask();
    expect(rowText(await listed(), id)).toMatch(/Stop $/);
    expect((await world.ana.form(`/reports/exports/${id}/cancel`, {})).status).toBe(303);
    expect(rowText(await listed(), id)).toMatch(/Stopped Remove $/);
    for (const status of ['cancelled', 'failed', 'expired'] as const) {
      await set(id, { status });
      expect(rowText(await listed(), id)).toMatch(/Remove $/);
    }
    expect((await world.ana.form(`/reports/exports/${id}/cancel`, { remove: 'yes' })).status).toBe(303);
    expect(rowText(await listed(), id)).toBeUndefined();
    expect((await world.ana.get(`/api/reports/exports/${id}`)).status).toBe(404);
    jest.restoreAllMocks();
    const made = await exportFile(world, world.ana, 'presence');
    const { filePath } = await rowOf(made.id);
    expect((await world.mara.form(`/reports/exports/${made.id}/cancel`, { remove: 'yes' })).status).toBe(404);
    expect((await world.ana.form(`/reports/exports/${made.id}/cancel`, { remove: 'yes' })).status).toBe(303);
    expect(readdirSync(folder)).not.toContain(filePath);
  });
});

describe('a report as a file', () => {
  it('has the rows that its page shows, in every form', async () => {
    const filters = { ...days, by: 'group', group_id: group.id };
    const job = await exportFile(world, world.ana, 'attendance', { filters });
    expect(job).toMatchObject({ status: 'done', file_name: 'attendance_2020-01-01_2029-12-31.csv' });
    const query = new URLSearchParams(Object.entries(filters).map(([name, value]) => [name, String(value)]));
    const { json } = await world.ana.get(`/api/reports/attendance?${query}`);
    const rows = rowsOf((await fetchFile(world.ana, job)).text);
    expect(rows).toHaveLength(json.data.length);
    expect(rows[0]).toMatchObject({ group: group.name, present: '2', late: '1', absent: '1', rate: '0.75' });
    const sheet = await exportFile(world, world.ana, 'attendance', { format: 'xlsx', filters });
    const [{ data }] = (await readXlsxFile((await fetchFile(world.ana, sheet)).bytes)) as any;
    expect(data[1][data[0].indexOf('Rate')]).toBe(0.75);
    const paper = await exportFile(world, world.ana, 'attendance', { format: 'pdf', filters });
    expect(paper).toMatchObject({ status: 'done', error: null });
    const file = await fetchFile(world.ana, paper);
    expect(file.headers.get('content-type')).toBe('application/pdf');
    expect(file.bytes.subarray(0, 5).toString()).toBe('%PDF-');
  }, 60_000);
});
