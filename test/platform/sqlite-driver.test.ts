import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MikroORM } from '@mikro-orm/core';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ENTITIES } from '../../src/entities.js';
import { databaseTarget } from '../../src/platform/config.js';
import { databaseConfig } from '../../src/platform/database/database.config.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { type Orm } from '../../src/platform/database/orm.js';

let folder: string;
let orm: Orm;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'omnipresence-driver-'));
  const target = databaseTarget(`sqlite:${join(folder, 'a.db')}`);
  orm = await MikroORM.init({ ...databaseConfig(target, ENTITIES), allowGlobalContext: true } as never);
  await migrate(orm, target);
});
afterAll(async () => {
  await orm.close(true);
  rmSync(folder, { recursive: true, force: true });
});

const act = () => orm.em.fork().transactional((tx: any) => tx.execute('select 1 as one'));

it('a transaction that cannot begin gives its connection back', async () => {
  const other = new Database(join(folder, 'a.db'));
  other.exec('begin immediate');
  // Another process holds the write lock for longer than anybody waits: both are told, one after the other.
  const refused = await Promise.allSettled([act(), act()]);
  expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  other.exec('rollback');
  other.close();
  expect(await act()).toEqual([{ one: 1 }]);
}, 30_000);

it('a transaction that SQLite rolled back by itself gives its connection back', async () => {
  const broken = orm.em.fork().transactional(async (tx: any) => {
    await tx.execute('rollback');
    throw new Error('the disk is full');
  });
  await expect(broken).rejects.toThrow('the disk is full');
  expect(await act()).toEqual([{ one: 1 }]);
}, 30_000);
