import { existsSync } from 'node:fs';
import { readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import iconv from 'iconv-lite';
import { uploadedFile, uploadsFolder } from '../../src/platform/files.js';
import { Import, ImportJobs, Participant } from '../../src/participants/index.js';
import { Archive } from '../../src/participants/import/workbook/archive.js';
import { workbookToCsv } from '../../src/participants/import/workbook/workbook-to-csv.js';
import { bulk, countsOf, idle, importList, importOf } from '../support/imports.js';
import { HEAD, workbook, zip } from '../support/workbooks.js';
import { type Visitor } from '../support/visitor.js';
import { World } from '../world.js';

let world: World;
let ana: Visitor;
beforeAll(async () => {
  world = await World.open();
  ana = world.ana;
});
afterAll(() => world.close());

const people = (csv: string | Uint8Array, fields?: Record<string, string>) =>
  importList(world, ana, 'participants', csv, fields);
const person = (identifier: string) => world.read(world.school, (em) => em.findOne(Participant, { identifier }));
const errorsOf = async (job: { id: number }, visitor = ana, path = `/api/imports/${job.id}/errors`) => {
  const response = await fetch(visitor.address + path, { headers: { cookie: visitor.cookieHeader } });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes, text: bytes.toString('utf8') };
};

/** What the file says of its rows, as the reader of uploads takes it apart. */
async function uploadAgain(bytes: Buffer, name = 'mended.csv'): Promise<any> {
  const answer = await ana.post('/api/participants/bulk', bulk(bytes, {}, name));
  expect([answer.status, answer.json.errors]).toEqual([202, undefined]);
  await idle(world);
  return importOf(ana, answer.json.data.id);
}

describe('the rows that were not taken', () => {
  it('come back as they stand in the file, with one more column that says why', async () => {
    const job = await people(
      'identifier;first_name;last_name;Note\r\nE1;Ann;Taken;\r\n\r\nE2;  ;"Emp;ty";=1+1\r\nE3;Ben\r\nE1;Cid;Double;"say\r\n ""hi"""\r\nE4;a;b;c;d\r\n',
    );
    const { status, headers, text } = await errorsOf(job);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(headers.get('content-disposition')).toBe('attachment; filename=list-errors.csv');
    expect(text.split('\r\n"')[0]).toBe(
      'identifier;first_name;last_name;Note;import_errors\r\nE2;  ;"Emp;ty";=1+1;"Row 3, first_name: This row needs first_name."\r\nE3;Ben;;;"Row 4, last_name: This row needs last_name."\r\nE1;Cid;Double;"say\r\n ""hi""";"Row 5, identifier: E1 stands in row 2 already. Each identifier may stand in one row only."\r\nE4;a;b;c;d;"Row 6: This row has 5 cells, but the file has 4 columns. Put quotation marks around a value that holds the separator."\r\n',
    );
  });

  it('are mended in that file and uploaded as it is: the column of errors is left out', async () => {
    const job = await people('identifier,first_name,last_name\nF1,Flo,One\nF2,,Two\nF3,,Three\n');
    const { text } = await errorsOf(job);
    const again = await uploadAgain(Buffer.from(text.replace('F2,,', 'F2,Fay,')));
    expect(countsOf(again)).toMatchObject({ total: 2, created: 1, failed: 1 });
    expect(await person('F2')).toMatchObject({ firstName: 'Fay', extraData: {} });
    // What is still wrong comes back with the new reason in the place of the old one.
    const second = (await errorsOf(again)).text;
    expect(second).toBe(
      'identifier,first_name,last_name,import_errors\nF3,,Three,"Row 3, first_name: This row needs first_name."\n',
    );
  });

  it.each([
    ['utf-8 with a mark', 'utf-8', [0xef, 0xbb, 0xbf]],
    ['utf-16le', 'utf-16le', [0xff, 0xfe]],
    ['utf-16be', 'utf-16be', [0xfe, 0xff]],
    ['windows-1252', 'windows-1252', []],
  ])('keep the bytes of a file in %s', async (_name, encoding, mark) => {
    const word = encoding === 'windows-1252' ? 'Größe – 5 €' : 'Größe – 5 € 𝄞';
    const text = `identifier\tfirst_name\tlast_name\tNote\rB-${encoding}\tÄnne\tTaken\t\rBad-1\t\tZoë\t${word}\rBad-2\tÄ\t\t${word}\r`;
    const job = await people(Buffer.concat([Buffer.from(mark), iconv.encode(text, encoding)]));
    expect(countsOf(job)).toMatchObject({ created: 1, failed: 2 });
    const { bytes, headers } = await errorsOf(job);
    expect(headers.get('content-type')).toBe(`text/csv; charset=${encoding}`);
    expect([...bytes.subarray(0, mark.length)]).toEqual(mark);
    expect(iconv.decode(bytes, encoding)).toBe(
      `identifier\tfirst_name\tlast_name\tNote\timport_errors\rBad-1\t\tZoë\t${word}\t"Row 3, first_name: This row needs first_name."\rBad-2\tÄ\t\t${word}\t"Row 4, last_name: This row needs last_name."\r`,
    );
    const mended = iconv.decode(bytes, encoding).replace('Bad-1\t', `Bad-1 ${encoding}\tMended`);
    const again = await uploadAgain(Buffer.concat([Buffer.from(mark), iconv.encode(mended, encoding)]));
    expect(countsOf(again)).toMatchObject({ created: 1, failed: 1 });
  });

  it('keep even bytes that are no letters: they are not turned into question marks', async () => {
    const bytes = Buffer.from('identifier,first_name,last_name\nN1,J\x81rg,\xdcmlaut\n', 'latin1');
    const job = await people(bytes);
    expect(countsOf(job)).toMatchObject({ failed: 1 });
    const file = (await errorsOf(job)).bytes;
    expect(file.includes(Buffer.from('N1,J\x81rg,\xdcmlaut,"Row 2', 'latin1'))).toBe(true);
  });

  it('are explained in the language of the reader, in English where the file cannot hold its letters', async () => {
    const file = 'identifier,first_name,last_name\nL1,,\xc4\n';
    const [plain, narrow] = [
      await people('identifier,first_name,last_name\nL1,,x\n'),
      await people(Buffer.from(file, 'latin1')),
    ];
    const locale = async (value: string) =>
      expect((await ana.send('PUT', '/api/admin/organization', { locale: value })).status).toBe(200);
    try {
      await locale('de');
      expect((await errorsOf(plain)).text).toContain('"Zeile 2, first_name: Diese Zeile braucht first_name."');
      await locale('ar');
      expect((await errorsOf(plain)).text).toMatch(/"[^"]*\p{Script=Arabic}[^"]*first_name/u);
      expect((await errorsOf(narrow)).bytes.toString('latin1')).toContain(
        'L1,,\xc4,"Row 2, first_name: This row needs first_name."',
      );
    } finally {
      await locale('en');
    }
  });

  it('never begin a formula with what we say', async () => {
    // The header is the file's own word, and stands at the beginning of nothing.
    const job = await people('identifier,first_name,last_name,email\n=cmd|x,@SUM(1),+x,"=HYPERLINK(""http://x"")"\n');
    const { text } = await errorsOf(job);
    expect(text.split('\n')[1]).toMatch(/^=cmd\|x,@SUM\(1\),\+x,"=HYPERLINK\(""http:\/\/x""\)","Row 2, email: /);
  });

  it('are every row when nothing was taken because of some', async () => {
    const job = await people('identifier,first_name,last_name\nA1,Al,Right\nA2,,Wrong\n', { on_error: 'abort' });
    expect((await errorsOf(job)).text).toBe(
      'identifier,first_name,last_name,import_errors\nA1,Al,Right,""\nA2,,Wrong,"Row 3, first_name: This row needs first_name."\n',
    );
  });

  it('of a workbook come as a workbook, which is taken again', async () => {
    const cell = (at: string, text: string) => `<c r="${at}" t="inlineStr"><is><t>${text}</t></is></c>`;
    const rows = `${HEAD}<row r="2">${cell('A2', '=1+1 &amp; &quot;x&quot;')}<c r="C2" s="1"><v>36526</v></c></row><row r="3">${cell('A3', 'Ok')}${cell('B3', 'Here')}</row><row r="4">${cell('B4', 'Åström')}</row>`;
    const form = new FormData();
    form.append('files', new Blob([zip(workbook(rows)) as never]), 'people.xlsx');
    const address = (await ana.send('POST', '/import', form)).headers.get('location')!;
    const id = Number(address.split('/').at(-1));
    await ana.form('/import/start', { ids: String(id) });
    await idle(world);
    expect((await ana.get(address)).body).toContain(`href="${address}/errors"`);
    const { bytes, headers } = await errorsOf({ id }, ana, `${address}/errors`);
    expect(headers.get('content-disposition')).toBe('attachment; filename=people-errors.xlsx');
    expect(headers.get('content-type')).toContain('spreadsheetml');
    const [file, target] = [join(tmpdir(), `e${id}.xlsx`), join(tmpdir(), `e${id}.csv`)];
    await writeFile(file, bytes);
    const archive = await Archive.open(file);
    await workbookToCsv(archive, target);
    archive.close();
    expect(await readFile(target, 'utf8')).toBe(
      'first_name,last_name,date_of_birth,import_errors\r\n"=1+1 & ""x""",,2000-01-01,"Row 2, last_name: This row needs last_name."\r\n,Åström,,"Row 4, first_name: This row needs first_name."\r\n',
    );
    const again = new FormData();
    again.append('files', new Blob([bytes as never]), 'people-errors.xlsx');
    const page = await ana.get((await ana.send('POST', '/import', again)).headers.get('location')!);
    expect(page.body).toContain('Start the import');
    await Promise.all([rm(file), rm(target)]);
  });

  it('of a large file come in pieces', async () => {
    const rows = Array.from({ length: 3500 }, (_, at) => (at % 2 ? `Z${at},,Wrong${at}` : `Z${at},Right,Row${at}`));
    const job = await people(`identifier,first_name,last_name\n${rows.join('\n')}\n`, { dry_run: 'true' });
    const lines = (await errorsOf(job)).text.trimEnd().split('\n').slice(1);
    expect(lines.map((line) => line.split(',"')[0])).toEqual(rows.filter((_, at) => at % 2));
  }, 30_000);
});

describe('the file of errors', () => {
  it('is not there when every row was taken, or while the import waits', async () => {
    const good = await people('identifier,first_name,last_name\nG1,Gil,Good\n');
    const answer = await ana.get(`/api/imports/${good.id}/errors`);
    expect([answer.status, answer.json.errors[0].code]).toEqual([409, 'no_errors']);
    const job = await world.read(world.school, (em) => em.findOneOrFail(Import, { id: good.id }));
    expect(existsSync(uploadedFile(uploadsFolder(world.config), job.filePath))).toBe(false);
    const form = new FormData();
    form.append('files', new Blob(['first_name,last_name\n,x\n']), 'waits.csv');
    const address = (await ana.send('POST', '/import', form)).headers.get('location')!;
    expect((await ana.get(`/api/imports/${address.split('/').at(-1)}/errors`)).json.errors[0].code).toBe(
      'not_finished',
    );
    expect((await ana.get(`${address}/errors`)).status).toBe(409);
  });

  it('goes a week after the import, and the page says so; the list of errors stays', async () => {
    const job = await people('identifier,first_name,last_name\nW1,,Gone\n');
    const page = (await ana.get(`/import/${job.id}`)).body;
    expect(page).toContain(`href="/import/${job.id}/errors"`);
    const jobs = world.app.get(ImportJobs);
    await jobs.sweep();
    expect((await errorsOf(job)).status).toBe(200);
    const { filePath } = await world.read(world.school, (em) => em.findOneOrFail(Import, { id: job.id }));
    const file = uploadedFile(uploadsFolder(world.config), filePath);
    const old = new Date(Date.now() - 8 * 86_400_000);
    await utimes(file, old, old);
    await world.write(world.school, (em) => em.nativeUpdate(Import, { id: job.id }, { finishedAt: old }));
    await jobs.sweep();
    expect(existsSync(file)).toBe(false);
    const answer = await ana.get(`/api/imports/${job.id}/errors`);
    expect([answer.status, answer.json.errors[0].code]).toEqual([410, 'file_gone']);
    const later = (await ana.get(`/import/${job.id}`)).body;
    expect(later).toContain('not kept any more');
    expect(later).toContain('This row needs');
    expect(later).not.toContain(`href="/import/${job.id}/errors"`);
  });

  it('is for who may import; strangers see nothing', async () => {
    const job = await people('identifier,first_name,last_name\nS1,,Secret\n');
    for (const path of [`/api/imports/${job.id}/errors`, `/import/${job.id}/errors`]) {
      for (const visitor of [world.bruno, world.mara, world.emil]) expect((await visitor.get(path)).status).toBe(403);
      const unknown = await world.clara.get(path.replace(String(job.id), '99999999'));
      const foreign = await world.clara.get(path);
      expect([foreign.status, unknown.status]).toEqual([404, 404]);
      if (path.startsWith('/api')) expect(foreign.body).toBe(unknown.body);
    }
  });
});
