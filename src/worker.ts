import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MikroORM } from '@mikro-orm/core';
import { ENTITIES } from './entities.js';
import { type Config, readConfig } from './platform/config.js';
import { databaseConfig } from './platform/database/database.config.js';
import { type Orm } from './platform/database/orm.js';
import { uploadsFolder } from './platform/files.js';
import { obeyJobWorker } from './platform/jobs/job-worker.js';
import { logLevels } from './platform/log-levels.js';

/** What a worker works off, by the name with which the serving process starts it. */
const WORK: Record<string, (config: Config) => Promise<void>> = { import: imports, export: exports };

async function imports(config: Config): Promise<void> {
  const { AppModule } = await import('./app.module.js');
  const { drainImports } = await import('./participants/index.js');
  // The whole product: what is imported may have followers in any module.
  const app = await NestFactory.createApplicationContext(await AppModule.for(config), { logger: logLevels(config) });
  try {
    const orm = app.get<Orm>(MikroORM);
    await obeyJobWorker((options) => drainImports(orm, { folder: uploadsFolder(config), ...options }));
  } finally {
    await app.close();
  }
}

/** Only reads, and says how far it is: the tables are enough. */
async function exports(config: Config): Promise<void> {
  Logger.overrideLogger(logLevels(config));
  const { drainExports, exportsFolder } = await import('./reports/index.js');
  // Rows are read once, one after the other: what was read need not be kept.
  const database = () => databaseConfig(config.database, ENTITIES, { pagesKb: 2000 });
  const open = () => MikroORM.init(database() as never) as Promise<Orm>;
  const orm = await open();
  // A file is read at one moment of the database, which takes long; on SQLite an ORM has one connection.
  const reading = config.database.kind === 'sqlite' ? await open() : orm;
  try {
    await obeyJobWorker((options) => drainExports(orm, { folder: exportsFolder(config), reading, ...options }));
  } finally {
    await orm.close();
    if (reading !== orm) await reading.close();
  }
}

/**
 * A worker: a process of its own that works off the jobs of one kind that wait. The serving process starts it and tells it
 * when to look again; it needs nothing else from it than the database, so work that is under way survives its end.
 */
async function main(): Promise<void> {
  const work = WORK[process.argv[2] ?? ''];
  if (!work) throw new Error(`a worker needs to know its work: ${Object.keys(WORK).join(' or ')}`);
  try {
    await work(readConfig(process.env));
  } finally {
    if (process.connected) process.disconnect?.();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
