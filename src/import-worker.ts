import { NestFactory } from '@nestjs/core';
import { MikroORM } from '@mikro-orm/core';
import { AppModule } from './app.module.js';
import { logLevels } from './app.js';
import { drainImports } from './participants/index.js';
import { readConfig } from './platform/config.js';
import { type Orm } from './platform/database/orm.js';
import { uploadsFolder } from './platform/files.js';

/** How long the worker waits for more work before it ends. */
const LINGER_MS = 20_000;

/**
 * The worker: a process of its own that works off the imports that wait. The serving process starts it and tells it when
 * to look again; it needs nothing else from it than the database, so work that is under way survives its end.
 */
async function main(): Promise<void> {
  const config = readConfig(process.env);
  let stopping = false;
  let wake: () => void = () => {};
  const stop = () => {
    stopping = true;
    wake();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  const app = await NestFactory.createApplicationContext(await AppModule.for(config), { logger: logLevels(config) });
  let asked = 0;
  let looked = -1;
  process.on('message', (message) => {
    asked = (message as { look: number }).look;
    wake();
  });
  process.on('disconnect', () => wake());
  try {
    while (asked > looked && !stopping) {
      looked = asked;
      await drainImports(app.get<Orm>(MikroORM), {
        folder: uploadsFolder(config),
        stopping: () => stopping,
        onClaim: (claimed) => tell({ claimed }),
      });
      tell({ idle: looked });
      if (asked > looked || stopping || !process.connected) continue;
      await new Promise<void>((resolve) => {
        const enough = setTimeout(resolve, LINGER_MS);
        wake = () => {
          clearTimeout(enough);
          resolve();
        };
      });
    }
  } finally {
    await app.close();
    if (process.connected) process.disconnect?.();
  }
}

function tell(message: object): void {
  if (process.connected) process.send?.(message);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
