import { existsSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Import, Participant, Reading } from '../../src/participants/index.js';
import { inOrganization } from '../../src/platform/database/in-organization.js';
import { type Orm } from '../../src/platform/database/orm.js';
import { uploadedFile, uploadsFolder } from '../../src/platform/files.js';
import { XLSX_TYPE } from '../../src/platform/xlsx/workbook-stream.js';
import { MikroORM } from '@mikro-orm/core';
import { bulk, countsOf, idle, importOf } from '../support/imports.js';
import { HEAD, PEOPLE, workbook, zip } from '../support/workbooks.js';
import { type Visitor } from '../support/visitor.js';
import { World } from '../world.js';

let world: World;
let ana: Visitor;
beforeAll(async () => {
  world = await World.open();
  ana = world.ana;
});
afterAll(() => world.close());

const CSV = (id: string) => `identifier,first_name,last_name\n${id},Ada,Any\n`;
/** A body that is the file itself. */
async function raw(type: string, bytes: Buffer | string, query = '', visitor = ana) {
  const response = await fetch(`${visitor.address}/api/imports${query}`, {
    method: 'POST',
    headers: { cookie: visitor.cookieHeader, 'content-type': type },
    body: bytes as never,
  });
  const text = await response.text();
  return { status: response.status, json: JSON.parse(text) };
}
const codesOf = (answer: { status: number; json: any }) => [
  answer.status,
  answer.json.errors?.map((each: any) => [each.code, each.field]),
];
const jobsNow = () => world.read(world.school, (em) => em.count(Import, {}));

describe('a program sends', () => {
  it('a CSV file, in a form or as the body', async () => {
    const form = await ana.post('/api/imports', bulk(CSV('AN1'), { dry_run: 'true' }));
    expect([form.status, form.json.data.imports]).toEqual([
      202,
      [{ id: expect.any(Number), status: 'queued', kind: 'participants', file_name: 'list.csv' }],
    ]);
    const plain = await raw('text/csv; charset=utf-8', CSV('AN2'), '?file_name=pupils.csv&on_error=abort');
    expect([plain.status, plain.json.data.imports[0].file_name]).toEqual([202, 'pupils.csv']);
    await idle(world);
    expect(await importOf(ana, form.json.data.imports[0].id)).toMatchObject({ dry_run: true, created: 1 });
    expect(await importOf(ana, plain.json.data.imports[0].id)).toMatchObject({ on_error: 'abort', created: 1 });
  });

  it('a workbook, with where its columns go', async () => {
    const mapping = JSON.stringify({ date_of_birth: 'left_out' });
    const answer = await raw(XLSX_TYPE, zip(workbook(PEOPLE)), `?mapping=${encodeURIComponent(mapping)}`);
    expect(answer.status).toBe(202);
    await idle(world);
    expect(countsOf(await importOf(ana, answer.json.data.imports[0].id))).toMatchObject({ total: 2, created: 2 });
    const found = await world.read(world.school, (em) => em.findOneOrFail(Participant, { lastName: 'Lovelace' }));
    expect(found.dateOfBirth).toBeNull();
  });

  it('an archive: one import for each file, in the order in which they build on each other', async () => {
    const bytes = zip({
      'enrolled.csv': 'group_name,participant_identifier\nArchive choir,AR1\n',
      'people.csv': CSV('AR1').replace('Any', 'Archive'),
    });
    const answer = await raw('application/zip', bytes);
    expect(answer.status).toBe(202);
    const { imports } = answer.json.data;
    expect(imports.map((each: any) => [each.kind, each.file_name])).toEqual([
      ['groups', 'file.zip › enrolled.csv'],
      ['participants', 'file.zip › people.csv'],
    ]);
    await idle(world);
    for (const { id } of imports) expect(await importOf(ana, id)).toMatchObject({ created: 1, failed: 0 });
  });

  it('what cannot be used, and nothing of it is taken', async () => {
    const before = await jobsNow();
    expect(codesOf(await raw('text/plain', CSV('X')))).toEqual([415, [['unsupported_media_type', undefined]]]);
    expect(codesOf(await raw('text/csv', '%PDF-1.7 no list'))).toEqual([415, [['unsupported_media_type', 'file']]]);
    expect(codesOf(await raw('text/csv', ''))).toEqual([422, [['empty', 'file']]]);
    expect(codesOf(await raw('text/csv', Buffer.alloc(51 * 1024 * 1024, 'a')))).toEqual([413, [['too_large', 'file']]]);
    expect(codesOf(await raw('text/csv', CSV('X'), '?on_error=cry'))).toEqual([422, [['invalid', 'on_error']]]);
    expect(codesOf(await raw('text/csv', CSV('X'), '?color=red'))).toEqual([422, [['unknown_field', 'color']]]);
    expect(codesOf(await ana.post('/api/imports', new FormData()))).toEqual([422, [['required', 'file']]]);
    expect(codesOf(await raw('text/csv', 'a,b\n1,2\n'))[0]).toBe(422);
    expect(codesOf(await raw(XLSX_TYPE, zip(workbook('<row><c></row>'))))).toEqual([
      422,
      [['broken_workbook', 'file']],
    ]);
    expect(codesOf(await raw('application/zip', zip({ 'a.csv': 'a,b\n1,2\n' }, { 'a.csv': 0xf0000000 })))).toEqual([
      413,
      [['archive_too_large', 'file']],
    ]);
    const mixed = await raw('application/zip', zip({ 'good.csv': CSV('X'), 'bad.csv': 'a,b\n1,2\n' }));
    expect(mixed.status).toBe(422);
    expect(mixed.json.errors[0].message).toMatch(/^file\.zip › bad\.csv: The columns of this file are not known/);
    const mapped = zip({ 'one.csv': CSV('X'), 'two.csv': CSV('Y') });
    expect(codesOf(await raw('application/zip', mapped, '?mapping=%7B%7D'))).toEqual([422, [['invalid', 'mapping']]]);
    expect(await jobsNow()).toBe(before);
    // Lists of one kind stay strict.
    const strict = await ana.post('/api/participants/bulk', bulk(zip(workbook(PEOPLE)), {}, 'people.xlsx'));
    expect(codesOf(strict)).toEqual([415, [['unsupported_media_type', 'file']]]);
  }, 60_000);

  it('nothing without the right', async () => {
    for (const visitor of [world.bruno, world.mara, world.emil])
      expect((await raw('text/csv', CSV('X'), '', visitor)).status).toBe(403);
    expect((await raw('text/csv', CSV('X'), '', world.visitor())).status).toBe(401);
  });
});

describe('an archive that takes long to read', () => {
  /** An upload that lies in the folder. */
  const lying = (bytes: Buffer, name: string) => {
    const path = crypto.randomUUID().replaceAll('-', '');
    writeFileSync(uploadedFile(uploadsFolder(world.config), path), bytes);
    return { path, fileName: name };
  };
  const who = () => ({ organizationId: world.school.organization.id, userId: world.school.user.ana!.id });
  const begin = (bytes: Buffer, name: string) =>
    inOrganization(world.app.get<Orm>(MikroORM), who(), () => world.app.get(Reading).begin(lying(bytes, name), 0));

  /** The row of an upload that another process reads. @param until when its claim runs out */
  const readElsewhere = (name: string, claim: number, until: number) =>
    world.write(world.school, async (em) => {
      const upload = lying(zip(workbook(PEOPLE)), name);
      const row = em.create(Import, {
        kind: 'unknown',
        fileName: upload.fileName,
        fileHash: '',
        filePath: upload.path,
        shape: { header: [] },
        mapping: {},
        status: 'reading',
        onError: 'skip',
        claim,
        claimedUntil: new Date(until),
        user: world.school.user.ana!.id,
      });
      await em.flush();
      return row.id;
    });
  const resume = async () => {
    await world.app.get(Reading).resume();
    await world.app.get(Reading).idle();
  };

  it('says that it is being read; then it waits for the person', async () => {
    const id = await readElsewhere('slow.xlsx', 1, Date.now() + 3_600_000);
    const address = `/import/${id}`;
    await resume();
    expect((await ana.get(address)).body).toContain('This file is being read.');
    expect((await importOf(ana, id)).status).toBe('reading');
    expect((await ana.get('/import')).body).toContain('Being read');
    expect((await ana.form('/import/start', { ids: String(id) })).status).toBe(409);
    await world.write(world.school, (em) => em.nativeUpdate(Import, { id }, { claimedUntil: new Date(0) }));
    await resume();
    const progress = await ana.get(`${address}/progress`, { 'HX-Request': 'true' });
    expect(progress.headers.get('hx-redirect')).toBe(address);
    expect((await ana.get(address)).body).toContain('Lovelace');
    const list = await ana.get('/import?reading=yes', { 'HX-Request': 'true' });
    expect(list.headers.get('hx-refresh')).toBe('true');
  });

  it('is answered at once with the row that stands for it', async () => {
    const { ids, refused } = await begin(zip(workbook(PEOPLE)), 'later.xlsx');
    expect([ids.length, refused]).toEqual([1, []]);
    await world.app.get(Reading).idle();
    expect((await importOf(ana, ids[0]!)).status).toBe('preview');
  });

  it('leads to all of its files when there are several, and keeps what was wrong with one', async () => {
    const bytes = zip({ 'a.csv': CSV('LA'), 'b.csv': 'group_name\nLong choir\n', 'c.csv': 'empty' });
    const { ids } = await begin(bytes, 'long.zip');
    await world.app.get(Reading).idle();
    const progress = await ana.get(`/import/${ids[0]}/progress`, { 'HX-Request': 'true' });
    expect(progress.headers.get('hx-redirect')).toBe('/import');
    const list = (await ana.get('/import')).body;
    for (const name of ['a.csv', 'b.csv', 'c.csv']) expect(list).toContain(`long.zip › ${name}`);
    const failed = await world.read(world.school, (em) => em.findOneOrFail(Import, { fileName: 'long.zip › c.csv' }));
    const page = (await ana.get(`/import/${failed.id}`)).body;
    expect(page).toContain('no rows below it');
  });

  it('and cannot be read tells so on its page', async () => {
    const { ids } = await begin(zip(workbook(`${HEAD}<row><c></row>`)), 'broken.xlsx');
    await world.app.get(Reading).idle();
    expect((await ana.get(`/import/${ids[0]}`)).body).toContain('This workbook cannot be read.');
    expect(await importOf(ana, ids[0]!)).toMatchObject({ status: 'failed', errors: [{ code: 'broken_workbook' }] });
  });

  it('is read by another process when the first one ended meanwhile, and given up when that happens again and again', async () => {
    const again = await readElsewhere('left.xlsx', 3, Date.now() - 1_000);
    await resume();
    expect((await importOf(ana, again)).status).toBe('failed');
    const once = await readElsewhere('left.xlsx', 1, Date.now() - 1_000);
    await resume();
    expect((await importOf(ana, once)).status).toBe('preview');
    expect((await ana.get(`/import/${once}`)).body).toContain('Lovelace');
  });

  /** What happens after the file was unpacked, and before what was in it is kept. */
  const betweenUnpackingAndKeeping = (happens: () => unknown) => {
    const reading = world.app.get(Reading) as any;
    const keep = reading.keep.bind(reading);
    reading.keep = async (...args: unknown[]) => {
      delete reading.keep;
      await happens();
      return keep(...args);
    };
  };
  const rowsOf = (archive: string) =>
    world.read(world.school, (em) =>
      em.find(Import, { fileName: { $like: `${archive}%` } }, { orderBy: { id: 'asc' } }),
    );

  it('is read again as a whole when the process ended in the middle', async () => {
    betweenUnpackingAndKeeping(() => {
      throw new Error('the process ended (a test)');
    });
    const { ids } = await begin(zip({ 'a.csv': CSV('CA'), 'b.csv': 'group_name\nCut choir\n' }), 'cut.zip');
    await world.app.get(Reading).idle();
    expect((await rowsOf('cut.zip')).map(({ id, status }) => [id, status])).toEqual([[ids[0], 'reading']]);
    await world.write(world.school, (em) => em.nativeUpdate(Import, { id: ids[0]! }, { claimedUntil: new Date(0) }));
    await resume();
    const rows = await rowsOf('cut.zip');
    expect(rows.map(({ fileName, status }) => [fileName, status])).toEqual([
      ['cut.zip › a.csv', 'preview'],
      ['cut.zip › b.csv', 'preview'],
    ]);
    expect((await ana.get(`/import/${rows[1]!.id}`)).body).toContain('Cut choir');
  });

  it('is kept by nobody who was taken for dead meanwhile', async () => {
    const inAnHour = new Date(Date.now() + 3_600_000);
    betweenUnpackingAndKeeping(() =>
      world.write(world.school, (em) =>
        em.nativeUpdate(Import, { fileName: 'twice.zip' }, { claim: 9, claimedUntil: inAnHour }),
      ),
    );
    await begin(zip({ 'a.csv': CSV('TA'), 'b.csv': CSV('TB') }), 'twice.zip');
    await world.app.get(Reading).idle();
    const [row, ...others] = await rowsOf('twice.zip');
    expect([row!.status, row!.claim, others]).toEqual(['reading', 9, []]);
    // Whoever has it now still finds the archive.
    expect(existsSync(uploadedFile(uploadsFolder(world.config), row!.filePath))).toBe(true);
  });
});
