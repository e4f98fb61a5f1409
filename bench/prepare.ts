/**
 * Fills an empty database with one organization and registers of 500 people, and writes down what the application does
 * for one page and one mark: which statements it sends, and which bytes it answers. The floor then does just that.
 */
import { writeFileSync } from 'node:fs';
import { MikroORM } from '@mikro-orm/core';
import { createApp } from '../dist/app.js';
import { hashPassword } from '../dist/auth/index.js';
import { makeNames } from '../dist/demo/names.js';
import { Place } from '../dist/demo/place.js';
import { Random } from '../dist/demo/random.js';
import { planRegister } from '../dist/demo/register.js';
import { readConfig } from '../dist/platform/config.js';
import { Client } from './client.ts';

export const PEOPLE = 500;
const PASSWORD = 'bench-presence';

export interface Statement {
  sql: string;
  params: (string | number | null)[];
}

/** What the bench needs to know about the prepared database. */
export interface Prepared {
  /** Of a frontline user, and of the administrator. */
  cookie: string;
  admin: string;
  people: number[];
  group: number;
  /** The register that is looked at: most are marked, in four states, some with a note. */
  shown: number;
  /** Where the statements of one mark were taken from; `first` and `second` are marked there. */
  captured: { session: number; first: number; second: number };
  /** Registers that nobody marked yet. */
  fresh: number[];
  page: { statements: Statement[]; html: string };
  mark: { statements: Statement[]; answer: string };
}

/** @param size how many past registers of 500 marks stand in the database already */
export async function prepare(databaseUrl: string, past: number): Promise<Prepared> {
  const app = await createApp(readConfig({ DATABASE_URL: databaseUrl, LOG_LEVEL: 'error', ...secretFor(databaseUrl) }));
  const orm = app.get(MikroORM);
  const random = new Random(1);
  const now = new Date();
  const place = await Place.open(
    orm,
    { seed: 1, now, scale: 1, days: 40 },
    {
      name: 'Bench School',
      slug: 'bench',
      domain: 'education',
      timeZones: ['Europe/Paris'],
      passwordHash: await hashPassword(PASSWORD),
    },
    random,
  );
  await place.addUsers([
    { email: 'admin@bench.example', firstName: 'Ada', lastName: 'Bench', role: 'administrator' },
    { email: 'teacher@bench.example', firstName: 'Theo', lastName: 'Bench', role: 'frontline' },
  ]);
  const [group] = await place.addGroups([{ name: 'Everybody', type: 'class' }]);
  const names = makeNames(random, PEOPLE);
  const people: number[] = await place.addParticipants(
    names.map((name: object, at: number) => ({ ...name, identifier: `S-${10_000 + at * 7}` })),
  );
  await place.addMembers(people.map((participant) => ({ group, participant })));
  const start = new Date(now.getTime() - 600_000);
  const plan = (name: string, at: Date) => ({ group, name, location: 'Hall', start: at, minutes: 60 });
  const earlier = await place.addSessions(
    Array.from({ length: past }, (_, at) => plan('Past', new Date(start.getTime() - (at + 1) * 86_400_000))),
  );
  const [shown, captured, ...fresh] = await place.addSessions(
    Array.from({ length: 70 }, (_, at) => plan(`Register ${at}`, start)),
  );
  const author = place.users.teacher;
  const register = (session: number, at: Date, share: number) =>
    planRegister(place, {
      session,
      author,
      steps: people.slice(0, Math.round(people.length * share)).map((participant) => {
        const state = random.pick([...Array(17).fill('present'), 'late', 'absent', 'excused']);
        return { at, participant, state, ...(random.chance(0.03) ? { note: 'Came with the second bus' } : {}) };
      }),
    });
  earlier.forEach((session: number, at: number) =>
    register(session, new Date(start.getTime() - (at + 1) * 86_400_000 + 300_000), 1),
  );
  register(shown, new Date(now.getTime() - 60_000), 0.9);
  await place.play();

  await app.listen(0, '127.0.0.1');
  const client = new Client(Number(new URL(await app.getUrl()).port), '');
  const signIn = async (email: string) => {
    const answer = await client.send('POST', '/api/auth/login', { json: { email, password: PASSWORD } });
    if (answer.status !== 200) throw new Error(`could not sign in: ${answer.status} ${answer.text}`);
    return answer.cookie!;
  };
  const admin = await signIn('admin@bench.example');
  client.cookie = await signIn('teacher@bench.example');

  const log = listen(orm);
  const html = (await client.send('GET', `/sessions/${shown}`)).text;
  const page = { statements: log.take(), html };
  const ops = [uuid(1), uuid(2)];
  // Ids that nothing else has: in a parameter list they can only mean the participant.
  const [first, second] = [people.at(-8)!, people.at(-5)!];
  const answers: string[] = [];
  const statements: Statement[][] = [];
  for (const [at, participant] of [first, second].entries()) {
    const answer = await client.send('POST', `/sessions/${captured}/presence`, markOf(participant, ops[at]!));
    if (answer.status !== 200) throw new Error(`the mark was answered ${answer.status}: ${answer.text.slice(0, 500)}`);
    answers.push(answer.text);
    statements.push(log.take());
  }
  client.close();
  await app.close();
  // The second is an ordinary mark; the first one finds no earlier act.
  const slots = statements[1]!.map(({ sql, params }) => ({
    sql,
    params: params.map((each) => (Number(each) === second ? '{participant}' : each === ops[1] ? '{op}' : each)),
  }));
  return {
    cookie: client.cookie,
    admin,
    people,
    group,
    shown,
    captured: { session: captured, first, second },
    fresh,
    page,
    mark: { statements: slots, answer: answers[1]! },
  };
}

/** One mark as the page's script sends it. */
export function markOf(participant: number, op: string, state = 'present', revision = 0) {
  return {
    form: { op_id: op, participant_id: String(participant), presence_state: state, revision: String(revision) },
    headers: { 'hx-request': 'true', 'hx-request-type': 'partial' },
  };
}

export const uuid = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

/** MySQL keeps no secret beside itself. */
export const secretFor = (url: string): Record<string, string> =>
  url.startsWith('mysql') ? { SESSION_SECRET: 'only for the benchmark' } : {};

/** What is sign-in and audit, and so not part of the floor. */
const LEFT_OUT = /\b(login_sessions|sign_in_failures|audit_logs)\b|from users u join organizations/;

function listen(orm: any) {
  let heard: Statement[] = [];
  const logger = orm.config.getLogger();
  logger.logQuery = ({ query, params = [] }: { query: string; params?: unknown[] }) => {
    if (!LEFT_OUT.test(query)) heard.push(bound(query, params));
  };
  return {
    take() {
      const taken = heard;
      heard = [];
      return taken;
    },
  };
}

/** Parameters as the driver takes them; a list becomes as many places. */
function bound(sql: string, params: unknown[]): Statement {
  const values: Statement['params'] = [];
  let at = 0;
  const text = sql.replace(/\?/g, () => {
    const value = params[at++];
    const all = Array.isArray(value) ? value : [value];
    values.push(...all.map(plain));
    return all.map(() => '?').join(', ');
  });
  return { sql: text, params: values };
}

function plain(value: unknown): string | number | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.getTime();
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number' || typeof value === 'string') return value;
  return JSON.stringify(value);
}

/** Keeps what was prepared for the floor, which is another process. */
export function keep(prepared: Prepared, databaseFile: string, path: string): void {
  writeFileSync(path, JSON.stringify({ ...prepared, databaseFile }));
}
