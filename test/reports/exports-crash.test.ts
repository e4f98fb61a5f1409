import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { foldedNames, Participant } from '../../src/participants/index.js';
import { insertRows } from '../../src/platform/ledger/audited-rows.js';
import { exportsFolder } from '../../src/reports/exports/kept-files.js';
import { ExportJobs } from '../../src/reports/index.js';
import { ownDatabase } from '../support/databases.js';
import { exportOf, fetchFile, ownFolder, rowsOf } from '../support/exports.js';
import { World } from '../world.js';

let world: World;
let drop: () => Promise<void>;
let own: ReturnType<typeof ownFolder>;
afterEach(async () => {
  await world?.close();
  await drop?.();
  own?.remove();
});

const PEOPLE = 3_000;
/** Much of what takes time to be written. */
const NOTES = Object.fromEntries(Array.from({ length: 5 }, (_, at) => [`note ${at}`, `say "${'x'.repeat(1500)}"`]));

/** A place with so many people that their list takes a while. */
async function open(): Promise<void> {
  const database = ownDatabase();
  drop = database.drop;
  own = ownFolder();
  world = await World.open({ databaseUrl: database.url, config: { dataFolder: own.dataFolder } });
  await world.write(world.school, (tx) =>
    insertRows(
      tx,
      Participant,
      Array.from({ length: PEOPLE }, (_, at) => {
        const person = { firstName: `First${at}`, lastName: `=Last${at}`, identifier: `P-${at}` };
        return { ...person, ...foldedNames(person), extraData: { ...NOTES, at } };
      }),
    ),
  );
}

describe('a file whose worker is killed', () => {
  it('is made anew by another one, whole and with nothing twice', async () => {
    await open();
    const jobs = world.app.get(ExportJobs);
    const { json } = await world.ana.post('/api/reports/exports', { report: 'participants' });
    let kills = 0;
    for (let tries = 0; tries < 3000 && kills < 2; tries++) {
      await sleep(5);
      const job = await exportOf(world.ana, json.data.id);
      expect(job.status).not.toBe('done');
      const pid = jobs.workerPid;
      if (!pid || job.status !== 'running' || job.total === 0) continue;
      process.kill(pid, 'SIGKILL');
      kills++;
      while (jobs.workerPid === pid) await sleep(5);
      // Whoever is dead says nothing: what it had got to is counted anew by the next one.
      while ((await exportOf(world.ana, json.data.id)).status !== 'running' || jobs.workerPid === null) await sleep(5);
      expect((await fetchFile(world.ana, json.data)).status).toBe(409);
    }
    expect(kills).toBe(2);
    for (let tries = 0; tries < 600 && (await exportOf(world.ana, json.data.id)).status !== 'done'; tries++)
      await sleep(50);
    const job = await exportOf(world.ana, json.data.id);
    expect(job).toMatchObject({ status: 'done', total: PEOPLE, processed: PEOPLE });
    const file = await fetchFile(world.ana, job);
    expect(file.bytes.length).toBe(job.bytes);
    const rows = rowsOf(file.text);
    expect(new Set(rows.map((row) => row.identifier)).size).toBe(PEOPLE);
    expect(rows).toHaveLength(PEOPLE);
  }, 90_000);

  it('is cancelled in the middle of its work in another process, and nothing of it stays', async () => {
    await open();
    const folder = exportsFolder(world.config);
    const { json } = await world.ana.post('/api/reports/exports', { report: 'participants' });
    for (let tries = 0; tries < 3000 && (await exportOf(world.ana, json.data.id)).total === 0; tries++) await sleep(5);
    expect((await world.ana.post(`/api/reports/exports/${json.data.id}/cancel`)).json.data.status).toBe('cancelled');
    await world.app.get(ExportJobs).idle();
    expect(await exportOf(world.ana, json.data.id)).toMatchObject({ status: 'cancelled', url: null });
    expect(readdirSync(folder)).toEqual([]);
  }, 60_000);

  it('shows one moment: what comes while it is made is not in it', async () => {
    await open();
    const { json } = await world.ana.post('/api/reports/exports', { report: 'participants' });
    for (let tries = 0; tries < 3000 && (await exportOf(world.ana, json.data.id)).total === 0; tries++) await sleep(5);
    expect((await exportOf(world.ana, json.data.id)).status).toBe('running');
    const late = await world.ana.post('/api/participants', {
      first_name: 'Late',
      last_name: 'Comer',
      identifier: 'LATE',
    });
    expect(late.status).toBe(201);
    await world.app.get(ExportJobs).idle();
    const job = await exportOf(world.ana, json.data.id);
    expect(job).toMatchObject({ status: 'done', total: PEOPLE, processed: PEOPLE });
    const { text } = await fetchFile(world.ana, job);
    expect(text).not.toContain('LATE');
  }, 60_000);
});
