import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
  type DatabaseConnection,
  type Driver,
  type SqliteDialectConfig,
  type TransactionSettings,
} from 'kysely';
import { fold } from '../text.js';

/**
 * SQLite as the house needs it: write-ahead log, every commit on the disk before it is called saved, foreign keys on,
 * and transactions that take the write lock at once. A deferred `begin` that reads and then writes fails with
 * SQLITE_BUSY as soon as a second process writes; no time-out helps against that.
 * @param file path, or ':memory:'
 * @param pagesKb of the file, kept in memory by each connection
 */
export function sqliteDialect(file: string, pagesKb = 16_000): SqliteDialect {
  const config: SqliteDialectConfig = { database: async () => openSqlite(file, pagesKb) };
  return new (class extends SqliteDialect {
    override createDriver(): Driver {
      return new ImmediateDriver(config);
    }

    override createAdapter() {
      return new QueueingAdapter();
    }
  })(config);
}

/** Kysely's own lock wakes everybody who waits each time; ours (below) hands the connection to the next one. */
class QueueingAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

class ImmediateDriver extends SqliteDriver {
  private taken = false;
  private readonly waiting: (() => void)[] = [];

  /** There is one connection: whoever asks first has it first. */
  override async acquireConnection(): Promise<DatabaseConnection> {
    if (this.taken) await new Promise<void>((go) => this.waiting.push(go));
    this.taken = true;
    return super.acquireConnection();
  }

  override async releaseConnection(): Promise<void> {
    const next = this.waiting.shift();
    if (next) next();
    else this.taken = false;
  }

  override async beginTransaction(connection: DatabaseConnection, settings?: TransactionSettings): Promise<void> {
    try {
      if (settings?.accessMode === 'read only') await connection.executeQuery(CompiledQuery.raw('begin'));
      else await beginImmediate(connection);
    } catch (error) {
      // Kysely keeps the connection of a transaction that did not begin, and there is no other: everybody would wait for
      // ever. (MikroORM begins by startTransaction() alone; kysely's transaction() would give it back a second time.)
      await this.releaseConnection();
      throw error;
    }
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    try {
      await super.rollbackTransaction(connection);
    } catch (error) {
      // A full disk makes SQLite roll back by itself. Then this is done, and the connection must be given back.
      if (!/no transaction is active/.test(String((error as Error).message))) throw error;
    }
  }
}

/** How long a writer waits for another process's transaction, in ms. Imports hold the lock for at most 50 ms. */
const LOCK_WAIT_MS = 5000;
/** How often it asks, in ms. */
const LOCK_POLL_MS = 2;

/**
 * Takes the write lock. While another process (an import) holds it, SQLite itself would sit and wait in growing steps of
 * up to 100 ms, and the whole process with it; asking often and going on with other work meanwhile meets the next gap.
 * @throws SQLITE_BUSY after LOCK_WAIT_MS
 */
async function beginImmediate(connection: DatabaseConnection): Promise<void> {
  const run = (sql: string) => connection.executeQuery(CompiledQuery.raw(sql));
  const end = performance.now() + LOCK_WAIT_MS;
  await run('pragma busy_timeout = 0');
  try {
    for (;;) {
      try {
        await run('begin immediate');
        return;
      } catch (error) {
        if ((error as { code?: string }).code !== 'SQLITE_BUSY' || performance.now() > end) throw error;
      }
      await sleep(LOCK_POLL_MS);
    }
  } finally {
    await run(`pragma busy_timeout = ${LOCK_WAIT_MS}`);
  }
}

function openSqlite(file: string, pagesKb: number): Database.Database {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
  const database = new Database(file, { timeout: LOCK_WAIT_MS });
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = ON');
  database.pragma(`cache_size = -${pagesKb}`);
  // For searches on text of which no folded copy is kept; MySQL's collations do the same (dialect.ts, `folded`).
  database.function('fold', { deterministic: true }, (text) => (typeof text === 'string' ? fold(text) : text));
  keepStatements(database);
  return database;
}

/** How many compiled statements are kept: more than the product has, fewer than would matter. */
const STATEMENTS_KEPT = 500;

/** Long statements are those of bulk writes: each number of rows is another text, and they would fill the memory. */
const LONGEST_KEPT = 4000;

/** Compiling a statement takes as long as running a small one (0.1 to 0.2 ms), so each is compiled once. */
function keepStatements(database: Database.Database): void {
  const kept = new Map<string, Database.Statement>();
  const compile = database.prepare.bind(database);
  database.prepare = ((sql: string) => {
    const known = kept.get(sql);
    // A statement that is being iterated cannot be run a second time meanwhile.
    if (known && !(known as { busy?: boolean }).busy) return known;
    const statement = compile(sql);
    if (sql.length > LONGEST_KEPT) return statement;
    if (kept.size >= STATEMENTS_KEPT) kept.delete(kept.keys().next().value!);
    kept.set(sql, statement);
    return statement;
  }) as typeof database.prepare;
}
