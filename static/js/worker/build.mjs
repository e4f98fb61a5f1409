/**
 * Builds static/dist/sw.js: one file (esbuild), into which Workbox puts what is to be kept. Runs after the styles and the
 * scripts, because their content is their address: pages ask for `/static/<name>?v=<version>` (Views.asset).
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';
import { injectManifest } from 'workbox-build';

const root = resolve(import.meta.dirname, '..', '..', '..');
const output = join(root, 'static', 'dist', 'sw.js');

/** The first ten characters of the SHA-256, as in Views.asset. */
const versionOf = (path) => createHash('sha256').update(readFileSync(path)).digest('base64url').slice(0, 10);

await build({
  entryPoints: [join(import.meta.dirname, 'worker.ts')],
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  define: {
    'process.env.NODE_ENV': '"production"',
    ENGINE: JSON.stringify(`/static/engine.js?v=${versionOf(join(root, 'static', 'dist', 'engine.js'))}`),
  },
  outfile: output,
  logLevel: 'warning',
});

// The page that is shown without network is drawn by the server: another template or another file, another page.
const pageVersion = createHash('sha256');
for (const folder of ['views/offline', 'views/layouts', 'views/shared'])
  for (const name of readdirSync(join(root, folder))) pageVersion.update(readFileSync(join(root, folder, name)));

const { warnings } = await injectManifest({
  swSrc: output,
  swDest: output,
  globDirectory: join(root, 'static'),
  globPatterns: ['dist/*.{css,js}', 'icons/mark.svg'],
  // What needs the network anyway is not kept for the time without one.
  globIgnores: ['dist/sw.js', 'dist/settings.js', 'dist/live.js', 'dist/comforts.js'],
  manifestTransforms: [
    (entries) => ({
      manifest: [
        ...entries.map(({ url, size }) => {
          const version = versionOf(join(root, 'static', url));
          pageVersion.update(version);
          return { url: `/static/${url.replace(/^dist\//, '')}?v=${version}`, revision: null, size };
        }),
        { url: '/offline', revision: pageVersion.digest('base64url').slice(0, 10), size: 0 },
      ],
      warnings: [],
    }),
  ],
});
if (warnings.length > 0) throw new Error(warnings.join('\n'));

// The small form of each file, which the server sends as it is (src/platform/http/precompressed.ts).
const dist = join(root, 'static', 'dist');
for (const name of readdirSync(dist))
  if (/\.(js|css)$/.test(name))
    writeFileSync(join(dist, `${name}.br`), brotliCompressSync(readFileSync(join(dist, name))));
