import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { tooManyRequests } from '../platform/http/problem.js';

const derive = promisify(argon2) as (algorithm: string, parameters: object) => Promise<Buffer>;

/** argon2id as OWASP's password storage cheat sheet recommends it: 19 MiB, 2 passes, 1 lane. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 };
const TAG_BYTES = 32;

/** A hash takes 19 MiB and a core for tens of ms: more than two at once would starve the marks of everybody else. */
const AT_ONCE = 2;
/** Who comes when so many wait is sent away: his answer would come after many seconds, and a flood would fill the memory. */
const LONGEST_QUEUE = 50;
let running = 0;
const queue: (() => void)[] = [];

/** @throws Problem 429 when more passwords wait than can be looked at in a few seconds */
export function refuseLongQueue(): void {
  if (queue.length >= LONGEST_QUEUE) throw tooManyRequests(5);
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  refuseLongQueue();
  if (running >= AT_ONCE) await new Promise<void>((go) => queue.push(go));
  else running++;
  try {
    return await work();
  } finally {
    const next = queue.shift();
    if (next) next();
    else running--;
  }
}

/**
 * @returns the password's hash in PHC string format (`$argon2id$v=19$m=..,t=..,p=..$salt$hash`)
 * @throws Problem 429 as `refuseLongQueue`
 */
export const hashPassword = (password: string): Promise<string> => inTurn(() => phcOf(password));

async function phcOf(password: string): Promise<string> {
  const salt = randomBytes(16);
  const tag = await tagOf(password, salt, COST, TAG_BYTES);
  const text = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
  return `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${text(salt)}$${text(tag)}`;
}

/**
 * @param stored a PHC string, or null for a user who cannot sign in: the time taken is the same
 * @returns whether the password fits
 * @throws Problem 429 as `refuseLongQueue`
 */
export async function passwordFits(password: string, stored: string | null): Promise<boolean> {
  const phc = stored ?? (await nobodysHash());
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(phc);
  if (!match) return false;
  const [, memory, passes, parallelism, salt, tag] = match;
  const expected = Buffer.from(tag!, 'base64');
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  const actual = await inTurn(() => tagOf(password, Buffer.from(salt!, 'base64'), cost, expected.length));
  return timingSafeEqual(actual, expected) && stored !== null;
}

function tagOf(password: string, salt: Buffer, cost: typeof COST, bytes: number): Promise<Buffer> {
  return derive('argon2id', {
    message: Buffer.from(password.normalize('NFKC'), 'utf8'),
    nonce: salt,
    parallelism: cost.parallelism,
    tagLength: bytes,
    memory: cost.memory,
    passes: cost.passes,
  });
}

let nobody: Promise<string> | undefined;
const nobodysHash = () => (nobody ??= phcOf(randomBytes(16).toString('hex')));
