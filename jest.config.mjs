/** One runner for everything: `npm test`. With TEST_MYSQL_URL the database tests use that server instead of SQLite. */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  // A server on a busy machine is slow, not wrong.
  testTimeout: process.env.TEST_MYSQL_URL ? 90_000 : 30_000,
  maxWorkers: 2,
  // A world that failed to open leaves a server behind; the run must end all the same.
  forceExit: true,
  slowTestThreshold: 20,
};
