import { parseArgs } from 'node:util';
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import { MikroORM } from '@mikro-orm/core';
import { AppModule } from './app.module.js';
import { CreateUser, NewUser, type User } from './auth/index.js';
import { readConfig } from './platform/config.js';
import { inOrganization } from './platform/database/in-organization.js';
import { migrate } from './platform/database/migrate.js';
import { type Orm } from './platform/database/orm.js';
import { transact } from './platform/database/transaction.js';
import { parse } from './platform/http/parse.js';
import { Problem } from './platform/http/problem.js';
import { withCurrent } from './platform/current.js';
import { beginEpoch } from './sync/index.js';
import { NewOrganization, openOrganization, Organization } from './tenancy/index.js';

interface Context {
  orm: Orm;
  bus: CommandBus;
  options: Record<string, string | undefined>;
}

const snakeCase = (options: Context['options']) =>
  Object.fromEntries(Object.entries(options).map(([name, value]) => [name.replaceAll('-', '_'), value]));

/** The commands: each answers one JSON value. */
const COMMANDS: Record<string, (context: Context) => Promise<unknown>> = {
  'organization:create': async ({ orm, options }) => {
    const input = parse(NewOrganization, snakeCase(options));
    const organization = await withCurrent({ source: 'cli' }, () =>
      transact(orm.em.fork(), 'organization.opened', (tx) => openOrganization(tx, input)),
    );
    return { id: organization.id };
  },

  'user:create': async ({ orm, bus, options }) => {
    const { organization: slug, ...fields } = snakeCase(options);
    const organization = await orm.em.fork().findOne(Organization, { slug: slug ?? '' }, { filters: false });
    if (!organization) throw new Error(`There is no organization with the slug "${slug ?? ''}".`);
    const input = parse(NewUser, fields);
    const user = await inOrganization(orm, { organizationId: organization.id, source: 'cli' }, () =>
      bus.execute<CreateUser, User>(new CreateUser(input)),
    );
    return { id: user.id };
  },

  /** After a backup was restored: every device offers again what was acknowledged in the last 30 days. */
  'epoch:new': async ({ orm }) => ({
    epoch: await withCurrent({ source: 'cli' }, () => beginEpoch(orm.em.fork({ disableContextResolution: true }))),
  }),
};

async function main(): Promise<void> {
  const { positionals, tokens } = parseArgs({ strict: false, tokens: true, allowPositionals: true });
  const name = positionals[0] ?? '';
  const command = COMMANDS[name];
  if (!command) throw new Error(`Unknown command "${name}". Known: ${Object.keys(COMMANDS).join(', ')}.`);
  const options: Context['options'] = {};
  tokens.forEach((token, at) => {
    if (token.kind !== 'option') return;
    const next = tokens[at + 1];
    options[token.name] = token.value ?? (next?.kind === 'positional' ? next.value : undefined);
  });
  const config = readConfig(process.env);
  const app = await NestFactory.createApplicationContext(await AppModule.for(config), { logger: false });
  try {
    const orm = app.get<Orm>(MikroORM);
    if (config.migrate) await migrate(orm, config.database);
    console.log(JSON.stringify(await command({ orm, bus: app.get(CommandBus), options })));
  } finally {
    await app.close();
  }
}

main().catch((error: unknown) => {
  if (error instanceof Problem)
    for (const each of error.refusals) console.error(`${each.field ?? ''}: ${each.message}`);
  else console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
