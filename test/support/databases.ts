import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The server of TEST_MYSQL_URL, or null when the tests run on SQLite. */
export const mysqlServer = (): string | null => process.env.TEST_MYSQL_URL?.replace(/\/+$/, '') || null;

/** Begins the name of every database of this run, so that several runs can share a server (MySQL). */
const prefix = (): string => `omnipresence_test_${process.env.TEST_RUN ?? process.pid}_`;

/** @returns the name of the database that one Jest worker shares between its test files (MySQL) */
export const workerDatabase = (worker: string): string => `${prefix()}worker_${worker}`;

/** A database of one's own, for tests that need an empty one. Empty until the application migrates it. */
export function ownDatabase(): { url: string; drop: () => Promise<void> } {
  const server = mysqlServer();
  if (!server) {
    const folder = mkdtempSync(join(tmpdir(), 'omnipresence-'));
    return {
      url: `sqlite:${join(folder, 'test.db')}`,
      drop: async () => rmSync(folder, { recursive: true, force: true }),
    };
  }
  const name = `${prefix()}own_${Math.random().toString(36).slice(2, 8)}`;
  return { url: `${server}/${name}`, drop: () => dropDatabase(server, name) };
}

async function dropDatabase(server: string, name: string): Promise<void> {
  const { createConnection } = await import('mysql2/promise');
  const connection = await createConnection(server);
  await connection.query(`drop database if exists \`${name}\``);
  await connection.end();
}

/** Removes every database that this run made on the server, whatever became of the tests. */
export async function dropDatabasesOfThisRun(server: string): Promise<void> {
  const { createConnection } = await import('mysql2/promise');
  const connection = await createConnection(server);
  const [rows] = await connection.query('select schema_name as name from information_schema.schemata');
  for (const { name } of rows as { name: string }[])
    if (name.startsWith(prefix())) await connection.query(`drop database if exists \`${name}\``);
  await connection.end();
}
