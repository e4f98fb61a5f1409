/**
 * Searches among 100,000 people, as somebody types them and as a program asks; beside them a bare scan of the same table
 * by the driver: what a search costs that has no index of its own.
 */
import { MikroORM } from '@mikro-orm/core';
import { createApp } from '../dist/app.js';
import { hashPassword } from '../dist/auth/index.js';
import { makeNames } from '../dist/demo/names.js';
import { Place } from '../dist/demo/place.js';
import { Random } from '../dist/demo/random.js';
import { readConfig } from '../dist/platform/config.js';
import { Client, quantile } from './client.ts';
import { secretFor } from './prepare.ts';
import { startApp } from './process.ts';
import type { Line } from './table.ts';

const PASSWORD = 'bench-presence';
const ADMIN = 'admin@search.example';

/** Rare and common, parts of names and of identifiers, several words in any order, accents left out, and nobody. */
const QUERIES = [
  ...['ann', 'gar', 'sofia', 'son', 'art', 'muller', 'cia', 'ell', 'ang', 'hughes', 'lukasz', 'nunez', 'ier'],
  ...['zofia wojcik', 'ann mor', 'amelia harper', 'harper amelia', 'garcia jose 77', 'ben zoe'],
  ...['S-1', '10099', '9007', '-1234', 's-100700', 'xyz', 'nobody at all', 'lovelace'],
];

const ms = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

/** @param people how many are searched among; their organization is made beside the others of the database */
export async function searchLines(databaseUrl: string, people: number, rounds: number): Promise<Line[]> {
  const organization = await addPeople(databaseUrl, people);
  const app = await startApp(databaseUrl, secretFor(databaseUrl));
  const client = new Client(app.port, '');
  const scan = await bareScan(databaseUrl, organization);
  try {
    const signIn = await client.send('POST', '/api/auth/login', { json: { email: ADMIN, password: PASSWORD } });
    client.cookie = signIn.cookie!;
    const asked = {
      list: (q: string) => ({
        path: `/participants?q=${q}`,
        headers: { 'hx-request': 'true', 'hx-request-type': 'partial' },
      }),
      api: (q: string) => ({ path: `/api/participants?q=${q}`, headers: {} }),
    };
    const taken = { list: [] as number[], api: [] as number[], scan: [] as number[] };
    for (let round = 0; round <= rounds; round++)
      for (const query of QUERIES) {
        for (const door of ['list', 'api'] as const) {
          const { path, headers } = asked[door](encodeURIComponent(query));
          const answer = await client.send('GET', path, { headers });
          if (answer.status !== 200) throw new Error(`${path} was answered ${answer.status}`);
          if (round > 0) taken[door].push(answer.ms);
        }
        const started = performance.now();
        await scan.run(query);
        if (round > 0) taken.scan.push(performance.now() - started);
      }
    const deep: number[] = [];
    for (let page = '/participants'; deep.length < 40;) {
      const answer = await client.send('GET', page);
      deep.push(answer.ms);
      const next = /rel="next" href="([^"]+)"/.exec(answer.text)?.[1];
      if (!next) break;
      page = next.replaceAll('&amp;', '&');
    }
    const figures = (values: number[]) => `p50 ${ms(quantile(values, 0.5))}, p95 ${ms(quantile(values, 0.95))}`;
    const among = `among ${people.toLocaleString('en')}`;
    const line = (what: string, values: number[]): Line => ({
      what: `${what} ${among}, ${QUERIES.length} different ones`,
      target: 'p95 at most 50 ms',
      measured: figures(values),
      floor: `bare scan: ${figures(taken.scan)}`,
      ok: quantile(values, 0.95) <= 50,
    });
    return [
      line('Search as one types, list sorted by name,', taken.list),
      line('Search by a program', taken.api),
      {
        what: `Pages 1 to ${deep.length} of the list ${among}`,
        target: '',
        measured: `first ${ms(deep[0]!)}, last ${ms(deep.at(-1)!)}, p95 ${ms(quantile(deep, 0.95))}`,
        ok: true,
      },
    ];
  } finally {
    client.close();
    await scan.close();
    await app.stop();
  }
}

/** @returns the id of a new organization with so many people */
async function addPeople(databaseUrl: string, people: number): Promise<number> {
  const app = await createApp(readConfig({ DATABASE_URL: databaseUrl, LOG_LEVEL: 'error', ...secretFor(databaseUrl) }));
  const random = new Random(5);
  const place = await Place.open(
    app.get(MikroORM),
    { seed: 5, now: new Date(), scale: 1, days: 1 },
    {
      name: 'Search School',
      slug: 'search',
      domain: 'education',
      timeZones: ['Europe/Paris'],
      passwordHash: await hashPassword(PASSWORD),
    },
    random,
  );
  await place.addUsers([{ email: ADMIN, firstName: 'Ada', lastName: 'Search', role: 'administrator' }]);
  const names = makeNames(random, people);
  const numbered = names.map((name: object, at: number) => ({
    ...name,
    identifier: `S-${100_000 + ((at * 7919) % 900_000)}`,
  }));
  for (let at = 0; at < people; at += 2000) await place.addParticipants(numbered.slice(at, at + 2000));
  const { id } = place;
  await app.close();
  return id;
}

/** The first page and the count, as anybody would write it first. */
async function bareScan(databaseUrl: string, organization: number) {
  const page = `select id from participants where organization_id = ? and is_active = 1 and search_text like ?
    order by sort_name, id limit 51`;
  const count = 'select count(*) from participants where organization_id = ? and is_active = 1 and search_text like ?';
  const values = (query: string) => [organization, `%${query.toLowerCase()}%`];
  if (databaseUrl.startsWith('mysql')) {
    const { createConnection } = await import('mysql2/promise');
    const connection = await createConnection(databaseUrl);
    return {
      run: async (query: string) => {
        for (const statement of [page, count]) await connection.query(statement, values(query));
      },
      close: () => connection.end(),
    };
  }
  const { default: Database } = await import('better-sqlite3');
  const database = new Database(databaseUrl.replace(/^sqlite:/, ''), { readonly: true });
  const statements = [page, count].map((text) => database.prepare(text));
  return {
    run: async (query: string) => {
      for (const statement of statements) statement.all(...values(query));
    },
    close: async () => void database.close(),
  };
}
