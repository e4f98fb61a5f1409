/**
 * npm run simulate -- --schedules 500                    so many schedules from a fresh seed, which is printed
 * npm run simulate -- --schedules 1 --seed 77 --steps    one schedule again, with its steps
 * npm run simulate -- --schedules 1 --seed 77 --shrink   the fewest steps of it that still fail
 * npm run simulate -- --mutants [--only name]            every seeded bug must be caught
 * docs/simulation.md says what it does.
 *
 * Runs the TypeScript of src/, static/js/ and test/ as it stands, without a build: each file is translated when it is
 * loaded. With --mutants the seeded bugs (mutants.ts) are put into the text of the files before that, each behind a
 * switch that only the simulation can turn; the files themselves are not touched.
 */
import { readFileSync } from 'node:fs';
import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';
import { isMutated, mutated } from './mutants.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const withMutants = process.argv.includes('--mutants');
const options = {
  jsc: {
    target: 'es2024',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
    keepClassNames: true,
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
};

registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL) {
      const typed = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
      if (!typed.pathname.includes('/node_modules/') && existsSync(typed))
        return { url: typed.href, format: 'module', shortCircuit: true };
    }
    return next(specifier, context);
  },
  load(url, context, next) {
    if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
    const path = fileURLToPath(url);
    let text = readFileSync(path, 'utf8');
    const file = relative(root, path);
    if (withMutants && isMutated(file)) text = mutated(file, text);
    return {
      format: 'module',
      source: transformSync(text, { ...options, filename: path }).code,
      shortCircuit: true,
    };
  },
});
process.setSourceMapsEnabled(true);
process.chdir(root);
const { main } = await import('./main.ts');
process.exit(await main(process.argv.slice(2)));
