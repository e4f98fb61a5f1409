import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Import, ImportMapping, Participant } from '../../src/participants/index.js';
import { bulk, idle, importOf } from '../support/imports.js';
import { type Visitor } from '../support/visitor.js';
import { World } from '../world.js';

let world: World;
let ana: Visitor;
beforeAll(async () => {
  world = await World.open();
  ana = world.ana;
});
afterAll(() => world.close());

async function uploaded(csv: string, visitor = ana): Promise<number> {
  const form = new FormData();
  form.append('files', new Blob([csv]), 'list.csv');
  return Number((await visitor.send('POST', '/import', form)).headers.get('location')!.split('/').at(-1));
}
const start = async (id: number, fields: Record<string, string> = {}) => {
  expect((await ana.form('/import/start', { ids: String(id), ...fields })).status).toBe(303);
  await idle(world);
};
const jobOf = (id: number) => world.read(world.school, (em) => em.findOneOrFail(Import, { id }));
const mappings = () => world.read(world.school, (em) => em.find(ImportMapping, {}, { orderBy: { id: 'asc' } }));
const REMEMBERED = 'The columns go where they went on';

describe('where the columns of a file go', () => {
  const csv = (id: string) => `Vorname;Nachname;Nr;Geburtstag;Hobby\nÄnne;Größe;${id};1.2.1999;Go\n`;
  const choice = {
    kind: 'participants',
    column_0: 'first_name',
    column_1: 'last_name',
    column_2: 'identifier',
    column_3: 'date_of_birth',
    format_3: 'DD.MM.YYYY',
    column_4: 'left_out',
  };

  it('is remembered when the import starts, and offered for the next file with this head', async () => {
    const first = await uploaded(csv('R1'));
    expect((await ana.get(`/import/${first}`)).body).not.toContain(REMEMBERED);
    await ana.form(`/import/${first}/columns`, { kind: 'participants' });
    await ana.form(`/import/${first}/columns`, choice);
    expect(await mappings()).toEqual([]);
    // A trial run decides nothing.
    await start(first, { dry_run: 'true' });
    expect(await mappings()).toEqual([]);
    await start(first);
    expect(await mappings()).toHaveLength(1);

    // Case and spaces make no other head, nor does our own column.
    const second = await uploaded(`vorname;Nachname;NR;geburtstag;hobby;import_errors\nBo;Klein;R2;2.2.1999;;Row 2\n`);
    expect(await jobOf(second)).toMatchObject({ kind: 'participants', mapping: { Nr: 'identifier' } });
    const page = (await ana.get(`/import/${second}`)).body;
    expect(page).toContain(REMEMBERED);
    expect(page).toContain('Start the import');
    await start(second);
    const found = await world.read(world.school, (em) => em.findOneOrFail(Participant, { identifier: 'R2' }));
    expect(found).toMatchObject({ firstName: 'Bo', dateOfBirth: '1999-02-02', extraData: {} });
    expect(await mappings()).toHaveLength(1);
  });

  it('can be guessed anew, and what is started then is what counts', async () => {
    const head = 'first_name,last_name,identifier,email\n';
    const first = await uploaded(`${head}Al,One,G1,al@x.example\n`);
    await ana.form(`/import/${first}/columns`, {
      kind: 'participants',
      column_0: 'last_name',
      column_1: 'first_name',
      column_2: 'identifier',
      column_3: 'left_out',
    });
    await start(first);
    const second = await uploaded(`${head}Al,Two,G2,al2@x.example\n`);
    expect((await jobOf(second)).mapping).toMatchObject({ first_name: 'last_name' });
    expect((await ana.form(`/import/${second}/guess`, {})).headers.get('location')).toBe(`/import/${second}#columns`);
    expect((await ana.get(`/import/${second}`)).body).not.toContain(REMEMBERED);
    const before = (await mappings()).length;
    await start(second);
    expect((await mappings()).length).toBe(before - 1);
    const found = await world.read(world.school, (em) => em.findOneOrFail(Participant, { identifier: 'G2' }));
    expect(found).toMatchObject({ firstName: 'Al', email: 'al2@x.example' });
    expect((await ana.form(`/import/${second}/guess`, {})).status).toBe(409);
  });

  it('is said by a program itself', async () => {
    const before = (await mappings()).length;
    const mapping = JSON.stringify({ Prénom: 'first_name', Nom: 'last_name', Numéro: 'identifier' });
    const file = 'Prénom,Nom,Numéro\nA,B,P-1\n';
    expect((await ana.post('/api/participants/bulk', bulk(file, { mapping }))).status).toBe(202);
    await idle(world);
    expect((await mappings()).length).toBe(before);
    const form = bulk(csv('P-2'));
    expect((await ana.post('/api/participants/bulk', form)).status).toBe(422);
  });

  it('is remembered for 200 heads; what was not used for longest goes', async () => {
    await world.write(world.school, async (em) => {
      for (let at = 0; at < 200; at++)
        em.create(ImportMapping, {
          kind: 'participants',
          headHash: String(at).padStart(64, '0'),
          mapping: {},
          usedAt: new Date(Date.UTC(2020, 0, 1, 0, at)),
        });
      await em.flush();
    });
    const id = await uploaded('Rufname,Familie\nA,B\n');
    await ana.form(`/import/${id}/columns`, { kind: 'participants' });
    await ana.form(`/import/${id}/columns`, { kind: 'participants', column_0: 'first_name', column_1: 'last_name' });
    await start(id);
    const left = await mappings();
    expect(left).toHaveLength(200);
    const hashes = left.map(({ headHash }) => headHash);
    expect(hashes).not.toContain('0'.repeat(64));
    expect(hashes).toContain(String(199).padStart(64, '0'));
  });

  it('is nobody else’s business', async () => {
    const id = await uploaded(csv('X'));
    expect((await ana.get(`/import/${id}`)).body).toContain(REMEMBERED);
    const foreign = await uploaded(csv('X'), world.clara);
    expect((await world.clara.get(`/import/${foreign}`)).body).not.toContain(REMEMBERED);
    expect((await world.clara.form(`/import/${id}/guess`, {})).status).toBe(404);
    expect((await world.mara.form(`/import/${id}/guess`, {})).status).toBe(403);
  });
});

describe('a list whose columns are called otherwise', () => {
  it.each([
    ['Nom;Prénom;Date de naissance;Classe;Courriel', 'Curie;Marie;7/11/1999;6e A;m@x.example'],
    ['Nachname;Vorname;Geburtsdatum;Klasse;E-Mail-Adresse', 'Curie;Marie;7.11.1999;6e A;m@x.example'],
    ['Name;Vorname;Geb.-Datum;Gruppe;Mailadresse', 'Curie;Marie;7.11.1999;6e A;m@x.example'],
    ['Apellidos;Nombre;Fecha de nacimiento;Clase;Correo electrónico', 'Curie;Marie;7/11/1999;6e A;m@x.example'],
    ['اسم العائلة;الاسم الأول;تاريخ الميلاد;الصف;البريد الإلكتروني', 'Curie;Marie;7/11/1999;6e A;m@x.example'],
    ['Surname;Given name;D.O.B.;Class;E-mail address', 'Curie;Marie;1999-11-07;6e A;m@x.example'],
  ])('is guessed from how people call them: %s', async (head, row) => {
    const id = await uploaded(`${head}\n${row}\n`);
    const { kind, mapping } = await jobOf(id);
    // A database may keep the keys in another order.
    const fields = Object.values(mapping).map((each) => each.split(':')[0]!);
    expect([kind, fields.sort()]).toEqual([
      'participants',
      ['date_of_birth', 'email', 'first_name', 'group', 'last_name'],
    ]);
    await start(id, { dry_run: 'true' });
    const answer = await importOf(ana, id);
    expect(answer).toMatchObject({ created: 1, failed: 0 });
    // What a program sends is taken at its word.
    expect((await ana.post('/api/participants/bulk', bulk(`${head}\n${row}\n`))).status).toBe(422);
  });

  it.each([
    ['3.2.2011', 'DD.MM.YYYY'],
    ['3/2/2011 25/2/2011', 'DD/MM/YYYY'],
    ['3/2/2011 2/25/2011', 'MM/DD/YYYY'],
    ['2011-02-03', undefined],
    ['3/2/2011', undefined],
  ])('and its dates are read as they are written: %s', async (dates, format) => {
    const rows = dates.split(' ').map((date, at) => `A${at},B,${date}`);
    const head = `first_name,last_name,date_of_birth`;
    const first = await uploaded(`${head}\n${rows.join('\n')}\n`);
    expect((await jobOf(first)).mapping).toEqual(format ? { date_of_birth: `date_of_birth:${format}` } : {});
    await ana.form(`/import/${first}/guess`, {});
    expect((await jobOf(first)).mapping).toEqual(format ? { date_of_birth: `date_of_birth:${format}` } : {});
    // The same when somebody says himself that a column holds dates.
    const second = await uploaded(`first_name,last_name,On\n${rows.join('\n')}\n`);
    const choice = { kind: 'participants', column_0: 'first_name', column_1: 'last_name', column_2: 'date_of_birth' };
    await ana.form(`/import/${second}/columns`, choice);
    expect((await jobOf(second)).mapping.On).toBe(`date_of_birth${format ? `:${format}` : ''}`);
  });

  it('keeps the choice of whoever did not want the guess', async () => {
    const csv = 'first_name,last_name,Class\nAda,Guess,Red\n';
    const first = await uploaded(csv);
    expect((await jobOf(first)).mapping).toEqual({ Class: 'group' });
    const choice = { kind: 'participants', column_0: 'first_name', column_1: 'last_name', column_2: 'extra_data' };
    await ana.form(`/import/${first}/columns`, choice);
    await start(first);
    expect((await jobOf(await uploaded(csv))).mapping).toMatchObject({ Class: 'extra_data' });
  });
});
