import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MikroORM } from '@mikro-orm/core';
import { type AbstractSqlConnection } from '@mikro-orm/sql';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ENTITIES } from '../../src/entities.js';
import { databaseTarget, type DatabaseTarget } from '../../src/platform/config.js';
import { databaseConfig } from '../../src/platform/database/database.config.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { type Orm } from '../../src/platform/database/orm.js';
import { mysqlServer, ownDatabase } from '../support/databases.js';
import { shapesOf, type Shapes } from '../support/table-shapes.js';

const migrations = (kind: string) =>
  readdirSync(join(resolve(import.meta.dirname, '..', '..'), 'migrations', kind)).filter((name) =>
    name.endsWith('.ts'),
  );

interface Migrated {
  orm: Orm;
  target: DatabaseTarget;
  close: () => Promise<void>;
}

async function migrated(url: string, drop?: () => Promise<void>): Promise<Migrated> {
  const target = databaseTarget(url);
  const orm: Orm = await MikroORM.init({ ...databaseConfig(target, ENTITIES), allowGlobalContext: true } as never);
  await migrate(orm, target);
  return {
    orm,
    target,
    close: async () => {
      await orm.close(true);
      await drop?.();
    },
  };
}

const run = (orm: Orm, sql: string) => (orm.em.getConnection() as AbstractSqlConnection).execute(sql);
/** What the entities say that the database does not have, or the other way round. */
const missing = async (orm: Orm): Promise<string> => (await orm.schema.getUpdateSchemaSQL({ wrap: false })).trim();

const databases: Record<string, () => Promise<Migrated>> = {
  SQLite: () => migrated('sqlite::memory:'),
  ...(mysqlServer()
    ? {
        MySQL: () => {
          const { url, drop } = ownDatabase();
          return migrated(url, drop);
        },
      }
    : {}),
};

describe.each(Object.entries(databases))('the tables on %s', (_name, open) => {
  let orm: Orm;
  let target: DatabaseTarget;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ orm, target, close } = await open());
  });
  afterAll(() => close());

  it('are what the entities say', async () => {
    expect(await missing(orm)).toBe('');
  });

  it('keep every row inside its organization: keys between tenant tables are pairs', async () => {
    const shapes = await shapesOf(orm);
    const tenant = (name: string) => 'organization_id' in shapes[name]!.columns;
    const single = Object.entries(shapes).flatMap(([table, { foreignKeys }]) =>
      foreignKeys
        .filter((key) => tenant(table) && tenant(/-> (\w+)/.exec(key)![1]!) && !key.startsWith('organization_id, '))
        .map((key) => `${table}: ${key}`),
    );
    expect(single).toEqual([]);
    expect(Object.keys(shapes).length).toBeGreaterThanOrEqual(ENTITIES.length);
  });

  it('are gone after going down, and the same after coming up again', async () => {
    const before = await shapesOf(orm);
    const migrator = orm.migrator as unknown as { down(options: { to: 0 }): Promise<unknown[]> };
    if (target.kind === 'sqlite') await run(orm, 'pragma foreign_keys = off');
    await migrator.down({ to: 0 });
    if (target.kind === 'sqlite') await run(orm, 'pragma foreign_keys = on');
    expect(await shapesOf(orm)).toEqual({});
    expect(await migrate(orm, target)).toBe(migrations(target.kind).length);
    expect(await shapesOf(orm)).toEqual(before);
    expect(await missing(orm)).toBe('');
  }, 60_000);

  // Last: it spoils the tables.
  it('are told apart from tables that differ', async () => {
    const before = await shapesOf(orm);
    await run(orm, 'alter table presence_states add column mood varchar(10) null');
    await run(orm, 'create unique index wrong_unique on presence_states (label)');
    const { presence_states: after } = await shapesOf(orm);
    expect(after!.columns.mood).toBe('text null');
    expect(after!.uniques).toEqual([...before.presence_states!.uniques, 'label'].sort());
    expect(await missing(orm)).toContain('mood');
  });
});

describe('the two databases', () => {
  it('have migrations of the same names', () => {
    expect(migrations('mysql')).toEqual(migrations('sqlite'));
    expect(migrations('sqlite').length).toBeGreaterThan(0);
  });

  (mysqlServer() ? it : it.skip)(
    'end in the same tables, columns, keys and indexes (needs TEST_MYSQL_URL)',
    async () => {
      const shapes: Shapes[] = [];
      for (const open of [databases.SQLite!, databases.MySQL!]) {
        const { orm, close } = await open();
        shapes.push(await shapesOf(orm));
        await close();
      }
      expect(shapes[1]).toEqual(shapes[0]);
    },
    60_000,
  );
});
