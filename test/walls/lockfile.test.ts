import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from '@jest/globals';

const read = (name: string) =>
  JSON.parse(readFileSync(resolve(import.meta.dirname, '..', '..', name), 'utf8')) as Record<string, any>;

/** What a lock file leaves out of what its packages ask for; `npm ci` refuses such a file. */
function leftOut(packages: Record<string, { optionalDependencies?: Record<string, string> }>): string[] {
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
    ),
  );
}

it('the lock file names what package.json names, in the same versions', () => {
  const [manifest, root] = [read('package.json'), read('package-lock.json').packages['']];
  expect(root.dependencies).toEqual(manifest.dependencies);
  expect(root.devDependencies).toEqual(manifest.devDependencies);
});

// npm leaves out binaries for other systems when it makes the file on a system that cannot get them.
it('the lock file names the binaries of every system, so that npm ci works on each', () => {
  expect(leftOut(read('package-lock.json').packages)).toEqual([]);
  expect(leftOut({ 'node_modules/a': { optionalDependencies: { 'a-darwin': '1.0.0' } } })).toEqual(['a-darwin']);
});
