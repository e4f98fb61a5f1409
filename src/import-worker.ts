import { NestFactory } from '@nestjs/core';
import { MikroORM } from '@mikro-orm/core';
import { AppModule } from './app.module.js';
import { logLevels } from './app.js';
import { drainImports } from './participants/index.js';
import { readConfig } from './platform/config.js';
import { type Orm } from './platform/database/orm.js';
import { uploadsFolder } from './platform/files.js';

/**
 * The worker: a process of its own that works off the imports that wait, and ends. The serving process starts it; it
 * needs no other connection to it than the database, so it also survives its end.
 */
async function main(): Promise<void> {
  const config = readConfig(process.env);
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => (stopping = true));
  process.on('disconnect', () => {});
  const app = await NestFactory.createApplicationContext(await AppModule.for(config), { logger: logLevels(config) });
  try {
    await drainImports(app.get<Orm>(MikroORM), {
      folder: uploadsFolder(config),
      stopping: () => stopping,
      onClaim: (claimed) => void (process.connected && process.send?.({ claimed })),
    });
  } finally {
    await app.close();
    if (process.connected) process.disconnect?.();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
