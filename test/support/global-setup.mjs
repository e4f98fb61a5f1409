import { mysqlServer } from './databases.ts';

/** Once before all tests: says aloud which database they run on, and names this run for its workers. */
export default function setup() {
  const server = mysqlServer();
  console.error(`\nDatabase tests run on ${server ? 'MySQL' : 'SQLite (set TEST_MYSQL_URL for MySQL)'}.`);
  process.env.TEST_RUN ??= `${process.pid}_${Math.random().toString(36).slice(2, 8)}`;
}
