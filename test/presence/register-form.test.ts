import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PresenceOperation, PresenceRecord } from '../../src/presence/index.js';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

/** The hidden fields of the register's plain form, as the page carries them. */
async function formOf(session: number) {
  const page = (await world.bruno.get(`/sessions/${session}`)).body;
  const hidden = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(page)![1]!;
  return { nonce: hidden('nonce'), shown: hidden('shown') };
}

const cellsOf = (session: number) =>
  world.read(world.school, async (em) => ({
    cells: await em.find(PresenceRecord, { session }),
    receipts: await em.count(PresenceOperation, { session }),
  }));

describe('the register as a plain form', () => {
  it('takes 1,200 marked rows in one submit, complete', async () => {
    const { session, participants } = await world.addRegister(world.school, 1200);
    const fields: [string, string][] = Object.entries(await formOf(session.id));
    for (const [at, each] of participants.entries()) fields.push([`s${each.id}`, at % 3 ? 'present' : 'absent']);
    fields.push(['complete', '1']);
    const answer = await world.bruno.form(`/sessions/${session.id}/register`, fields);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `/sessions/${session.id}?saved=1200`]);
    const { cells, receipts } = await cellsOf(session.id);
    expect([cells.length, receipts]).toEqual([1200, 1200]);
  });

  it('makes no operation of rows that were left as they were', async () => {
    const { session, participants } = await world.addRegister(world.school, 4);
    await world.bruno.post('/api/presence', {
      session_id: session.id,
      participant_id: participants[0]!.id,
      presence_state: 'late',
    });
    const fields = {
      ...(await formOf(session.id)),
      [`s${participants[0]!.id}`]: 'late',
      [`s${participants[1]!.id}`]: 'present',
      complete: '1',
    };
    await world.bruno.form(`/sessions/${session.id}/register`, fields);
    expect((await cellsOf(session.id)).receipts).toBe(2);
    // The same form again (a double click): nothing new.
    await world.bruno.form(`/sessions/${session.id}/register`, fields);
    const after = await cellsOf(session.id);
    expect([after.cells.length, after.receipts]).toEqual([2, 2]);
  });

  it('refuses a form that was cut, whole and with a sentence', async () => {
    const { session, participants } = await world.addRegister(world.school, 4);
    const { nonce, shown } = await formOf(session.id);
    const marks = Object.fromEntries(participants.map((each) => [`s${each.id}`, 'present']));
    for (const cut of [
      { nonce, shown, ...marks },
      { nonce, shown: shown.slice(0, shown.lastIndexOf('|')), ...marks, complete: '1' },
      { nonce: 'x', shown, ...marks, complete: '1' },
    ]) {
      const answer = await world.bruno.form(`/sessions/${session.id}/register`, cut);
      expect(answer.status).toBe(422);
      expect(answer.body).toContain('did not arrive whole');
    }
    const tooMany = await world.bruno.form(
      `/sessions/${session.id}/register`,
      Array.from({ length: 20_001 }, (_, at) => [`s${at}`, 'present'] as [string, string]),
    );
    expect(tooMany.status).toBe(413);
    expect(tooMany.body).toContain('Nothing was changed');
    expect((await cellsOf(session.id)).cells).toHaveLength(0);
  });

  it('overwrites nobody: a row that somebody else changed is left alone and named, the others are kept', async () => {
    const { session, participants } = await world.addRegister(world.school, 3);
    const form = await formOf(session.id);
    await world.ana.post('/api/presence', {
      session_id: session.id,
      participant_id: participants[0]!.id,
      presence_state: 'late',
    });
    const answer = await world.bruno.form(`/sessions/${session.id}/register`, {
      ...form,
      ...Object.fromEntries(participants.map((each) => [`s${each.id}`, 'present'])),
      complete: '1',
    });
    expect(answer.status).toBe(409);
    expect(answer.body).toContain('2 marks saved.');
    expect(answer.body).toContain('You chose: Present.');
    const { cells } = await cellsOf(session.id);
    expect(cells.map((cell) => [cell.revision, cell.recordedBy === world.school.user.ana!.id])).toEqual([
      [1, true],
      [1, false],
      [1, false],
    ]);
  });
});
