import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
// @ts-expect-error a configuration file has no types
import config, { LAYERS } from '../../.dependency-cruiser.mjs';

const root = resolve(import.meta.dirname, '..', '..');

interface Violation {
  rule: { name: string };
  from: string;
  to: string;
}

/** @returns what the walls find in the src folder of this place */
function violationsIn(folder: string): Promise<Violation[]> {
  const cli = realpathSync(join(root, 'node_modules', '.bin', 'depcruise'));
  const args = [cli, '--config', join(root, '.dependency-cruiser.mjs'), '--output-type', 'json', 'src'];
  return new Promise((done, fail) =>
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 64e6 }, (_error, output, problem) => {
      try {
        done((JSON.parse(output) as { summary: { violations: Violation[] } }).summary.violations);
      } catch {
        fail(new Error(problem || output));
      }
    }),
  );
}

/** For each rule a file that breaks it. */
const BAD: Record<string, [file: string, text: string]> = {
  'layer-platform': ['src/platform/a.ts', `import '../tenancy/index.js';`],
  'layer-tenancy': ['src/tenancy/a.ts', `import '../auth/index.js';`],
  'layer-auth': ['src/auth/a.ts', `import type { It } from '../governance/index.js';\nexport type Mine = It;`],
  'layer-governance': ['src/governance/a.ts', `import '../participants/index.js';`],
  'layer-participants': ['src/participants/a.ts', `import '../sessions/index.js';`],
  'layer-sessions': ['src/sessions/a.ts', `export * from '../presence/index.js';`],
  'layer-presence': ['src/presence/a.ts', `export const late = () => import('../reports/index.js');`],
  'layer-reports-notifications': ['src/reports/a.ts', `import '../sync/index.js';`],
  'peers-reports-notifications': ['src/notifications/a.ts', `import '../reports/index.js';`],
  'through-the-index': ['src/presence/b.ts', `import '../sessions/inside.js';`],
  'nobody-imports-the-top': ['src/presence/c.ts', `import '../app.js';`],
  'known-places': ['src/helpers/a.ts', `import '../platform/sound.js';`],
  'bare-inserts': ['src/presence/d.ts', `import '../platform/database/insert-many.js';`],
  'no-circles': ['src/tenancy/one.ts', `import './two.js';\nexport const one = 1;`],
  'declared-packages': ['src/platform/b.ts', `import 'jest';`],
  resolvable: ['src/platform/c.ts', `import './nowhere.js';`],
  'source-only': ['src/platform/d.ts', `import '../../test/world.js';`],
};

const SOUND: Record<string, string> = {
  'package.json': JSON.stringify({ type: 'module', devDependencies: { jest: '*' } }),
  'tsconfig.json': JSON.stringify({ compilerOptions: { module: 'nodenext', target: 'esnext' }, include: ['src'] }),
  'test/world.ts': 'export {};',
  'src/app.ts': `import './sync/index.js';\nimport './platform/sound.js';`,
  'src/platform/sound.ts': 'export {};',
  'src/sessions/inside.ts': 'export {};',
  'src/platform/database/insert-many.ts': 'export {};',
  'src/tenancy/two.ts': `import './one.js';\nexport const two = 2;`,
  ...Object.fromEntries(
    (LAYERS as string[][]).flat().map((name) => [`src/${name}/index.ts`, 'export interface It {}']),
  ),
};

describe('who may import whom', () => {
  it('holds in the product', async () => {
    const found = await violationsIn(root);
    expect(found.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)).toEqual([]);
  }, 60_000);

  it('goes red for every rule, and only for the file that breaks it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'omnipresence-walls-'));
    try {
      const write = (file: string, text: string) => {
        mkdirSync(dirname(join(folder, file)), { recursive: true });
        writeFileSync(join(folder, file), text);
      };
      for (const [file, text] of Object.entries(SOUND)) write(file, text);
      for (const [file, text] of Object.values(BAD)) write(file, text);
      symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
      const found = await violationsIn(folder);
      const rules = (config as { forbidden: { name: string }[] }).forbidden.map(({ name }) => name);
      expect(Object.keys(BAD).sort()).toEqual([...rules].sort());
      for (const [rule, [file]] of Object.entries(BAD))
        expect(found).toContainEqual(
          expect.objectContaining({ rule: expect.objectContaining({ name: rule }), from: file }),
        );
      const bad = Object.values(BAD).map(([file]) => file);
      expect(
        found.map(({ from }) => from).filter((file) => !bad.includes(file) && file !== 'src/tenancy/two.ts'),
      ).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 60_000);
});
