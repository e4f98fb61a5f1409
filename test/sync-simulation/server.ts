import { createHmac } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import Database from 'better-sqlite3';
import { CommandBus, type ICommand } from '@nestjs/cqrs';
import { type EntityManager, MikroORM } from '@mikro-orm/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { createApp } from '../../src/app.js';
import { LoginSession, type Role, signedInUser, type SignedInUser, User } from '../../src/auth/index.js';
import { ALWAYS, foldedNames, Group, GroupMembership, Participant } from '../../src/participants/index.js';
import { clock } from '../../src/platform/clock.js';
import { type Config, databaseTarget } from '../../src/platform/config.js';
import { withCurrent } from '../../src/platform/current.js';
import { inOrganization } from '../../src/platform/database/in-organization.js';
import { type Orm } from '../../src/platform/database/orm.js';
import { transact } from '../../src/platform/database/transaction.js';
import { fold, sha256 } from '../../src/platform/text.js';
import { Session } from '../../src/sessions/index.js';
import { beginEpoch } from '../../src/sync/index.js';
import { JudgeParkedJob } from '../../src/sync/parked/judge-parked.job.js';
import { openOrganization } from '../../src/tenancy/index.js';
import { ledgerDifferences } from '../support/ledger-replay.js';
import { DAY, HOUR, MINUTE, START, type Time } from './time.js';

const SECRET = 'a secret for simulations only';

export interface Reply {
  status: number;
  headers: Map<string, string>;
  cookies: string[];
  text: string;
}

export interface Person {
  id: number;
  role: Role;
  organization: number;
}

/** An organization of the simulated world: whom its devices belong to, and what they can mark. */
export interface Place {
  organization: number;
  admin: Person;
  staff: Person[];
  sessions: { id: number; group: number; start: number }[];
  groups: number[];
  participants: number[];
}

/**
 * The real application on SQLite in memory, with the clock of the simulation. Requests run through the very chain of
 * handlers that a socket would lead to, without the socket. Every schedule begins with the same rows under the same ids.
 */
export class Server {
  readonly places: Place[] = [];
  private readonly tables: string[] = [];
  private readonly cookies = new Map<string, string>();
  private serial = 0;
  /** Statements until the database fails, for as long as the request lasts. */
  private failsAfter = Infinity;
  private failsOnce = false;
  private lets = 0;

  private constructor(
    private readonly app: NestExpressApplication,
    readonly orm: Orm,
    private readonly time: Time,
  ) {}

  static async open(time: Time): Promise<Server> {
    clock.now = () => new Date(time.now);
    const config: Config = {
      port: 0,
      host: '127.0.0.1',
      database: databaseTarget('sqlite::memory:'),
      sessionSecret: SECRET,
      publicUrl: null,
      // Who is signed out, and when, is the simulation's decision.
      sessionIdleMinutes: 1e6,
      sessionMaxHours: 1e5,
      logLevel: 'fatal' as Config['logLevel'],
      trustProxy: false,
      migrate: true,
    };
    const app = await createApp(config);
    const server = new Server(app, app.get(MikroORM), time);
    await server.build();
    return server;
  }

  /* ---- requests ---- */

  async request(
    method: string,
    path: string,
    cookie: string,
    body?: string | Buffer | null,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const socket = new Wire();
    const request = new IncomingMessage(socket as never);
    request.method = method;
    request.url = path;
    request.httpVersion = '1.1';
    request.httpVersionMajor = 1;
    request.httpVersionMinor = 1;
    request.headers = { host: 'simulation', 'user-agent': 'Simulation', ...(cookie ? { cookie } : {}) };
    for (const [name, value] of Object.entries(headers)) request.headers[name.toLowerCase()] = value;
    if (body != null) {
      request.headers['content-length'] = String(Buffer.byteLength(body));
      request.push(body);
    }
    request.push(null);
    request.complete = true;
    const response = new ServerResponse(request);
    response.assignSocket(socket as never);
    const done = new Promise((finished) => response.on('finish', finished));
    (this.app.getHttpAdapter().getInstance() as (a: unknown, b: unknown) => void)(request, response);
    await done;
    this.failsAfter = Infinity;
    return socket.reply();
  }

  /**
   * After so many statements the database fails.
   * @param once only one statement fails; else every one until the request that runs has ended
   * @param begins so many transactions of the request are let through before the statements are counted
   */
  failAfter(statements: number, once: boolean, begins = 0): void {
    this.failsAfter = statements;
    this.failsOnce = once;
    this.lets = begins;
  }

  /** Signs somebody in without asking for his password. @returns his cookie */
  async signIn(user: Person): Promise<string> {
    const token = `token-${String(++this.serial).padStart(26, '0')}`;
    const data = {
      cookie: { originalMaxAge: null, expires: null, httpOnly: true, path: '/' },
      passport: { user: user.id },
      organizationId: user.organization,
    };
    const now = clock.now();
    await this.em().insert(LoginSession, {
      organization: user.organization,
      user: user.id,
      tokenHash: sha256(token),
      data: JSON.stringify(data),
      deviceLabel: '',
      ip: '',
      expiresAt: new Date(now.getTime() + 4000 * DAY),
      lastSeenAt: now,
      createdAt: now,
      updatedAt: now,
    } as never);
    const signature = createHmac('sha256', SECRET).update(token).digest('base64').replace(/=+$/, '');
    return `omnipresence=${encodeURIComponent(`s:${token}.${signature}`)}`;
  }

  /** A cookie of this user that no device has: for what people do at a desk. */
  async cookieOf(user: Person): Promise<string> {
    const key = String(user.id);
    const known = this.cookies.get(key);
    if (known) return known;
    const made = await this.signIn(user);
    this.cookies.set(key, made);
    return made;
  }

  /* ---- what happens at the server besides devices ---- */

  /** @returns what the act answered, or its refusal */
  async act<T>(by: Person, command: (me: SignedInUser) => ICommand): Promise<T | Error> {
    const who = { organizationId: by.organization, userId: by.id, source: 'page' as const };
    try {
      return await inOrganization(this.orm, who, async (em) => {
        const me = await signedInUser(em, by.id);
        if (!me) throw new Error('This account is disabled.');
        return this.app.get(CommandBus).execute<ICommand, T>(command(me));
      });
    } catch (error) {
      return error as Error;
    }
  }

  /** What no use case does yet: a change of rows, through the unit of work. */
  change(place: Place, work: (tx: EntityManager) => Promise<unknown>): Promise<void> {
    const who = { organizationId: place.organization, userId: place.admin.id, source: 'cli' as const };
    return inOrganization(this.orm, who, (em) =>
      transact(em, 'simulation.arranged', async (tx) => {
        await work(tx);
        await tx.flush();
      }),
    );
  }

  judgeParked(): Promise<number> {
    return this.app.get(JudgeParkedJob).judge();
  }

  sql<Row = any>(text: string, values: unknown[] = []): Promise<Row[]> {
    return this.connection().execute(text, values) as Promise<Row[]>;
  }

  ledgerDifferences(place: Place): Promise<string[]> {
    return ledgerDifferences(this.orm, place.organization);
  }

  /* ---- backups ---- */

  async backUp(name: 'base' | 'backup'): Promise<void> {
    for (const table of this.tables) {
      await this.sql(`delete from ${name}.${copyOf(table)}`);
      await this.sql(`insert into ${name}.${copyOf(table)} select * from main.${table}`);
    }
  }

  async restore(name: 'base' | 'backup'): Promise<void> {
    await this.sql('pragma foreign_keys = off');
    for (const table of this.tables) {
      await this.sql(`delete from main.${table}`);
      await this.sql(`insert into main.${table} select * from ${name}.${copyOf(table)}`);
    }
    await this.sql('pragma foreign_keys = on');
    if (name === 'base') {
      this.cookies.clear();
      this.serial = 0;
      this.failsAfter = Infinity;
    }
  }

  async newEpoch(): Promise<void> {
    await withCurrent({ source: 'cli' }, () => beginEpoch(this.em()));
  }

  /* ---- the world ---- */

  private async build(): Promise<void> {
    this.failOnDemand();
    await this.newEpoch();
    await this.openPlace('Riverside', 4, 3);
    await this.openPlace('Hillside', 2, 1);
    const rows = await this.sql<{ name: string }>(
      "select name from sqlite_master where type = 'table' and name not like '%migrations' order by name",
    );
    this.tables.push(...rows.map(({ name }) => name));
    for (const copy of ['base', 'backup']) {
      await this.sql(`attach ':memory:' as ${copy}`);
      for (const table of this.tables)
        await this.sql(`create table ${copy}.${copyOf(table)} as select * from main.${table} where 0`);
    }
    await this.backUp('base');
  }

  /** Puts the failing where the database is asked, below everything of ours. A rollback always works. */
  private failOnDemand(): void {
    const any = new Database(':memory:');
    const statement = Object.getPrototypeOf(any.prepare('select 1')) as Record<
      string,
      (...values: unknown[]) => unknown
    >;
    any.close();
    const fails = (source: string) => {
      if (this.lets > 0 && /^\s*begin/i.test(source)) this.lets--;
      if (this.lets > 0 || --this.failsAfter >= 0) return false;
      if (this.failsOnce) this.failsAfter = Infinity;
      return true;
    };
    for (const name of ['run', 'all', 'get', 'iterate']) {
      const real = statement[name]!;
      statement[name] = function (this: { source: string }, ...values) {
        if (!/^\s*(rollback|pragma)/i.test(this.source) && fails(this.source))
          throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR' });
        return real.apply(this, values);
      };
    }
  }

  private async openPlace(name: string, staff: number, groups: number): Promise<void> {
    const input = { name, slug: fold(name), domain: 'education' as const, time_zone: 'Europe/Paris', locale: 'en' };
    const organization = await withCurrent({ source: 'cli' }, () =>
      transact(this.em(), 'organization.opened', (tx: EntityManager) => openOrganization(tx, input)),
    );
    const place: Place = {
      organization: organization.id,
      admin: null as never,
      staff: [],
      sessions: [],
      groups: [],
      participants: [],
    };
    const who = { organizationId: organization.id, source: 'cli' as const };
    await inOrganization(this.orm, who, (em) =>
      transact(em, 'simulation.arranged', async (tx) => {
        const roles: Role[] = ['administrator', ...Array.from({ length: staff }, () => 'frontline' as const)];
        const users = roles.map((role, at) =>
          tx.create(User, {
            email: `u${at}@${input.slug}.example`,
            passwordHash: null,
            firstName: `U${at}`,
            lastName: name,
            role,
            status: 'active',
          }),
        );
        await tx.flush();
        [place.admin, ...place.staff] = users.map(({ id, role }) => ({ id, role, organization: organization.id })) as [
          Person,
          ...Person[],
        ];
        for (let at = 0; at < groups; at++) {
          const group = tx.create(Group, {
            name: `Class ${at}`,
            groupType: 'class',
            extraData: {},
            sortName: `class ${at}`,
          } as any);
          await tx.flush();
          place.groups.push(group.id);
          const people = Array.from({ length: 4 }, (_, number) => {
            const person = { firstName: `P${number}`, lastName: `Class ${at}`, identifier: `${name}-${at}-${number}` };
            return tx.create(Participant, { ...person, ...foldedNames(person), extraData: {} });
          });
          await tx.flush();
          place.participants.push(...people.map(({ id }) => id));
          for (const { id } of people)
            tx.create(GroupMembership, { group: group.id, participant: id, joinedOn: ALWAYS, extraData: {} });
          // Today, overlapping those of the other groups; later today; tomorrow; in a month.
          for (const offset of [0, 4 * HOUR, DAY, 30 * DAY]) {
            const start = START - 10 * MINUTE + offset;
            const session = tx.create(Session, {
              group: group.id,
              name: `Lesson ${at}`,
              scheduledStartAt: new Date(start),
              scheduledEndAt: new Date(start + 2 * HOUR),
              status: 'scheduled',
              extraData: {},
            } as any);
            await tx.flush();
            place.sessions.push({ id: session.id, group: group.id, start });
          }
        }
      }),
    );
    this.places.push(place);
  }

  private em(): any {
    return this.orm.em.fork({ disableContextResolution: true });
  }

  private connection(): any {
    return (this.orm.em as any).getConnection();
  }
}

/** The other end of the response: takes the bytes that a socket would carry. */
class Wire extends Duplex {
  readonly remoteAddress = '127.0.0.1';
  readonly encrypted = false;
  private readonly parts: Buffer[] = [];

  override _read(): void {}
  override _write(part: Buffer, _encoding: string, done: () => void): void {
    this.parts.push(Buffer.from(part));
    done();
  }
  setTimeout = () => this;
  setNoDelay = () => this;
  setKeepAlive = () => this;

  reply(): Reply {
    const all = Buffer.concat(this.parts).toString('utf8');
    const end = all.indexOf('\r\n\r\n');
    const [first = '', ...lines] = all.slice(0, end).split('\r\n');
    const headers = new Map<string, string>();
    const cookies: string[] = [];
    for (const line of lines) {
      const at = line.indexOf(':');
      const name = line.slice(0, at).toLowerCase();
      const value = line.slice(at + 1).trim();
      if (name === 'set-cookie') cookies.push(value);
      else headers.set(name, value);
    }
    const body = all.slice(end + 4);
    return { status: Number(first.split(' ')[1]), headers, cookies, text: chunked(headers) ? unchunked(body) : body };
  }
}

/** SQLite keeps the numbers that it gave out in a table whose name it keeps for itself. */
const copyOf = (table: string) => (table === 'sqlite_sequence' ? 'numbers' : table);

const chunked = (headers: Map<string, string>) => headers.get('transfer-encoding') === 'chunked';

function unchunked(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const line = bytes.indexOf('\r\n', at);
    const size = parseInt(bytes.subarray(at, line).toString(), 16);
    if (!size) break;
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
  return Buffer.concat(parts).toString('utf8');
}
