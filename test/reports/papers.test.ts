import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { AuditLog } from '../../src/platform/ledger/audit-log.entity.js';
import { ownFolder } from '../support/exports.js';
import { readPdf } from '../support/pdf-text.js';
import { type Visitor } from '../support/visitor.js';
import { World } from '../world.js';

let world: World;
let mine: Awaited<ReturnType<World['addRegister']>>;
let foreign: Awaited<ReturnType<World['addRegister']>>;
const own = ownFolder();

beforeAll(async () => {
  world = await World.open({ config: { dataFolder: own.dataFolder } });
  mine = await world.addRegister(world.school, ['Ada Lovelace', 'Grace Hopper', 'Emil External', 'Nobody Marked']);
  foreign = await world.addRegister(world.other, ['Foreign Person']);
  const states = ['absent', 'late', 'present'];
  const records = states.map((state, at) => ({
    participant_id: mine.participants[at]!.id,
    presence_state: state,
    ...(state === 'absent' && { note: 'Ill, says her mother' }),
  }));
  expect((await world.bruno.post('/api/presence', { session_id: mine.session.id, records })).status).toBe(200);
  await world.ana.put(`/api/admin/users/${world.school.user.emil!.id}`, {
    participant_id: mine.participants[2]!.id,
  });
}, 60_000);
afterAll(async () => {
  await world?.close();
  own.remove();
});

async function printed(path: string, by: Visitor = world.ana) {
  const response = await fetch(by.address + path, { headers: { cookie: by.cookieHeader } });
  const bytes = Buffer.from(await response.arrayBuffer());
  const isPdf = response.headers.get('content-type') === 'application/pdf';
  const text = isPdf ? (await readPdf(bytes)).text.replaceAll(/[\u00a0\u202f]/g, ' ') : bytes.toString('utf8');
  return { status: response.status, text, bytes, name: response.headers.get('content-disposition') ?? '' };
}
const register = (id = mine.session.id) => `/api/reports/register?session_id=${id}`;
const today = new Date().toISOString().slice(0, 10);
const certificate = (id = mine.participants[0]!.id, days = `from=2026-01-01&to=${today}`) =>
  `/api/reports/certificate?participant_id=${id}&${days}`;

describe('the register of a session on paper', () => {
  it('has everybody who was expected, by whom each was marked, and says whether it was completed', async () => {
    const open = await printed(register());
    expect(open.status).toBe(200);
    expect(open.name).toMatch(/filename=register_(\d{4}-\d\d-\d\d)_\1\.pdf/);
    for (const words of [
      'Riverside School',
      mine.session.name,
      mine.group.name,
      'Ada Lovelace',
      'Ill, says her mother',
      world.school.user.bruno!.firstName,
      'Nobody Marked',
      'Not marked',
      'This register was not completed.',
      'Date and signature',
    ])
      expect(open.text).toContain(words);
    expect((await world.bruno.patch(`/api/sessions/${mine.session.id}/complete-register`, {})).status).toBe(200);
    expect((await printed(register())).text).toMatch(/Completed by .* on /);
  }, 60_000);

  it('is had from the roll call', async () => {
    expect((await world.mara.get(`/sessions/${mine.session.id}`)).body).toContain(`href="${register()}"`);
  });
});

describe('a certificate', () => {
  it('says what the statement says, with lines to sign on', async () => {
    const { status, text, name } = await printed(certificate());
    expect(status).toBe(200);
    expect(name).toContain(`filename=certificate_2026-01-01_${today}.pdf`);
    const { meta } = (await world.ana.get(`/api/reports/statement?participant_id=${mine.participants[0]!.id}`)).json;
    expect(meta.figures).toMatchObject({ absent: 1, present: 0 });
    for (const words of [
      'Ada Lovelace',
      'It is certified that the attendance of Ada Lovelace from January 1, 2026 to',
      'Absent 1',
      'Attendance rate: 0.0%',
      'Signature',
    ])
      expect(text.replaceAll('\n', ' ')).toContain(words);
    expect(text).not.toContain('Present 0');
  }, 60_000);

  it.each([
    ['participant_id', 'from=2026-01-01&to=2026-01-31', 'required'],
    ['from', 'participant_id=:id&to=2026-01-31', 'required'],
    ['to', 'participant_id=:id&from=2026-01-01', 'required'],
    ['from', 'participant_id=:id&from=2026-02-01&to=2026-01-01', 'invalid'],
    ['participant_id', 'participant_id=999999999&from=2026-01-01&to=2026-01-31', 'unknown'],
    ['from', 'participant_id=:id&from=2026-01-01T12:00:00Z&to=2026-01-31', 'invalid'],
    ['to', 'participant_id=:id&from=2026-01-01&to=2999-12-31', 'invalid'],
    ['group_id', 'participant_id=:id&from=2026-01-01&to=2026-01-31&group_id=1', 'unknown_field'],
  ])('without a good %s is refused with a sentence (%s)', async (field, query, code) => {
    const asked = query.replace(':id', String(mine.participants[0]!.id));
    const { status, json } = await world.ana.get(`/api/reports/certificate?${asked}`);
    expect([status, json.errors[0].field, json.errors[0].code]).toEqual([422, field, code]);
  });
});

describe('the letterhead', () => {
  const texts = {
    letterhead_lines: ' 12 Harbour Lane \r\n\r\n1010 Vienna',
    certificate_text: 'For {name}.\n{from}: begun.',
  };
  const send = (fields: Record<string, string | Blob>) => {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    return world.ana.post('/settings/letterhead', body);
  };
  const picture = async () =>
    new Blob([
      (await sharp({ create: { width: 900, height: 300, channels: 3, background: '#0a4' } })
        .png()
        .toBuffer()) as BlobPart,
    ]);
  const images = (bytes: Buffer) => bytes.toString('latin1').split('/Subtype /Image').length - 1;

  it('stands on what is printed, and the words of certificates are its own', async () => {
    const bare = await printed(certificate());
    expect((await send({ ...texts, file: await picture() })).status).toBe(303);
    const { status, text, bytes } = await printed(certificate());
    expect(status).toBe(200);
    for (const words of ['12 Harbour Lane', '1010 Vienna', 'For Ada Lovelace.', 'January 1, 2026: begun.'])
      expect(text).toContain(words);
    expect(text).not.toContain('It is certified');
    expect([images(bare.bytes), images(bytes)]).toEqual([0, 1]);
    const report = await printed('/api/reports/summary?from=2026-01-01&to=2026-12-31&format=pdf');
    expect([report.text.includes('12 Harbour Lane'), images(report.bytes)]).toEqual([true, 1]);
    const logo = await fetch(`${world.address}/settings/letterhead/logo`, {
      headers: { cookie: world.ana.cookieHeader },
    });
    const { format, width, height } = await sharp(Buffer.from(await logo.arrayBuffer())).metadata();
    expect([format, width, height]).toEqual(['webp', 600, 200]);
    // Nobody else's.
    expect((await world.clara.get('/settings/letterhead/logo')).status).toBe(404);
    const { settings } = (await world.ana.get('/api/admin/domain-config')).json.data;
    expect(settings.letterhead_lines).toEqual(['12 Harbour Lane', '1010 Vienna']);
  }, 60_000);

  it('that is refused keeps what was typed and changes nothing', async () => {
    const seven = Array.from({ length: 7 }, (_, at) => `Line ${at}`).join('\n');
    for (const [fields, status, words] of [
      [{ ...texts, letterhead_lines: seven }, 422, 'Line 6'],
      [{ ...texts, letterhead_lines: `ok\n${'x'.repeat(121)}` }, 422, 'xxxxx'],
      [{ ...texts, certificate_text: 'y'.repeat(2001) }, 422, 'yyyyy'],
      [{ ...texts, letterhead_lines: 'Another', file: new Blob(['no picture at all']) }, 415, 'Another'],
      [{ letterhead_lines: 'Alone' }, 422, 'Alone'],
    ] as const) {
      const answer = await send(fields);
      expect([answer.status, answer.body.includes(words), answer.body.includes('role="alert"')]).toEqual([
        status,
        true,
        true,
      ]);
    }
    const { body } = await world.ana.get('/settings/letterhead');
    expect(body).toContain('12 Harbour Lane');
    expect(body).toContain('/settings/letterhead/logo?v=');
  });

  it('loses its logo and its words when these are taken away', async () => {
    expect((await send({ letterhead_lines: '', certificate_text: ' ', remove_logo: 'on' })).status).toBe(303);
    const { text, bytes } = await printed(certificate());
    expect([text.includes('It is certified'), text.includes('Vienna'), images(bytes)]).toEqual([true, false, 0]);
    expect((await world.ana.get('/settings/letterhead/logo')).status).toBe(404);
  }, 60_000);
});

describe('who may have which paper', () => {
  it('is nobody of another organization: theirs is as unknown as one that does not exist', async () => {
    for (const door of [register, certificate]) {
      const theirs = await world.ana.get(door(door === register ? foreign.session.id : foreign.participants[0]!.id));
      const none = await world.ana.get(door(999_999_999));
      expect([theirs.status, theirs.body]).toEqual([422, none.body]);
    }
  });

  it('is, of some groups, whoever works with them', async () => {
    await world.ana.put('/api/admin/domain-config', { settings: { frontline_groups: 'assigned' } });
    for (const door of [register(), certificate()]) {
      const { status, json } = await world.bruno.get(door);
      expect([status, json.errors[0].code]).toEqual([422, 'unknown']);
    }
    await world.ana.put('/api/admin/domain-config', { settings: { frontline_groups: 'all' } });
    expect((await printed(register(), world.bruno)).status).toBe(200);
  }, 60_000);

  it('is the person himself, of his statement alone', async () => {
    const statement = await printed('/api/reports/statement?format=pdf', world.emil);
    expect(statement.status).toBe(200);
    expect(statement.text).toContain('Emil External');
    expect(statement.text).not.toContain('Ada Lovelace');
    const others = await printed(
      `/api/reports/statement?format=pdf&participant_id=${mine.participants[0]!.id}`,
      world.emil,
    );
    expect([others.status, others.text.includes('Emil External'), others.text.includes('Ada')]).toEqual([
      200,
      true,
      false,
    ]);
    for (const door of [register(), certificate(mine.participants[2]!.id)])
      expect((await world.emil.get(door)).status).toBe(403);
    const ask = (report: string) => world.emil.post('/api/reports/exports', { report, format: 'csv' });
    for (const report of ['presence', 'statement', 'summary']) expect((await ask(report)).status).toBe(403);
    // Each was noted, with who asked.
    const noted = await world.read(world.school, (em) =>
      em.find(AuditLog, { tableName: 'exports', changedBy: world.school.user.emil!.id }),
    );
    expect(noted.map(({ newValues }) => JSON.parse(newValues!).report)).toEqual(['statement', 'statement']);
  }, 60_000);
});
