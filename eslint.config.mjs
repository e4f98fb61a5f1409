import { matchesGlob } from 'node:path';
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Entities whose rows are a memory or a cache of their own and not part of the audited domain (see ledger.ts). */
export const UNAUDITED = {
  AuditLog: 'the ledger itself',
  LoginSession: 'who is signed in',
  SignInFailure: 'counters of wrong passwords',
  Import: 'the state of a job, saved with every chunk',
  ImportRow: 'what became of each row of a file',
  Export: 'the state of a job; that it was asked for is audited',
  ReportScheduleRun: 'what became of a report by mail: the schedule and the file are audited',
  TallyChange: 'sums that follow from the marks',
};

/**
 * The house's forbidden calls. Each names what may not be written in src/, why, and the few files that may all the same,
 * each with its reason. test/walls/forbidden-calls.test.ts proves that every line goes red, and that no exception is idle.
 */
export const FORBIDDEN = [
  {
    name: 'reference',
    selector: 'CallExpression[callee.property.name="getReference"]',
    message: 'A row is found through the tenant filter, never referenced unseen: use findOneOrFail().',
    allowed: {},
  },
  {
    name: 'upsert',
    selector: 'CallExpression[callee.property.name=/^upsert(Many)?$/]',
    message: 'An upsert passes the tenant filter and can take over a row of another organization.',
    allowed: {},
  },
  {
    name: 'query builder',
    selector: 'CallExpression[callee.property.name=/^(createQueryBuilder|qb|getKysely|getKnex)$/]',
    message: 'Filters do not act on query builders: read with read(), write through entities or audited-rows.ts.',
    allowed: {},
  },
  {
    name: 'SQL text',
    // Everything that has an execute() but a command bus or a query bus.
    selector:
      'CallExpression[callee.property.name="execute"]:not([callee.object.name=/bus$/i]):not([callee.object.property.name=/bus$/i])',
    message: 'SQL text runs through read(), which names the organization; an act runs through the CommandBus.',
    allowed: {
      'src/platform/database/read.ts': 'the one place where SELECT text runs',
      'src/platform/database/sqlite-connection.ts': 'the connection itself, below everything that asks',
      'src/platform/database/migrate.ts': 'pragmas and the start lock, before any tenant exists',
      'src/platform/database/tenant-schema.ts': 'reads the schema, not rows',
      'src/platform/ledger/audited-rows.ts': 'bulk update with its audit rows; names the organization itself',
      'src/platform/database/add-up.ts': 'adds to derived rows; names the organization itself',
      'src/platform/database/insert-taking.ts': 'inserts derived rows; names the organization itself',
      'src/demo/offline-marks.ts': 'hands a batch to its use case; the demo has no bus',
    },
  },
  {
    name: 'raw fragment',
    selector: 'ImportDeclaration[source.value=/^@mikro-orm/] > ImportSpecifier[imported.name=/^(raw|sql)$/]',
    message: 'SQL text runs through read(), which names the organization.',
    allowed: {},
  },
  {
    name: 'write past the ledger',
    selector:
      'CallExpression[callee.property.name=/^(native(Update|UpdateMany|Delete|Insert|InsertMany)|insert|insertMany)$/]' +
      `:not([callee.object.type="ThisExpression"]):not([arguments.0.name=/^(${Object.keys(UNAUDITED).join('|')})$/])`,
    message: 'This writes past the ledger: use entities, or insertRows/updateRows/deleteRows of audited-rows.ts.',
    allowed: {
      'src/platform/ledger/audited-rows.ts': 'bulk writes with their audit rows in the same transaction',
      'src/platform/database/insert-many.ts': 'the bare insert below audited-rows.ts, which alone may import it',
      'src/auth/account/bearer.ts': 'when a token was used last is no part of the audit',
    },
  },
  {
    name: 'driver',
    selector: 'CallExpression[callee.property.name="getDriver"]',
    message: 'The driver knows neither tenants nor the ledger.',
    allowed: { 'src/platform/database/insert-many.ts': 'em.insertMany tells only the first id; the driver tells all' },
  },
  {
    name: 'filter off',
    selector:
      ':matches(Property[key.name="filters"] > Literal[value=false], Property[key.name="filters"] Property[key.name="tenant"] > Literal[value=false])',
    message: 'Without the tenant filter rows of every organization are found.',
    allowed: {
      'src/auth/login-session.store.ts': 'a session is looked up by its token before anybody is known',
      'src/auth/set-up.ts': 'asks whether any organization exists',
      'src/auth/brake.ts': 'failure counters belong to an address, not to an organization',
      'src/auth/account/bearer.ts': 'a token is looked up before anybody is known',
      'src/tenancy/open-organization.ts': 'a short name is unique among all organizations',
      'src/sync/parked/judge-parked.job.ts': 'looks for parked operations in every organization, then acts for one',
      'src/sessions/extend/extend-series.job.ts':
        'looks for series without an end in every organization, then acts for one',
      'src/sessions/lock/lock-sessions.job.ts': 'looks for registers to lock in every organization, then acts for one',
      'src/reports/tallies/tallies.job.ts': 'looks for changed marks in every organization, then acts for one',
      'src/sync/epoch.ts': 'the epoch belongs to the installation, not to an organization',
      'src/reports/exports/export-jobs.ts': 'looks for files whose time is over, in all organizations',
      'src/reports/exports/export-job.ts':
        'the worker looks for waiting exports of all organizations, then acts for one',
      'src/participants/import/job.ts': 'the worker looks for waiting jobs of all organizations, then acts for one',
      'src/participants/import/import-jobs.ts': 'looks for uploads that nobody started, in all organizations',
      'src/main.ts': 'asks at the start whether any organization exists',
      'src/cli.ts': 'finds the organization that the command names',
    },
  },
  {
    name: 'tenant changed',
    selector: 'CallExpression[callee.property.name="setFilterParams"]',
    message: 'Whose rows are seen is decided at the door, once.',
    allowed: {
      'src/platform/database/in-organization.ts': 'jobs and the command line say for whom they work',
      'src/auth/access.guard.ts': 'the organization of the signed-in user',
      'src/auth/act-as.ts': 'from the right password or link on, the user acts in his organization',
      'src/tenancy/open-organization.ts': 'from its first row on, the new organization is acted for',
    },
  },
  {
    name: 'across organizations',
    selector:
      ':matches(CallExpression[callee.name="readAcrossOrganizations"], ImportSpecifier[imported.name="readAcrossOrganizations"])',
    message:
      'Only what happens before anybody is signed in, and a job that looks where there is work, asks across organizations.',
    allowed: {
      'src/auth/sign-in.ts': 'who has this address?',
      'src/auth/account/bearer.ts': 'whose token is this?',
      'src/auth/links/use-link.ts': 'whose link is this?',
      'src/auth/links/ask-password-reset.ts': 'who has this address?',
      'src/auth/signed-in.ts': 'who is the user of this session?',
      'src/auth/login-session.store.ts': 'whose session is this?',
      'src/sessions/feeds/feed-by-token.ts': 'a calendar program knows an address, and nobody is signed in',
      'src/sync/is-revoked.ts': 'may a browser on which nobody is signed in keep its names?',
      'src/platform/ledger/relay.ts': 'looks in which organizations facts wait, then acts for one',
      'src/notifications/webhooks/deliver.job.ts': 'looks in which organizations deliveries wait, then acts for one',
      'src/notifications/webhooks/forget-deliveries.job.ts':
        'looks in which organizations old deliveries lie, then acts for one',
      'src/reports/schedules/schedules.job.ts': 'looks in which organizations reports are due, then acts for one',
    },
  },
  {
    name: 'own clock',
    selector:
      ':matches(NewExpression[callee.name="Date"][arguments.length=0], CallExpression[callee.object.name="Date"][callee.property.name="now"], MemberExpression[object.name="Temporal"][property.name="Now"])',
    message: 'Ask clock.now(), which tests can set.',
    allowed: {
      'src/platform/clock.ts': 'the clock itself',
      'src/launch.ts': 'compares file times before anything is built',
    },
  },
  {
    name: 'console',
    selector: 'CallExpression[callee.object.name="console"]',
    message: 'Use a Nest Logger; LOG_LEVEL decides what is shown.',
    allowed: {
      'src/main.ts': 'tells the address',
      'src/cli.ts': 'prints its one JSON value',
      'src/launch.ts': 'runs before anything is built',
      'src/worker.ts': 'when it cannot even start',
      'src/demo/**': 'prints addresses and sign-in names',
    },
  },
  {
    name: 'environment',
    selector: 'MemberExpression[object.name="process"][property.name="env"]',
    message: 'The environment is read once, in config.ts; take Config.',
    allowed: {
      'src/launch.ts': 'hands the environment on to the server that takes its process over',
      'src/main.ts': 'hands the environment to readConfig',
      'src/cli.ts': 'hands the environment to readConfig',
      'src/worker.ts': 'hands the environment to readConfig',
      'src/platform/jobs/job-worker.ts': 'hands the environment on to the worker process',
      'src/demo/**': 'hands the environment to readConfig',
    },
  },
];

/** What applies to a file: every forbidden call but those that this file may use. */
const restricted = (rules) => ['error', ...rules.map(({ selector, message }) => ({ selector, message }))];
const exceptionPatterns = [...new Set(FORBIDDEN.flatMap(({ allowed }) => Object.keys(allowed)))];
const mayUse = ({ allowed }, pattern) =>
  Object.keys(allowed).some((each) => each === pattern || matchesGlob(pattern, each));
const forbiddenCalls = [
  { files: ['src/**/*.ts'], rules: { 'no-restricted-syntax': restricted(FORBIDDEN) } },
  ...exceptionPatterns
    .sort((a, b) => a.length - b.length)
    .map((pattern) => ({
      files: [pattern],
      rules: { 'no-restricted-syntax': restricted(FORBIDDEN.filter((rule) => !mayUse(rule, pattern))) },
    })),
];

export default defineConfig(
  globalIgnores(['dist', 'static/dist', 'coverage', 'data', 'mikro-orm.config.ts']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    rules: {
      // Rows of a driver and metadata of decorators have no better type; the compiler's strictness stays.
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-this-alias': ['error', { allowedNames: ['views'] }],
    },
  },
  {
    // What only types can tell.
    files: ['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'static/js/**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-for-in-array': 'error',
      '@typescript-eslint/no-array-delete': 'error',
      '@typescript-eslint/no-implied-eval': 'error',
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      '@typescript-eslint/only-throw-error': [
        'error',
        { allowThrowingUnknown: true, allowThrowingAny: true, allowRethrowing: true },
      ],
      '@typescript-eslint/prefer-promise-reject-errors': [
        'error',
        { allowThrowingUnknown: true, allowThrowingAny: true },
      ],
      '@typescript-eslint/require-array-sort-compare': ['error', { ignoreStringArrays: true }],
      '@typescript-eslint/restrict-plus-operands': ['error', { allowNumberAndString: true, allowAny: true }],
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/unbound-method': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
    },
  },
  {
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-eval': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-constructor-return': 'error',
      'no-promise-executor-return': 'off',
      'no-self-compare': 'error',
      'no-template-curly-in-string': 'error',
      'no-unreachable-loop': 'error',
      'array-callback-return': ['error', { allowImplicit: true }],
      // Control characters are looked for on purpose where text comes in.
      'no-control-regex': 'off',
    },
  },
  {
    // A test copies a row to say "as it was, but ...".
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-misused-spread': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
  ...forbiddenCalls,
);
