import { dropDatabase, mysqlServer, workerDatabase } from './databases.ts';

/** Once before all tests: says aloud which database they run on, and starts the workers' databases afresh. */
export default async function setup() {
  const server = mysqlServer();
  console.error(`\nDatabase tests run on ${server ? 'MySQL' : 'SQLite (set TEST_MYSQL_URL for MySQL)'}.`);
  if (server) for (const worker of ['1', '2', '3', '4']) await dropDatabase(server, workerDatabase(worker));
}
