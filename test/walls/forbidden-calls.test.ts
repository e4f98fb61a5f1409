import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { MikroORM } from '@mikro-orm/core';
import { databaseTarget } from '../../src/platform/config.js';
import { databaseConfig } from '../../src/platform/database/database.config.js';
import { ENTITIES } from '../../src/entities.js';
import { isAudited } from '../../src/platform/ledger/ledger.js';

const root = resolve(import.meta.dirname, '..', '..');

interface Forbidden {
  name: string;
  message: string;
}

interface Linted {
  forbidden: Forbidden[];
  /** Entities that may be written past the ledger. */
  unaudited: Record<string, string>;
  results: string[][];
  /** Exceptions that no file needs any more. */
  idle: string[];
}

/** For each forbidden call, ways of writing it. */
const BAD: Record<string, string[]> = {
  reference: ['em.getReference(User, 1);', 'this.em.getReference(User, id, { wrapped: true });'],
  upsert: ['await em.upsert(User, {});', 'await this.em.upsertMany(User, []);'],
  'query builder': ['em.createQueryBuilder(User);', 'em.qb(User);', '(em as SqlEntityManager).getKysely();'],
  'SQL text': [
    'await em.execute("select 1");',
    'await em.getConnection().execute("select 1");',
    'await (tx as SqlEntityManager).execute("select 1");',
    'await orm.em.getConnection("read").execute("select 1");',
  ],
  'raw fragment': [
    `import { raw } from '@mikro-orm/core'; raw('1');`,
    `import { sql } from '@mikro-orm/sql'; sql\`1\`;`,
  ],
  'write past the ledger': [
    'await em.nativeUpdate(User, {}, {});',
    'await em.nativeDelete(User, {});',
    'await em.insert(User, {});',
    'await tx.insertMany(User, []);',
  ],
  driver: ['em.getDriver();'],
  'filter off': [
    'await em.find(User, {}, { filters: false });',
    'await em.find(User, {}, { filters: { tenant: false } });',
  ],
  'tenant changed': [`em.setFilterParams('tenant', { organization: 2 });`],
  'across organizations': [
    `import { readAcrossOrganizations } from '../platform/database/read.js';`,
    `await readAcrossOrganizations(em, 'select 1');`,
  ],
  'own clock': ['new Date();', 'Date.now();', 'Temporal.Now.instant();'],
  console: [`console.log('here');`],
  environment: ['process.env.HOME;'],
};

const ALLOWED = [
  'await this.bus.execute(new RecordPresence());',
  'await commandBus.execute(new RecordPresence());',
  'new Date(5);',
  'clock.now();',
  'await em.find(User, {}, { filters: { active: false } });',
  'const filters = true; use({ filters });',
  'await em.nativeUpdate(Import, { id }, { processed: 5 });',
  'await this.insert(rows);',
];

/** @returns the messages about forbidden calls in each text, and the list of what is forbidden */
async function lint(texts: { path: string; code: string }[]): Promise<Linted> {
  const script = join(root, 'test', 'support', 'lint-texts.mjs');
  const child = spawn(process.execPath, [script], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(texts));
  return JSON.parse(await text(child.stdout)) as Linted;
}

describe('forbidden calls', () => {
  const bad = Object.entries(BAD).flatMap(([name, codes]) => codes.map((code) => ({ name, code })));
  let linted: Linted;
  beforeAll(async () => {
    linted = await lint([
      ...bad.map(({ code }) => ({ path: 'src/participants/bad.ts', code })),
      ...ALLOWED.map((code) => ({ path: 'src/participants/good.ts', code })),
    ]);
  }, 60_000);

  it('go red, each of them', () => {
    expect(Object.keys(BAD).sort()).toEqual(linted.forbidden.map(({ name }) => name).sort());
    bad.forEach(({ name, code }, at) => {
      const { message } = linted.forbidden.find((rule) => rule.name === name)!;
      expect({ code, messages: linted.results[at] }).toEqual({ code, messages: expect.arrayContaining([message]) });
    });
  });

  it('are nothing that looks alike', () => {
    const messages = linted.results.slice(bad.length);
    expect(ALLOWED.map((code, at) => [code, messages[at]])).toEqual(ALLOWED.map((code) => [code, []]));
  });

  it('have exceptions only where a file needs one', () => {
    expect(linted.idle).toEqual([]);
  });

  it('let past the ledger only entities that the ledger does not audit', () => {
    const orm = new MikroORM(databaseConfig(databaseTarget('sqlite::memory:'), ENTITIES) as never);
    const entities = [...orm.getMetadata().getAll().values()];
    for (const name of Object.keys(linted.unaudited)) {
      const table = entities.find(({ className }) => className === name)?.tableName;
      expect([name, table && isAudited(table)]).toEqual([name, false]);
    }
  });
});
