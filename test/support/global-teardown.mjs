import { dropDatabasesOfThisRun, mysqlServer } from './databases.ts';

export default async function teardown() {
  const server = mysqlServer();
  if (server) await dropDatabasesOfThisRun(server);
}
