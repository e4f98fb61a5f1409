import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readAside } from '../../src/platform/database/read.js';
import { World } from '../world.js';

let folder: string;
let world: World;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aside-'));
  world = await World.open({ databaseUrl: `sqlite:${join(folder, 'aside.db')}` });
}, 30_000);
afterAll(async () => {
  await world?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Counts to ten million: a second or so of work for the database. */
const SLOW = `with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000000)
  select max(i) as last from n where :organization > 0`;

describe('a question that is asked aside', () => {
  it('sees what was committed just before', async () => {
    const { session, participants } = await world.addRegister(world.school, 2);
    const rate = async () =>
      (await world.ana.get(`/api/reports/attendance?group_id=${session.group}`)).json.data.map((row: any) => row.rate);
    for (const state of ['present', 'absent', 'late']) {
      const mark = { session_id: session.id, participant_id: participants[0]!.id, presence_state: state };
      expect((await world.ana.post('/api/presence', mark)).status).toBeLessThan(300);
      expect(await rate()).toEqual([state === 'absent' ? 0 : 1]);
    }
  });

  it('holds up nobody who asks the server meanwhile', async () => {
    let isAnswered = false;
    const slow = world
      .read(world.school, (em) => readAside<{ last: number }>(em, SLOW))
      .finally(() => (isAnswered = true));
    expect((await world.ana.get('/api/auth/me')).status).toBe(200);
    expect(isAnswered).toBe(false);
    expect(await slow).toEqual([{ last: 10_000_000 }]);
  }, 60_000);

  it('names the organization, as every other does', async () => {
    const nobody = world.orm.em.fork({ disableContextResolution: true });
    await expect(readAside(nobody as never, 'select 1 as yes where :organization > 0')).rejects.toThrow(
      'no organization',
    );
    const asked = world.read(world.school, (em) => readAside(em, 'select 1 as yes'));
    await expect(asked).rejects.toThrow('must name :organization');
  });

  it('can only read, and says what is wrong with it', async () => {
    const asked = world.read(world.school, (em) => readAside(em, 'select one from nowhere where :organization > 0'));
    await expect(asked).rejects.toThrow('no such table: nowhere');
    const again = world.read(world.school, (em) => readAside(em, 'select 1 as yes where :organization > 0'));
    expect(await again).toEqual([{ yes: 1 }]);
  });
});
