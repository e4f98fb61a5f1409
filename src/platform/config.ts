import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';

/**
 * Where the rows live, parsed from DATABASE_URL. `file` is ':memory:' for a database that dies with the process;
 * `connections` are those that one process opens at most.
 */
export type DatabaseTarget =
  { kind: 'sqlite'; file: string } | { kind: 'mysql'; url: string; name: string; connections: number };

/** One batch of a device uses up to four at once. */
const CONNECTIONS = { least: 2, usual: 12, most: 500 };

/** How many requests a minute are answered: of one signed-in user or token, of one address that is signed out, of one device that syncs. */
export interface RateLimit {
  signedIn: number;
  signedOut: number;
  sync: number;
}

/** Two hundred a second is more than a person or a well-made program needs, and less than one process can answer. */
const RATE_LIMIT: RateLimit = { signedIn: 12_000, signedOut: 1200, sync: 6000 };

/** Everything the environment may say, parsed once at start. Times are in the unit that the name states. */
export interface Config {
  port: number;
  host: string;
  database: DatabaseTarget;
  sessionSecret: string;
  publicUrl: string | null;
  sessionIdleMinutes: number;
  sessionMaxHours: number;
  logLevel: 'error' | 'warn' | 'log' | 'debug';
  /** Express "trust proxy" value: false, a number of hops, or a list of addresses. */
  trustProxy: boolean | number | string;
  migrate: boolean;
  /** Where uploaded files lie; absent: beside the embedded database. */
  dataFolder?: string | null;
  /** The mail server, or null: no mail is sent. */
  smtpUrl?: string | null;
  /** The sender's address of every mail. */
  mailFrom?: string;
  /** Whether webhooks may go to addresses of the own network. Absent: false. */
  webhooksToPrivate?: boolean;
  /** Requests a minute under /api. Absent or null: no limit. */
  rateLimit?: RateLimit | null;
  /** False is the kill switch: browsers drop the service worker and its pages. Absent: true. */
  serviceWorker?: boolean;
}

/** A bad environment value; its message is one sentence that names the variable. */
export class ConfigError extends Error {}

const wholeNumber = (name: string, min: number, max: number, fallback: number) =>
  z
    .string()
    .default(String(fallback))
    .refine((text) => /^\d+$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `${name} must be a whole number from ${min} to ${max}.`,
    })
    .transform(Number);

const Environment = z.object({
  PORT: wholeNumber('PORT', 0, 65_535, 3000),
  HOST: z.string().trim().min(1, 'HOST must be an address, for example 127.0.0.1.').optional(),
  DATABASE_URL: z.string().default('sqlite:data/omnipresence.db'),
  SESSION_SECRET: z.string().min(16, 'SESSION_SECRET must hold at least 16 characters.').optional(),
  PUBLIC_URL: z.url('PUBLIC_URL must be a full address, for example https://presence.example.org.').optional(),
  SESSION_IDLE_MINUTES: wholeNumber('SESSION_IDLE_MINUTES', 1, 60 * 24 * 30, 60 * 8),
  SESSION_MAX_HOURS: wholeNumber('SESSION_MAX_HOURS', 1, 24 * 365, 24 * 7),
  SMTP_URL: z
    .url({
      protocol: /^smtps?$/,
      error: 'SMTP_URL must look like smtp://user:password@host:587?from=presence@example.org.',
    })
    .optional(),
  LOG_LEVEL: z
    .enum(['error', 'warn', 'log', 'debug'], { error: 'LOG_LEVEL must be error, warn, log or debug.' })
    .default('warn'),
  TRUST_PROXY: z.string().default('off'),
  DATA_FOLDER: z.string().trim().min(1).optional(),
  MIGRATE: z.enum(['on', 'off'], { error: 'MIGRATE must be on or off.' }).default('on'),
  WEBHOOKS_TO_PRIVATE: z.enum(['on', 'off'], { error: 'WEBHOOKS_TO_PRIVATE must be on or off.' }).default('off'),
  RATE_LIMIT: z
    .string()
    .regex(/^(off|[1-9]\d{0,6},[1-9]\d{0,6},[1-9]\d{0,6})$/, {
      error:
        'RATE_LIMIT must be off, or requests a minute signed in, signed out and of one device, as in 12000,1200,6000.',
    })
    .optional(),
  SERVICE_WORKER: z.enum(['on', 'off'], { error: 'SERVICE_WORKER must be on or off.' }).default('on'),
});

/**
 * Reads the environment. An empty variable counts as absent.
 * @param env usually process.env
 * @returns the checked configuration
 * @throws ConfigError naming the first variable that cannot be used
 */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = Environment.safeParse(given);
  if (!parsed.success) throw new ConfigError(parsed.error.issues[0]!.message);
  const e = parsed.data;
  const database = databaseTarget(e.DATABASE_URL);
  return {
    port: e.PORT,
    host: e.HOST ?? (database.kind === 'sqlite' ? '127.0.0.1' : '0.0.0.0'),
    database,
    sessionSecret: e.SESSION_SECRET ?? keptSecret(database),
    publicUrl: e.PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    sessionIdleMinutes: e.SESSION_IDLE_MINUTES,
    sessionMaxHours: e.SESSION_MAX_HOURS,
    logLevel: e.LOG_LEVEL,
    trustProxy: e.TRUST_PROXY === 'off' ? false : /^\d+$/.test(e.TRUST_PROXY) ? Number(e.TRUST_PROXY) : e.TRUST_PROXY,
    migrate: e.MIGRATE === 'on',
    dataFolder: e.DATA_FOLDER ? resolve(e.DATA_FOLDER) : null,
    ...mailOf(e.SMTP_URL, e.PUBLIC_URL),
    webhooksToPrivate: e.WEBHOOKS_TO_PRIVATE === 'on',
    rateLimit: rateLimitOf(e.RATE_LIMIT),
    serviceWorker: e.SERVICE_WORKER === 'on',
  };
}

function rateLimitOf(text: string | undefined): RateLimit | null {
  if (text === undefined) return RATE_LIMIT;
  if (text === 'off') return null;
  const [signedIn = 0, signedOut = 0, sync = 0] = text.split(',').map(Number);
  return { signedIn, signedOut, sync };
}

/** The sender stands in the mail server's address as `from`, else he is named after the public address. */
function mailOf(smtpUrl: string | undefined, publicUrl: string | undefined): Pick<Config, 'smtpUrl' | 'mailFrom'> {
  const host = publicUrl ? new URL(publicUrl).hostname : 'localhost';
  if (!smtpUrl) return { smtpUrl: null };
  const url = new URL(smtpUrl);
  const from = url.searchParams.get('from') ?? `omnipresence@${host}`;
  url.searchParams.delete('from');
  return { smtpUrl: url.href, mailFrom: from };
}

/**
 * @param url `sqlite:path`, `sqlite::memory:` or `mysql://user:password@host:3306/name`, with `?connections=30` behind it
 *   for another number of connections than the usual one
 * @throws ConfigError when it is none of these
 */
export function databaseTarget(url: string): DatabaseTarget {
  if (url.startsWith('sqlite:') && url.length > 'sqlite:'.length) {
    const file = url.slice('sqlite:'.length);
    return { kind: 'sqlite', file: file === ':memory:' ? file : resolve(file) };
  }
  if (url.startsWith('mysql:')) {
    const name = URL.canParse(url) ? decodeURIComponent(new URL(url).pathname.slice(1)) : '';
    if (!/^[\w-]{1,64}$/.test(name))
      throw new ConfigError('DATABASE_URL must end in a database name: mysql://user:password@host:3306/name.');
    const parts = new URL(url);
    const { least, usual, most } = CONNECTIONS;
    const text = parts.searchParams.get('connections') ?? String(usual);
    if (!/^\d{1,3}$/.test(text) || Number(text) < least || Number(text) > most)
      throw new ConfigError(`DATABASE_URL: "connections" must be a whole number from ${least} to ${most}.`);
    parts.searchParams.delete('connections');
    return { kind: 'mysql', url: parts.href, name, connections: Number(text) };
  }
  throw new ConfigError('DATABASE_URL must start with sqlite: or mysql:.');
}

/** The embedded database keeps its own signing secret beside it, so that a restart does not sign everybody out. */
function keptSecret(database: DatabaseTarget): string {
  if (database.kind === 'mysql') throw new ConfigError('SESSION_SECRET is required with MySQL.');
  if (database.file === ':memory:') return randomBytes(32).toString('hex');
  const file = join(dirname(database.file), 'session-secret');
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
  }
  return readFileSync(file, 'utf8').trim();
}
