/**
 * The thread that reads a SQLite file beside the process that writes it (aside.ts): one connection that can only read, one
 * statement after the other. It knows nothing of organizations: its statements come from `readAside`, which names them.
 */
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';

const { file } = workerData as { file: string };
const database = new Database(file, { readonly: true, fileMustExist: true, timeout: 5000 });
database.pragma('cache_size = -32000');
database.pragma('query_only = ON');

/** How many compiled statements are kept. */
const KEPT = 200;
const statements = new Map<string, Database.Statement>();

function statementOf(sql: string): Database.Statement {
  let statement = statements.get(sql);
  if (statement) return statement;
  statement = database.prepare(sql);
  if (statements.size >= KEPT) statements.delete(statements.keys().next().value!);
  statements.set(sql, statement);
  return statement;
}

/** Five columns of ten thousand values are copied to another thread much faster than ten thousand rows of five. */
function byColumn(statement: Database.Statement, values: unknown[]) {
  const rows = statement.raw(true).all(...values) as unknown[][];
  const names = statement.columns().map(({ name }) => name);
  return { names, columns: names.map((_, at) => rows.map((row) => row[at])), count: rows.length };
}

parentPort!.on('message', ({ question, sql, values }: { question: number; sql: string; values: unknown[] }) => {
  try {
    parentPort!.postMessage({ question, ...byColumn(statementOf(sql), values) });
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    parentPort!.postMessage({ question, error: { message, code } });
  }
});
