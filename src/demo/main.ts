import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MikroORM } from '@mikro-orm/core';
import { createApp } from '../app.js';
import { clock } from '../platform/clock.js';
import { ConfigError, readConfig } from '../platform/config.js';
import { type Orm } from '../platform/database/orm.js';
import { DEMO_PASSWORD, fillDemo } from './fill.js';
import { type Place } from './place.js';

/** `npm run demo`: the server on a throw-away database with four organizations and a month of their history. */
async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'omnipresence-demo-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const config = readConfig({ ...process.env, DATABASE_URL: `sqlite:${join(folder, 'demo.db')}` });
  const app = await createApp(config);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      void app.close().finally(() => process.exit(0));
    });
  console.log('Making four organizations and a month of their history ...');
  const places = await fillDemo(app.get<Orm>(MikroORM), { seed: 20_261_120, now: clock.now(), scale: 1, days: 30 });
  await app.listen(config.port, config.host);
  const address = config.publicUrl ?? (await app.getUrl()).replace('[::1]', 'localhost');
  console.log(welcome(address, places));
}

function welcome(address: string, places: Place[]): string {
  const roles = ['administrator', 'manager', 'frontline', 'external'] as const;
  const heads = ['Organization', ...roles.map((role) => role[0]!.toUpperCase() + role.slice(1))];
  const rows = places.map((place) => [
    place.name,
    ...roles.map((role) => Object.values(place.users).find((user) => user.role === role)?.email ?? ''),
  ]);
  const widths = heads.map((_, at) => Math.max(...[heads, ...rows].map((row) => row[at]!.length)));
  const line = (row: string[]) => `  ${row.map((cell, at) => cell.padEnd(widths[at]!)).join('  ')}`.trimEnd();
  return [
    '',
    `Omnipresence, demo: ${address}`,
    '',
    line(heads),
    line(widths.map((width) => '-'.repeat(width))),
    ...rows.map(line),
    '',
    `The password of everybody: ${DEMO_PASSWORD}`,
    'All of it is thrown away at the end (Ctrl+C).',
    '',
  ].join('\n');
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
});
