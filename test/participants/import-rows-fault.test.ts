import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { DeadlockException, DriverException, LockWaitTimeoutException } from '@mikro-orm/core';
import { type SqlEntityManager } from '@mikro-orm/sql';
import { isRowsFault } from '../../src/participants/import/rows-fault.js';
import { ImportJobs } from '../../src/participants/index.js';
import { bulk, idle, importOf } from '../support/imports.js';
import { World } from '../world.js';

const driver = (values: object) => new DriverException(Object.assign(new Error('refused'), values));

describe('an error while rows are written', () => {
  it('is the rows’ fault when a value does not fit', async () => {
    for (const errno of [1264, 1292, 1366, 1406]) expect(isRowsFault(driver({ errno }))).toBe(true);
    const world = await World.open();
    const [person] = await world.addParticipants(world.school, ['Ann Twice']);
    const double = world.write(world.school, (tx) =>
      tx.nativeUpdate('Participant' as never, { id: person!.id } as never, { organization: null } as never),
    );
    expect(isRowsFault(await double.catch((error: unknown) => error))).toBe(true);
    await world.close();
  });

  it('is not when the connection, the disk or another writer is in the way', () => {
    expect(isRowsFault(driver({ code: 'PROTOCOL_CONNECTION_LOST' }))).toBe(false);
    expect(isRowsFault(driver({ code: 'ECONNREFUSED' }))).toBe(false);
    expect(isRowsFault(driver({ errno: 1021 }))).toBe(false);
    expect(isRowsFault(driver({ code: 'SQLITE_FULL' }))).toBe(false);
    expect(isRowsFault(new DeadlockException(new Error('1213')))).toBe(false);
    expect(isRowsFault(new LockWaitTimeoutException(new Error('database is locked')))).toBe(false);
    expect(isRowsFault(new TypeError('a mistake of ours'))).toBe(false);
  });

  it('blames no row when nothing can be written: the import waits, and goes on when it can', async () => {
    const world = await World.open({ databaseUrl: 'sqlite::memory:' });
    const run = (sql: string) => (world.orm.em.fork() as SqlEntityManager).execute(sql);
    await run(`create trigger no_more before insert on import_rows begin select raise(abort, 'no more'); end`);
    const { json } = await world.ana.post('/api/participants/bulk', bulk('first_name,last_name\nAnn,One\nBen,Two\n'));
    await idle(world);
    expect(await importOf(world.ana, json.data.id)).toMatchObject({ status: 'running', processed: 0, failed: 0 });
    await run('drop trigger no_more');
    await sleep(2100);
    world.app.get(ImportJobs).kick();
    await idle(world);
    expect(await importOf(world.ana, json.data.id)).toMatchObject({ status: 'done', created: 2, failed: 0 });
    await world.close();
  }, 20_000);
});
