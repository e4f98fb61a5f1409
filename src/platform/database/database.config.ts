import { join } from 'node:path';
import { NotFoundException } from '@nestjs/common';
import { type EntityName, type Options } from '@mikro-orm/core';
import { Migrator } from '@mikro-orm/migrations';
import { MySqlDriver } from '@mikro-orm/mysql';
import { CompiledQuery, type DatabaseConnection } from 'kysely';
import { type DatabaseTarget } from '../config.js';
import { AuditSubscriber } from '../ledger/audit.subscriber.js';
import { BoundSqliteDriver } from './sqlite-connection.js';
import { sqliteDialect } from './sqlite-driver.js';
import { adjustToDialect, TenantSchemaGenerator } from './tenant-schema.js';

const root = join(import.meta.dirname, '..', '..', '..');

/**
 * The one configuration of the ORM, for both databases.
 * @param target where the rows live
 * @param entities every entity of every module (src/entities.ts)
 * @param options pagesKb: how much of an embedded database a connection keeps in memory
 */
export function databaseConfig(
  target: DatabaseTarget,
  entities: EntityName[],
  options: { pagesKb?: number } = {},
): Options {
  const dialect = target.kind === 'mysql' ? mysql(target) : sqlite(target, options);
  return {
    ...dialect,
    entities: entities as never,
    extensions: [TenantSchemaGenerator, Migrator],
    subscribers: [new AuditSubscriber()],
    discovery: { onMetadata: adjustToDialect, checkDuplicateFieldNames: false },
    migrations: {
      path: join(root, 'migrations', target.kind),
      pathTs: join(root, 'migrations', target.kind),
      glob: '!(*.d).ts',
      emit: 'ts',
      silent: true,
      // The next migration is the difference to a migrated database, never to a file that can be forgotten.
      snapshot: false,
      allOrNothing: true,
    },
    schemaGenerator: { defaultDeleteRule: 'no action', defaultUpdateRule: 'no action' },
    forceUtcTimezone: true,
    timezone: 'Z',
    allowGlobalContext: false,
    // An id that nobody here has is "not found", whether it is unknown or somebody else's.
    findOneOrFailHandler: () => new NotFoundException(),
    // With several changed rows a batch update forgets the revision: a lost update (measured).
    useBatchUpdates: false,
    // Composite keys keep every row inside its organization; joining each parent to ask again would only cost.
    autoJoinRefsForFilters: false,
    filters: {
      tenant: {
        name: 'tenant',
        default: true,
        // Fails closed: without an organization nothing is found, and nothing but one whole number is an organization.
        cond: (args: { organization?: unknown }, _type: string, _em: unknown, _options: unknown, entity: string) => {
          if (!Number.isSafeInteger(args?.organization)) throw new Error('no organization is set for this query');
          return entity === 'Organization' ? { id: args.organization } : { organization: args.organization };
        },
      },
    },
  } as unknown as Options;
}

function mysql(target: Extract<DatabaseTarget, { kind: 'mysql' }>) {
  return {
    driver: MySqlDriver,
    clientUrl: target.url,
    dbName: target.name,
    charset: 'utf8mb4',
    collate: 'utf8mb4_0900_ai_ci',
    pool: { min: 0, max: target.connections },
    driverOptions: { supportBigNumbers: true, dateStrings: true },
    // What transact() counts on. Said once for each connection: with each transaction it is one more way there and back.
    onCreateConnection: async (connection: unknown) => {
      const said = CompiledQuery.raw('set session transaction isolation level read committed');
      await (connection as DatabaseConnection).executeQuery(said);
    },
  };
}

function sqlite(target: Extract<DatabaseTarget, { kind: 'sqlite' }>, { pagesKb }: { pagesKb?: number }) {
  return { driver: BoundSqliteDriver, dbName: target.file, driverOptions: sqliteDialect(target.file, pagesKb) };
}
