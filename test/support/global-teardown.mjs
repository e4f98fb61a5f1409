import { dropDatabase, mysqlServer, workerDatabase } from './databases.ts';

export default async function teardown() {
  const server = mysqlServer();
  if (server) for (const worker of ['1', '2', '3', '4']) await dropDatabase(server, workerDatabase(worker));
}
