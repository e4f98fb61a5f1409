/**
 * Who may import whom, as data. Modules are listed from left to right: each may import what stands left of it, and
 * modules of one line are peers that never import each other. test/walls/imports.test.ts proves that each rule goes red.
 */
export const LAYERS = [
  ['platform'],
  ['tenancy'],
  ['auth'],
  ['governance'],
  ['participants'],
  ['sessions'],
  ['presence'],
  ['reports', 'notifications'],
  ['sync'],
];

/** Files that put the modules together, or start the product: they may import everything, and no module imports them. */
export const TOP = ['app', 'app.module', 'cli', 'entities', 'launch', 'main', 'worker'].map((name) => `${name}.ts`);

const modules = LAYERS.flat();
const within = (names) => `^src/(${names.join('|')})/`;
const top = `^src/(${TOP.map((file) => file.replaceAll('.', '\\.')).join('|')}|demo/.*)$`;

const layers = LAYERS.slice(0, -1).map((names, at) => ({
  name: `layer-${names.join('-')}`,
  comment: `${names.join(' and ')} may import only what stands left of it.`,
  severity: 'error',
  from: { path: within(names) },
  to: { path: within(LAYERS.slice(at + 1).flat()) },
}));

const peers = LAYERS.filter((names) => names.length > 1).map((names) => ({
  name: `peers-${names.join('-')}`,
  comment: 'Peers never import each other.',
  severity: 'error',
  from: { path: `^src/(${names.join('|')})/` },
  to: { path: within(names), pathNot: '^src/$1/' },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...layers,
    ...peers,
    {
      name: 'through-the-index',
      comment: 'A module is crossed only through its index.ts. The platform is open.',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: top },
      to: {
        path: within(modules.filter((name) => name !== 'platform')),
        pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$'],
      },
    },
    {
      name: 'nobody-imports-the-top',
      comment: 'The top knows the modules; no module knows the top.',
      severity: 'error',
      from: { path: '^src/', pathNot: top },
      to: { path: top },
    },
    {
      name: 'known-places',
      comment: 'A new module gets its place in LAYERS, a new file at the top in TOP.',
      severity: 'error',
      from: { path: '^src/', pathNot: [within(modules), top] },
      to: {},
    },
    {
      name: 'bare-inserts',
      comment: 'Many rows are written with their audit: through the ledger.',
      severity: 'error',
      from: { pathNot: '^src/platform/ledger/' },
      to: { path: '^src/platform/database/insert-many\\.ts$' },
    },
    {
      name: 'no-circles',
      comment: 'A circle cannot be read from left to right.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'declared-packages',
      comment: 'What runs in production stands in "dependencies".',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'source-only',
      comment: 'The product does not reach into tests, benchmarks or build output.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|dist|static|migrations)/' },
    },
  ],
  options: {
    // An import of types alone is knowledge too.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
