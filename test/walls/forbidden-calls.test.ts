import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from '@jest/globals';

const root = resolve(import.meta.dirname, '..', '..');

interface Forbidden {
  name: string;
  message: string;
  allowed: Record<string, string>;
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
];

/** @returns the messages about forbidden calls in each text, and the list of what is forbidden */
async function lint(texts: { path: string; code: string }[]): Promise<{ forbidden: Forbidden[]; results: string[][] }> {
  const script = join(root, 'test', 'support', 'lint-texts.mjs');
  const child = spawn(process.execPath, [script], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(texts));
  return JSON.parse(await text(child.stdout)) as { forbidden: Forbidden[]; results: string[][] };
}

describe('forbidden calls', () => {
  let forbidden: Forbidden[];
  beforeAll(async () => {
    ({ forbidden } = await lint([]));
  }, 60_000);

  it('go red, each of them', async () => {
    expect(Object.keys(BAD).sort()).toEqual(forbidden.map(({ name }) => name).sort());
    const texts = Object.entries(BAD).flatMap(([name, codes]) => codes.map((code) => ({ name, code })));
    const { results } = await lint(texts.map(({ code }) => ({ path: 'src/participants/bad.ts', code })));
    texts.forEach(({ name, code }, at) => {
      const { message } = forbidden.find((rule) => rule.name === name)!;
      expect({ code, messages: results[at] }).toEqual({ code, messages: expect.arrayContaining([message]) });
    });
  }, 60_000);

  it('are nothing that looks alike', async () => {
    const { results } = await lint(ALLOWED.map((code) => ({ path: 'src/participants/good.ts', code })));
    expect(results.flat()).toEqual([]);
  }, 60_000);

  it('have exceptions only where a file needs one', async () => {
    const exceptions = forbidden.flatMap(({ name, message, allowed }) =>
      Object.keys(allowed)
        .filter((path) => !path.includes('*'))
        .map((path) => ({ name, path, message })),
    );
    const gone = exceptions.filter(({ path }) => !existsSync(join(root, path)));
    expect(gone).toEqual([]);
    const { results } = await lint(
      exceptions.map(({ path }) => ({
        path: 'src/participants/bad.ts',
        code: readFileSync(join(root, path), 'utf8'),
      })),
    );
    expect(exceptions.filter(({ message }, at) => !results[at]!.includes(message))).toEqual([]);
  }, 60_000);
});
