import { MikroORM } from '@mikro-orm/core';
import { createApp } from './app.js';
import { SetupAddress } from './auth/index.js';
import { ConfigError, readConfig } from './platform/config.js';
import { Organization } from './tenancy/index.js';

/** Starts the server. */
async function main(): Promise<void> {
  const config = readConfig(process.env);
  const app = await createApp(config);
  app.enableShutdownHooks();
  await app.listen(config.port, config.host);
  const address = config.publicUrl ?? (await app.getUrl()).replace('[::1]', 'localhost');
  console.log(`Omnipresence serves at ${address}`);
  const em = app.get(MikroORM).em.fork();
  if ((await em.count(Organization, {}, { filters: false })) === 0)
    console.log(`Nothing is here yet. Set up the first organization (once): ${address}${app.get(SetupAddress).open()}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
});
