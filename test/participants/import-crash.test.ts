import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { GroupMembership, ImportJobs, ImportRow, Participant } from '../../src/participants/index.js';
import { addsUp, bulk, countsOf, idle, importOf } from '../support/imports.js';
import { ownDatabase } from '../support/databases.js';
import { World } from '../world.js';

let world: World;
let drop: () => Promise<void>;
afterEach(async () => {
  await world?.close();
  await drop?.();
});

async function open(): Promise<void> {
  const database = ownDatabase();
  drop = database.drop;
  world = await World.open({ databaseUrl: database.url });
}

const list = (rows: number) =>
  `identifier,first_name,last_name,group\n${Array.from({ length: rows }, (_, at) => `C${at},Pupil${at},Number${at},Form ${at % 20}`).join('\n')}\n`;

describe('an import whose worker is killed', () => {
  it('goes on where it stopped; nothing is doubled, nothing is missing', async () => {
    await open();
    const rows = 4000;
    const { json } = await world.ana.post('/api/participants/bulk', bulk(list(rows)));
    const jobs = world.app.get(ImportJobs);
    let kills = 0;
    for (let tries = 0; tries < 600 && kills < 2; tries++) {
      await sleep(20);
      const job = await importOf(world.ana, json.data.id);
      if (job.status === 'done') break;
      const pid = jobs.workerPid;
      if (pid && job.processed > kills * 1000 + 200) {
        process.kill(pid, 'SIGKILL');
        kills++;
        await sleep(100);
      }
    }
    expect(kills).toBe(2);
    for (let tries = 0; tries < 300 && (await importOf(world.ana, json.data.id)).status !== 'done'; tries++)
      await sleep(100);
    await idle(world);
    const job = await importOf(world.ana, json.data.id);
    expect(countsOf(job)).toEqual({
      status: 'done',
      total: rows,
      created: rows,
      updated: 0,
      unchanged: 0,
      skipped: 0,
      failed: 0,
    });
    expect(addsUp(job)).toBe(true);
    const found = await world.read(world.school, async (em) => ({
      people: await em.count(Participant, { identifier: { $like: 'C%' } }),
      memberships: await em.count(GroupMembership, {}),
      entries: await em.count(ImportRow, { import: job.id, table: 'participants' }),
    }));
    expect(found).toEqual({ people: rows, memberships: rows, entries: rows });
  }, 90_000);

  it('is undone to its end as well when the worker is killed meanwhile', async () => {
    await open();
    const rows = 1500;
    const { json } = await world.ana.post('/api/participants/bulk', bulk(list(rows)));
    await idle(world);
    const jobs = world.app.get(ImportJobs);
    await world.ana.form(`/import/${json.data.id}/undo`, {});
    for (let tries = 0; tries < 300; tries++) {
      await sleep(20);
      const some = await world.read(world.school, (em) => em.count(ImportRow, { undone: 'undone' }));
      if (some > 0 && jobs.workerPid) {
        process.kill(jobs.workerPid, 'SIGKILL');
        break;
      }
    }
    for (let tries = 0; tries < 300 && (await importOf(world.ana, json.data.id)).status !== 'undone'; tries++)
      await sleep(100);
    expect(await world.read(world.school, (em) => em.count(Participant, { isActive: true }))).toBe(0);
    expect(await world.read(world.school, (em) => em.count(GroupMembership, {}))).toBe(0);
  }, 60_000);
});
