import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Import } from '../../src/participants/import/import.entity.js';
import { undoRows } from '../../src/participants/import/undo-rows.js';
import { Group, GroupMembership, Participant } from '../../src/participants/index.js';
import { clock } from '../../src/platform/clock.js';
import { addDays, dayOf } from '../../src/tenancy/index.js';
import { addsUp, bulk, countsOf, idle, idsOn, importList, importOf, upload } from '../support/imports.js';
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
const groups = (csv: string, fields?: Record<string, string>) => importList(world, ana, 'groups', csv, fields);
const person = (identifier: string) => world.read(world.school, (em) => em.findOne(Participant, { identifier }));
const groupsNamed = (name: string) => world.read(world.school, (em) => em.find(Group, { name }));
const codes = (job: any) => job.errors.map(({ row, field, code }: any) => [row, field, code]);

describe('a list of people', () => {
  it('is taken in, and the same list again changes nothing', async () => {
    const csv =
      'first_name,last_name,identifier,external_id,email,group,Shoe size\nAna,Berg,P1,X1,ANA@x.example,Form 1; Choir,38\nBea,"O\'Neil, Jr",P2,,,form 1,\n';
    const first = await people(csv);
    expect(countsOf(first)).toEqual({
      status: 'done',
      total: 2,
      created: 2,
      updated: 0,
      unchanged: 0,
      skipped: 0,
      failed: 0,
    });
    expect(first).toMatchObject({ kind: 'participants', dry_run: false, processed: 2, errors: [], errors_total: 0 });
    expect(await person('P1')).toMatchObject({
      externalId: 'X1',
      email: 'ana@x.example',
      extraData: { 'Shoe size': '38' },
      isActive: true,
    });
    expect(await groupsNamed('Form 1')).toHaveLength(1);
    const again = await people(csv);
    expect(countsOf(again)).toMatchObject({ total: 2, unchanged: 2 });
  });

  it('is matched by identifier, else by external id; only what differs is a change', async () => {
    await people('external_id,first_name,last_name,identifier\nM1,Max,Old,MI1\nM2,Mia,Same,MI2\n');
    const job = await people('external_id,first_name,last_name,phone\nM1,Max,New,\nM2,Mia,Same,\n');
    expect(countsOf(job)).toMatchObject({ updated: 1, unchanged: 1 });
    expect(await person('MI1')).toMatchObject({ lastName: 'New', sortName: 'new\tmax' });
    const clash = await people('identifier,external_id,first_name,last_name\nMI1,M2,Who,Knows\n');
    expect(codes(clash)).toEqual([[2, 'external_id', 'taken']]);
    expect(clash.errors[0].message).toContain('Max New');
  });

  it('without any key makes no doubles when it comes again, namesakes included', async () => {
    const csv = 'first_name,last_name\nJohn,Smith\nJohn,Smith\nJane,Smith\n';
    expect(countsOf(await people(csv))).toMatchObject({ created: 3 });
    expect(countsOf(await people(csv))).toMatchObject({ unchanged: 3 });
  });

  it('brings people back who were deactivated, unless it says that they are not active', async () => {
    await people('identifier,first_name,last_name,is_active\nQ1,Quin,One,no\n');
    expect((await person('Q1'))!.isActive).toBe(false);
    expect(countsOf(await people('identifier,first_name,last_name\nQ1,Quin,One\n'))).toMatchObject({ updated: 1 });
    expect((await person('Q1'))!.isActive).toBe(true);
  });

  it('can be tried first: nothing is written', async () => {
    const job = await people('identifier,first_name,last_name,group\nT1,Try,Out,Nowhere\nT2,,Bad,\n', {
      dry_run: 'true',
    });
    expect(countsOf(job)).toMatchObject({ status: 'done', created: 1, failed: 1 });
    expect(job.dry_run).toBe(true);
    expect(await person('T1')).toBeNull();
    expect(await groupsNamed('Nowhere')).toHaveLength(0);
    expect((await ana.post(`/api/imports/${job.id}/undo`)).status).toBe(409);
  });

  it('is left out as a whole when one row is wrong and the person chose so', async () => {
    const job = await people('identifier,first_name,last_name\nA1,Al,Right\nA2,,Wrong\nA3,Cy,Right\n', {
      on_error: 'abort',
    });
    expect(countsOf(job)).toEqual({
      status: 'failed',
      total: 3,
      created: 0,
      updated: 0,
      unchanged: 0,
      skipped: 2,
      failed: 1,
    });
    expect(await person('A1')).toBeNull();
    expect(job.errors.map((each: any) => each.code)).toEqual(['aborted', 'required']);
    expect(
      countsOf(await people('identifier,first_name,last_name\nA1,Al,Right\n', { on_error: 'abort' })),
    ).toMatchObject({ status: 'done', created: 1 });
  });

  it('takes the person’s word for what a column means', async () => {
    const csv = 'Vorname;Nachname;Nr;Geburtstag\nÄnne;Größe;G1;1.2.99\n';
    const mapping = JSON.stringify({
      Vorname: 'first_name',
      Nachname: 'last_name',
      Nr: 'identifier',
      Geburtstag: 'date_of_birth:DD.MM.YYYY',
    });
    expect(countsOf(await people(csv, { mapping }))).toMatchObject({ created: 1 });
    expect(await person('G1')).toMatchObject({ firstName: 'Änne', dateOfBirth: '1999-02-01' });
    const refused = await ana.post('/api/participants/bulk', bulk(csv));
    expect([refused.status, refused.json.errors.map((each: any) => each.code)]).toEqual([
      422,
      ['required', 'required'],
    ]);
  });
});

describe('a list of groups', () => {
  it('makes a tree whatever the order of its rows, and puts people into it', async () => {
    await people('identifier,first_name,last_name\nK1,Kim,One\nK2,Kim,Two\n');
    const csv =
      'group_external_id,group_name,group_type,parent_external_id,participant_identifier\nG-2,Form 2,Class,G-0,K1\nG-2,Form 2,,,K2\nG-2,Form 2,,,K9\nG-0,Lower School,school,,\n';
    const job = await groups(csv);
    expect(countsOf(job)).toEqual({
      status: 'done',
      total: 4,
      created: 2,
      updated: 1,
      unchanged: 0,
      skipped: 0,
      failed: 1,
    });
    expect(codes(job)).toEqual([[4, 'participant_identifier', 'unknown']]);
    const [form, school] = [(await groupsNamed('Form 2'))[0]!, (await groupsNamed('Lower School'))[0]!];
    expect([form.parent, form.groupType]).toEqual([school.id, 'class']);
    expect(await world.read(world.school, (em) => em.count(GroupMembership, { group: form.id }))).toBe(2);
    expect(countsOf(await groups(csv))).toMatchObject({ unchanged: 3, failed: 1 });
    const circle = await groups('group_external_id,group_name,parent_external_id\nG-0,Lower School,G-2\n');
    expect(codes(circle)).toEqual([[2, 'parent_external_id', 'invalid']]);
  });

  it('is taken whole, however many parents stand below their children, when nothing or everything was asked for', async () => {
    const csv =
      'group_external_id,group_name,parent_external_id\nT-3,Room,T-2\nT-2,Floor,T-1\nT-1,House,T-0\nT-0,Street,\n';
    const job = await groups(csv, { on_error: 'abort' });
    expect(countsOf(job)).toMatchObject({ status: 'done', created: 4, failed: 0 });
    const [room, floor] = [(await groupsNamed('Room'))[0]!, (await groupsNamed('Floor'))[0]!];
    expect(room.parent).toBe(floor.id);
    const wrong = await groups(
      'group_external_id,group_name,parent_external_id\nU-2,Attic,U-1\nU-1,Roof,U-0\nU-3,Cellar,\n',
      { on_error: 'abort' },
    );
    expect(countsOf(wrong)).toMatchObject({ status: 'failed', created: 0, skipped: 1, failed: 2 });
    expect(codes(wrong).slice(1)).toEqual([
      [2, 'parent_external_id', 'unknown'],
      [3, 'parent_external_id', 'unknown'],
    ]);
  });

  it('puts somebody back who left yesterday, until the day on which he comes again anyway', async () => {
    const group = await world.addGroup(world.school, 'Between');
    const [member] = await world.addParticipants(world.school, ['Bo Tween']);
    const today = dayOf(clock.now(), 'Europe/Paris');
    const days = [
      ['2026-01-05', addDays(today, -1)],
      [addDays(today, 10), null],
    ] as const;
    await world.write(world.school, (tx) => {
      for (const [joinedOn, leftOn] of days)
        tx.create(GroupMembership, { group: group.id, participant: member!.id, joinedOn, leftOn, extraData: {} });
    });
    const csv = `identifier,first_name,last_name,group\n${member!.identifier},Bo,Tween,Between\n`;
    expect(countsOf(await people(csv))).toMatchObject({ updated: 1 });
    const now = await world.read(world.school, (em) =>
      em.find(GroupMembership, { group: group.id }, { orderBy: { joinedOn: 'asc' } }),
    );
    expect(now.map((each) => [each.joinedOn, each.leftOn ?? null])).toEqual([
      ['2026-01-05', addDays(today, 9)],
      [addDays(today, 10), null],
    ]);
    expect(countsOf(await people(csv))).toMatchObject({ unchanged: 1 });
  });

  it('tells which name it cannot tell apart', async () => {
    await world.addGroup(world.school, 'Twin');
    await world.addGroup(world.school, 'Twin');
    const job = await people('identifier,first_name,last_name,group\nTW1,Two,Fold,Twin\n');
    expect(codes(job)).toEqual([[2, 'group', 'invalid']]);
    expect(codes(await groups('group_name\nTwin\n'))).toEqual([[2, 'group_name', 'invalid']]);
  });
});

describe('bad input', () => {
  const refused = async (csv: string | Uint8Array, name?: string) => {
    const answer = await ana.post('/api/participants/bulk', bulk(csv, {}, name));
    return [answer.status, answer.json.errors[0].code, answer.json.errors[0].field];
  };

  it('is told of the whole file: wrong type, empty, too large', async () => {
    expect(await refused(Buffer.from('PK\u0003\u0004 a workbook', 'latin1'), 'list.csv')).toEqual([
      415,
      'unsupported_media_type',
      'file',
    ]);
    expect(await refused('')).toEqual([422, 'empty', 'file']);
    expect(await refused('first_name,last_name\n')).toEqual([422, 'only_header', 'file']);
    // The answer comes while the file is still being sent, and a busy machine may cut the line before it is read: once more.
    const large = () => refused(Buffer.alloc(51 * 1024 * 1024, 'first_name,last_name\nAna,Berg\n'));
    expect((await large().catch(large).catch(large))[0]).toBe(413);
    expect((await ana.post('/api/participants/bulk', new FormData())).json.errors).toMatchObject([
      { code: 'required', field: 'file' },
    ]);
    expect((await ana.post('/api/participants/bulk', { file: 'x' })).status).toBe(422);
    const raw = await ana.post('/api/participants/bulk', 'first_name,last_name\nA,B\n', { 'content-type': 'text/csv' });
    expect(raw.status).toBe(415);
    expect(
      (await ana.post('/api/participants/bulk', bulk('first_name,last_name\nA,B\n', { mapping: '{' }))).status,
    ).toBe(422);
    expect(
      (await ana.post('/api/participants/bulk', bulk('first_name,last_name\nA,B\n', { on_error: 'perhaps' }))).status,
    ).toBe(422);
    expect((await ana.post('/api/groups/bulk', bulk('first_name,last_name\nA,B\n'))).status).toBe(422);
  });

  it('is told by row, field and reason; the good rows are taken', async () => {
    const rows = [
      'B1,Good,One,2001-01-31',
      'B2,Too,Many,2001-01-31,columns,here',
      'B3,No,Date,2001-02-30',
      'B1,Double,Identifier,',
      `B5,${'x'.repeat(101)},Long,`,
      'B6,😀,Emoji,',
      'B7,=1+1,"=HYPERLINK(""http://x"")",',
      'B8,Nul\u0000Byte,Gone,',
      'B9,Missing,,',
      `B10,${'😀'.repeat(100)},Hundred,`,
      `B11,${'\u{FDFA}'.repeat(100)},Ligatures,`,
    ];
    const job = await people(`identifier,first_name,last_name,date_of_birth\n${rows.join('\n')}\n`);
    expect(codes(job)).toEqual([
      [3, null, 'unknown_column_count'],
      [4, 'date_of_birth', 'invalid'],
      [5, 'identifier', 'taken'],
      [6, 'first_name', 'too_long'],
      [9, 'first_name', 'invalid'],
      [10, 'last_name', 'required'],
    ]);
    expect(job.errors.every((each: any) => each.message.length > 10 && !/[{}]/.test(each.message))).toBe(true);
    expect(countsOf(job)).toMatchObject({ status: 'done', total: 11, created: 5, failed: 6 });
    expect(addsUp(job)).toBe(true);
    expect(await person('B7')).toMatchObject({ firstName: '=1+1' });
    expect(await person('B6')).toMatchObject({ firstName: '😀' });
  });

  it('leaves out the second row of a number, too, when the first one is refused', async () => {
    const job = await people(
      'identifier,first_name,last_name,date_of_birth\nD1,Doris,Own,31.31.2001\nD1,Dora,Double,\n',
    );
    expect(job.errors).toMatchObject([
      { row: 2, field: 'date_of_birth' },
      { row: 3, field: 'identifier', code: 'taken' },
    ]);
    expect(await person('D1')).toBeNull();
  });

  it('breaks off nothing in the middle: an unclosed quotation mark changes nothing', async () => {
    const rows = Array.from({ length: 300 }, (_, at) => `UQ${at},Un,Closed`).join('\n');
    const answer = await ana.post(
      '/api/participants/bulk',
      bulk(`identifier,first_name,last_name\n${rows}\nUQ,"open,x\n`),
    );
    if (answer.status === 202) {
      await idle(world);
      const job = await importOf(ana, answer.json.data.id);
      expect(job).toMatchObject({ status: 'failed', processed: 0, errors: [{ code: 'quote_not_closed' }] });
    } else expect(answer.status).toBe(422);
    expect(await person('UQ0')).toBeNull();
  });

  it('is shown on the upload page, and the good files wait', async () => {
    const sent = await ana.post(
      '/import',
      upload({ good: 'first_name,last_name\nA,B\n', empty: '', odd: 'a,b\n1,2\n' }),
    );
    expect(sent.status).toBe(422);
    expect(sent.body).toContain('This file is empty');
    expect(sent.body).toContain('good.csv');
    const [good, odd] = idsOn(sent);
    const page = await ana.get(`/import/${odd}`);
    expect(page.body).toContain('The columns of this file are not known');
    expect((await ana.form(`/import/${odd}/columns`, { kind: 'participants' })).status).toBe(303);
    expect((await ana.get(`/import/${odd}`)).body).toContain('This file cannot start yet');
    expect((await ana.form('/import/start', { ids: String(odd) })).status).toBe(422);
    await ana.form(`/import/${odd}/columns`, { kind: 'participants', column_0: 'first_name', column_1: 'last_name' });
    expect((await ana.get(`/import/${odd}`)).body).toContain('Start the import');
    for (const id of [good, odd]) expect((await ana.form(`/import/${id}/discard`, {})).status).toBe(303);
    expect((await ana.get(`/import/${odd}`)).status).toBe(404);
    expect((await ana.post('/import', upload({}))).body).toContain('Choose at least one file');
  });
});

describe('undoing an import', () => {
  it('deactivates what it made, puts back what it changed, and the same list can be imported again', async () => {
    await people('identifier,first_name,last_name,email\nU0,Uma,Before,uma@x.example\n');
    const csv =
      'identifier,first_name,last_name,email,group\nU0,Uma,After,new@x.example,Undo Club\nU1,Udo,New,,Undo Club\n';
    const job = await people(csv);
    expect(countsOf(job)).toMatchObject({ created: 1, updated: 1 });
    const undone = (await ana.post(`/api/imports/${job.id}/undo`)).json.data;
    expect(undone).toMatchObject({ id: job.id });
    await idle(world);
    expect(await importOf(ana, job.id)).toMatchObject({ status: 'undone', kept: [] });
    expect(await person('U0')).toMatchObject({
      lastName: 'Before',
      email: 'uma@x.example',
      isActive: true,
      sortName: 'before\tuma',
    });
    expect(await person('U1')).toMatchObject({ isActive: false });
    const [club] = await groupsNamed('Undo Club');
    expect(club).toMatchObject({ isActive: false });
    expect(await world.read(world.school, (em) => em.count(GroupMembership, { group: club!.id }))).toBe(0);
    // Asking twice changes nothing.
    expect((await ana.post(`/api/imports/${job.id}/undo`)).json.data.status).toBe('undone');
    expect(countsOf(await people(csv))).toMatchObject({ updated: 2 });
    expect(await person('U1')).toMatchObject({ isActive: true });
    expect(await groupsNamed('Undo Club')).toMatchObject([{ id: club!.id, isActive: true }]);
  });

  it('waits for who is changing somebody right now, and leaves that person', async () => {
    const { id } = await people('identifier,first_name,last_name\nW1,Wim,Imported\n');
    const { claim } = await world.read(world.school, (em) => em.findOneOrFail(Import, { id }));
    const job = { id, organization: world.school.organization.id, claim, undoing: true };
    const writing = Promise.withResolvers<void>();
    const edit = world.write(world.school, async (tx) => {
      (await tx.findOneOrFail(Participant, { identifier: 'W1' })).lastName = 'Edited';
      await tx.flush();
      writing.resolve();
      await sleep(400);
    });
    await writing.promise;
    await world.read(world.school, (em) => undoRows(em, job));
    await edit;
    expect(await person('W1')).toMatchObject({ lastName: 'Edited', isActive: true });
  });

  it('passes over what was changed or used since, and names it', async () => {
    const job = await people('identifier,first_name,last_name\nV1,Vera,Kept\nV2,Vito,Marked\nV3,Vic,Gone\n');
    await world.write(world.school, async (tx) => {
      (await tx.findOneOrFail(Participant, { identifier: 'V1' })).phone = '123';
      (await tx.findOneOrFail(Participant, { identifier: 'V1' })).firstName = 'Verena';
    });
    const { session } = await world.addRegister(world.school, 1);
    const marked = (await person('V2'))!;
    await world.write(world.school, async (tx) => {
      tx.create(GroupMembership, {
        group: session.group,
        participant: marked.id,
        joinedOn: '2020-01-01',
        extraData: {},
      });
    });
    const mark = { session_id: session.id, participant_id: marked.id, presence_state: 'present' };
    expect((await ana.post('/api/presence', mark)).status).toBe(201);
    await ana.form(`/import/${job.id}/undo`, {});
    await idle(world);
    const undone = await importOf(ana, job.id);
    expect(undone.status).toBe('undone');
    expect(undone.kept).toMatchObject([{ row: 2, code: 'changed' }, { row: 3 }]);
    expect(undone.kept[0].message).toContain('Verena Kept');
    expect(undone.kept[1].message).toContain('Vito Marked');
    expect([(await person('V1'))!.isActive, (await person('V2'))!.isActive, (await person('V3'))!.isActive]).toEqual([
      true,
      true,
      false,
    ]);
    const page = (await ana.get(`/import/${job.id}`)).body;
    expect(page).toContain('Vito Marked');
    expect(page).toContain('Left as it is');
  });

  it('leaves whoever has what somebody else has by now', async () => {
    await people('external_id,identifier,first_name,last_name\nX1,T1,Tess,Before\nX2,T2,Tom,Before\n');
    const job = await people('external_id,identifier,first_name,last_name\nX1,T8,Tess,After\nX2,T9,Tom,After\n');
    expect(countsOf(job)).toMatchObject({ updated: 2 });
    const byHand = { first_name: 'Tara', last_name: 'Hand', identifier: 'T1' };
    expect((await ana.post('/api/participants', byHand)).status).toBe(201);
    await ana.post(`/api/imports/${job.id}/undo`);
    await idle(world);
    const undone = await importOf(ana, job.id);
    expect(undone).toMatchObject({ status: 'undone', kept: [{ row: 2, code: 'taken' }] });
    expect(undone.kept[0].message).toContain('T1');
    expect(await person('T8')).toMatchObject({ lastName: 'After' });
    expect(await person('T2')).toMatchObject({ lastName: 'Before' });
  });

  it('takes a tree of groups away from the leaves up, and leaves a parent that others use', async () => {
    const job = await groups(
      'group_external_id,group_name,parent_external_id\nUT0,Undo Tree,\nUT1,Undo Branch,UT0\nUT2,Undo Used,\n',
    );
    const [used] = await groupsNamed('Undo Used');
    await world.addGroup(world.school, 'By hand', { parent: used!.id });
    await ana.post(`/api/imports/${job.id}/undo`);
    await idle(world);
    const groupsLeft = await world.read(world.school, (em) =>
      em.find(Group, { externalId: { $like: 'UT%' } }, { orderBy: { externalId: 'asc' } }),
    );
    expect(groupsLeft.map((group) => group.isActive)).toEqual([false, false, true]);
    expect((await importOf(ana, job.id)).kept).toMatchObject([{ code: 'in_use' }]);
  });
});

describe('undoing what somebody has built on since', () => {
  it('makes no ring of groups: one that lies inside the moved one by now is not its parent again', async () => {
    const parent = 'group_external_id,group_name,parent_external_id\n';
    await groups(`${parent}RG0,Ring Above,\nRG1,Ring Other,\nRG2,Ring Moved,RG0\n`);
    const job = await groups(`${parent}RG2,Ring Moved,RG1\n`);
    expect(countsOf(job)).toMatchObject({ updated: 1 });
    const [above, moved] = [(await groupsNamed('Ring Above'))[0]!, (await groupsNamed('Ring Moved'))[0]!];
    expect((await ana.put(`/api/groups/${above.id}`, { parent_id: moved.id })).status).toBe(200);
    await ana.post(`/api/imports/${job.id}/undo`);
    await idle(world);
    const undone = await importOf(ana, job.id);
    expect(undone).toMatchObject({ status: 'undone', kept: [{ row: 2, code: 'ring' }] });
    expect(undone.kept[0].message).toContain('Ring Moved');
    expect((await groupsNamed('Ring Moved'))[0]!.parent).toBe((await groupsNamed('Ring Other'))[0]!.id);
    expect((await ana.get(`/groups/${moved.id}`)).status).toBe(200);
  });

  it('leaves who was merged with another record', async () => {
    await people('external_id,identifier,first_name,last_name\nG1,GI1,Gus,Twice\nG2,GI2,Gus,Stays\n');
    const job = await people('external_id,first_name,last_name,phone\nG1,Gus,Twice,123\n');
    expect(countsOf(job)).toMatchObject({ updated: 1 });
    const [from, into] = [(await person('GI1'))!.id, (await person('GI2'))!.id];
    expect((await ana.post(`/api/participants/${from}/merge`, { into_id: into })).status).toBe(200);
    await ana.post(`/api/imports/${job.id}/undo`);
    await idle(world);
    expect(await importOf(ana, job.id)).toMatchObject({ status: 'undone', kept: [{ row: 2, code: 'merged' }] });
  });
});

describe('who may import', () => {
  it('is who has the right; strangers see nothing', async () => {
    const job = await people('first_name,last_name,identifier\nW,X,W1\n');
    for (const visitor of [world.bruno, world.mara, world.emil])
      expect((await visitor.get(`/api/imports/${job.id}`)).status).toBe(403);
    for (const path of [`/api/imports/${job.id}`, `/import/${job.id}`, `/import/${job.id}/progress`]) {
      expect((await world.clara.get(path)).status).toBe(404);
      expect((await world.visitor().get(path)).status).toBe(path.startsWith('/api') ? 401 : 303);
    }
    expect((await world.clara.post(`/api/imports/${job.id}/undo`)).status).toBe(404);
    expect((await world.clara.form('/import/start', { ids: String(job.id) })).status).toBe(409);
    expect((await world.bruno.post('/api/participants/bulk', bulk('first_name,last_name\nA,B\n'))).status).toBe(403);
  });
});
