import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { drainImports } from '../../src/participants/import/drain-imports.js';
import { Import } from '../../src/participants/import/import.entity.js';
import { ClaimLost, saveJob } from '../../src/participants/import/job.js';
import { ImportJobs, Participant } from '../../src/participants/index.js';
import { uploadsFolder } from '../../src/platform/files.js';
import { countsOf, idle, idsOn, importList, importOf, upload } from '../support/imports.js';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const set = (id: number, values: Partial<Import>) =>
  world.write(world.school, async (tx) => void Object.assign(await tx.findOneOrFail(Import, { id }), values));
const claimOf = async (id: number) => (await world.read(world.school, (em) => em.findOneOrFail(Import, { id }))).claim;
const goOn = async () => {
  world.app.get(ImportJobs).kick();
  await idle(world);
};
/** Somebody who was taken for dead writes with the number that he had. */
const writeAs = (id: number, claim: number) =>
  world.read(world.school, (em) =>
    saveJob(em, { id, claim, organization: world.school.organization.id, undoing: false }, { processed: 99 }),
  );

describe('an import that takes its worker down every time', () => {
  it('is given up; what it did can be undone all the same, and no worker of before writes any more', async () => {
    const done = await importList(
      world,
      world.ana,
      'participants',
      'identifier,first_name,last_name\nGU1,Give,Up\nGU2,Give,In\n',
    );
    await set(done.id, { status: 'running', claim: 8, claimedUntil: null, finishedAt: null });
    await goOn();
    const givenUp = await importOf(world.ana, done.id);
    expect(givenUp.status).toBe('failed');
    expect((await world.ana.get(`/import/${done.id}`)).body).toContain('interrupted again and again');
    await expect(writeAs(done.id, 8)).rejects.toThrow(ClaimLost);

    expect((await world.ana.post(`/api/imports/${done.id}/undo`, {})).status).toBe(200);
    await idle(world);
    expect((await importOf(world.ana, done.id)).status).toBe('undone');
    const active = await world.read(world.school, (em) =>
      em.count(Participant, { identifier: { $like: 'GU%' }, isActive: true }),
    );
    expect(active).toBe(0);
    await expect(writeAs(done.id, 8)).rejects.toThrow(ClaimLost);
  });

  it('is given up in the middle of an undoing, which can be asked for again', async () => {
    const done = await importList(world, world.ana, 'participants', 'identifier,first_name,last_name\nGA1,Give,Up\n');
    await set(done.id, { status: 'undoing', claim: 108, claimedUntil: null });
    await goOn();
    expect((await importOf(world.ana, done.id)).status).toBe('failed');
    await world.ana.form(`/import/${done.id}/undo`, {});
    await idle(world);
    expect((await importOf(world.ana, done.id)).status).toBe('undone');
  });
});

describe('a trial run whose worker stops in the middle', () => {
  it('begins again: what the first rows would have made, the later ones find', async () => {
    const forms = Array.from({ length: 1200 }, (_, at) => `TF-${at},Trial form ${at},TS`).join('\n');
    const csv = `group_external_id,group_name,parent_external_id\nTS,Trial school,\n${forms}\n`;
    await world.ana.send('POST', '/import', upload({ trial: csv }));
    const [id] = idsOn(await world.ana.get('/import')) as [number];
    await set(id, { status: 'queued', dryRun: true });
    let chunks = 0;
    await drainImports(world.orm, {
      folder: uploadsFolder(world.config),
      stopping: () => chunks > 0,
      onChunk: () => chunks++,
    });
    expect(await importOf(world.ana, id)).toMatchObject({ status: 'running', failed: 0 });
    expect(await claimOf(id)).toBe(1);
    await goOn();
    expect(countsOf(await importOf(world.ana, id))).toEqual({
      status: 'done',
      total: 1201,
      created: 1201,
      updated: 0,
      unchanged: 0,
      skipped: 0,
      failed: 0,
    });
  }, 60_000);
});
