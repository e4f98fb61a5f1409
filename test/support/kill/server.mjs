/**
 * A server that stops before any statement it is told to, and waits there to be killed. It is the built application
 * (dist/app.js, as `npm start` serves it); the order comes with the request, and statements are counted below Kysely, at
 * the connection, so the product knows nothing of it. One process works on several databases ("lanes"; on SQLite files
 * with a connection each, on MySQL the same one through the pool), so that one SIGKILL is the end of many requests, each at
 * its own boundary.
 *
 * Speaks over IPC: gets { lanes: [database address], secret }; says { ready: port } and, for each request with an order,
 * { stopped: run } where it stopped, or { answered: run, statements } when it was answered before.
 *
 * Headers of a request: x-lane (which database), x-run (a name), x-stop-at (n: stop when n statements have been
 * executed), x-stop-sent (n: send the n-th statement and stop without reading its answer; MySQL).
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { MysqlDriver, SqliteDriver } from 'kysely';
import { createApp } from '../../../dist/app.js';
import { databaseTarget, readConfig } from '../../../dist/platform/config.js';
import { sqliteDialect } from '../../../dist/platform/database/sqlite-driver.js';

/** The request that a statement belongs to: { lane, run, stopAt, stopSent, statements }; `run` null: no order. */
const request = new AsyncLocalStorage();
const forever = new Promise(() => undefined);
/** What is no boundary of a transaction: it changes nothing that outlives the process. */
const SETTING = /^\s*(pragma|set )/i;

async function stop(order) {
  process.send({ stopped: order.run, after: order.statements.at(-1) ?? '' });
  await forever;
}

/** Counts on the connection itself: begin, commit and rollback pass it like every other statement. */
async function hookDriver(driver) {
  await driver.init();
  const connection = Object.getPrototypeOf(await driver.acquireConnection());
  const execute = connection.executeQuery;
  connection.executeQuery = async function (query, ...rest) {
    const order = request.getStore();
    if (!order?.run || SETTING.test(query.sql)) return execute.call(this, query, ...rest);
    if (order.statements.length === order.stopAt) await stop(order);
    order.statements.push(query.sql);
    if (order.statements.length === order.stopSent) {
      void execute.call(this, query, ...rest).catch(() => undefined);
      // The bytes leave the process; what the database makes of them nobody hears.
      await sleep(0);
      await stop(order);
    }
    const result = await execute.call(this, query, ...rest);
    if (order.statements.length === order.stopAt) await stop(order);
    return result;
  };
}

await hookDriver(new SqliteDriver({ database: new Database(':memory:') }));
await hookDriver(new MysqlDriver({ pool: { getConnection: (done) => done(null, {}) } }));

/** Gives every lane a driver of its own, with its own file and its own queue; a request takes that of its lane. */
async function openLanes(addresses) {
  const drivers = addresses.map((address) => sqliteDialect(databaseTarget(address).file).createDriver());
  for (const driver of drivers) await driver.init();
  const owner = new WeakMap();
  const one = Object.getPrototypeOf(drivers[0]);
  const { acquireConnection, releaseConnection } = one;
  one.acquireConnection = async function () {
    const driver = drivers[request.getStore()?.lane] ?? this;
    const connection = await acquireConnection.call(driver);
    owner.set(connection, driver);
    return connection;
  };
  one.releaseConnection = function (connection) {
    return releaseConnection.call(owner.get(connection) ?? this);
  };
}

process.on('message', async ({ lanes, secret }) => {
  if (lanes[0].startsWith('sqlite:')) await openLanes(lanes);
  // Every lane may stop with the four operations of a batch under way, each on a connection of its own.
  const url = lanes[0].startsWith('mysql:') ? `${lanes[0]}?connections=${4 * lanes.length + 4}` : lanes[0];
  const env = { DATABASE_URL: url, SESSION_SECRET: secret, MIGRATE: 'off', LOG_LEVEL: 'error', RATE_LIMIT: 'off' };
  const app = await createApp(readConfig(env));
  const serve = app.getHttpAdapter().getInstance();
  const server = createServer((incoming, outgoing) => {
    const { headers } = incoming;
    const number = (name) => (headers[name] === undefined ? -1 : Number(headers[name]));
    const order = {
      lane: number('x-lane'),
      run: headers['x-run'] ?? null,
      stopAt: number('x-stop-at'),
      stopSent: number('x-stop-sent'),
      statements: [],
    };
    if (order.run) outgoing.on('finish', () => process.send({ answered: order.run, statements: order.statements }));
    request.run(order, () => serve(incoming, outgoing));
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => process.send({ ready: server.address().port }));
});
process.on('disconnect', () => process.exit(0));
process.send({ loaded: true });
