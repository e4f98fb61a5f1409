import { type EntityManager } from '@mikro-orm/core';
import { type AbstractSqlConnection } from '@mikro-orm/sql';
import { type DatabaseTarget } from '../config.js';
import { type Orm } from './orm.js';

/**
 * Brings the tables up to date. Two nodes that start at once migrate once: the second waits for the first.
 * @returns how many migrations ran
 */
export async function migrate(orm: Orm, target: DatabaseTarget): Promise<number> {
  const migrator = orm.migrator as unknown as { up(): Promise<unknown[]>; getPending(): Promise<unknown[]> };
  if (target.kind === 'sqlite') return migrateSqlite(orm, migrator);
  await orm.schema.ensureDatabase();
  // GET_LOCK belongs to a connection; it serves the start of the process only, never correctness at run time.
  return orm.em.fork({ disableContextResolution: true }).transactional(async (em: EntityManager) => {
    const connection = em.getConnection() as unknown as AbstractSqlConnection;
    const ctx = em.getTransactionContext();
    await connection.execute(`select get_lock('omnipresence.migrate', 120)`, [], 'all', ctx);
    try {
      if ((await migrator.getPending()).length === 0) return 0;
      return (await migrator.up()).length;
    } finally {
      await connection.execute(`select release_lock('omnipresence.migrate')`, [], 'all', ctx);
    }
  });
}

/**
 * SQLite re-creates a table to change it, and `pragma foreign_keys` is ignored inside a transaction: with the checks
 * on, re-creating a parent would fail or delete the children. So they are off around the whole run and proven after it.
 */
async function migrateSqlite(
  orm: Orm,
  migrator: { up(): Promise<unknown[]>; getPending(): Promise<unknown[]> },
): Promise<number> {
  const connection = orm.em.getConnection() as unknown as AbstractSqlConnection;
  await connection.execute('pragma foreign_keys = off');
  try {
    const ran = (await migrator.getPending()).length === 0 ? [] : await migrator.up();
    const broken = await connection.execute<unknown[]>('pragma foreign_key_check', [], 'all');
    if (broken.length > 0) throw new Error(`the migration left ${broken.length} rows without their parent`);
    return ran.length;
  } finally {
    await connection.execute('pragma foreign_keys = on');
  }
}
