import { CommandBus } from '@nestjs/cqrs';
import { MikroORM, type EntityManager } from '@mikro-orm/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { createApp } from '../src/app.js';
import { hashPassword, type Role, User } from '../src/auth/index.js';
import { ALWAYS, foldedNames, Group, GroupMembership, Participant, Reading } from '../src/participants/index.js';
import { databaseTarget, type Config } from '../src/platform/config.js';
import { withCurrent } from '../src/platform/current.js';
import { inOrganization } from '../src/platform/database/in-organization.js';
import { type Orm } from '../src/platform/database/orm.js';
import { transact } from '../src/platform/database/transaction.js';
import { fold } from '../src/platform/text.js';
import { foldTallies } from '../src/reports/tallies/fold-tallies.js';
import { placeAnew } from '../src/reports/tallies/place-anew.js';
import { Session } from '../src/sessions/index.js';
import { Installation } from '../src/sync/index.js';
import { type DomainType, openOrganization, type Organization } from '../src/tenancy/index.js';
import { mysqlServer, workerDatabase } from './support/databases.js';
import { ledgerDifferences } from './support/ledger-replay.js';
import { tallyDifferences } from './support/tally-differences.js';
import { Visitor } from './support/visitor.js';

export const PASSWORD = 'correct horse battery';

/** An organization of the world, with its people signed in as visitors. */
export interface Place {
  organization: Organization;
  visitor: Record<string, Visitor>;
  user: Record<string, User>;
}

export interface WorldOptions {
  domain?: DomainType;
  timeZone?: string;
  databaseUrl?: string;
  /** What the server's configuration says otherwise. */
  config?: Partial<Config>;
}

/**
 * A small world on a real server and a real database. Ana administers the school, Bruno teaches there, Mara may only
 * look, Emil is an external participant; Clara administers another school. Every world has organizations of its own,
 * so many can share a database - as tenants do.
 */
export class World {
  private constructor(
    readonly app: NestExpressApplication,
    readonly orm: Orm,
    readonly address: string,
    readonly config: Config,
    readonly places: Place[],
  ) {}

  school!: Place;
  other!: Place;
  /** Signed-in visitors, by name. */
  ana!: Visitor;
  bruno!: Visitor;
  mara!: Visitor;
  emil!: Visitor;
  clara!: Visitor;

  static async open(options: WorldOptions = {}): Promise<World> {
    const { app, config } = await startApp(options.databaseUrl, options.config);
    await app.listen(0, '127.0.0.1');
    const address = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    const world = new World(app, app.get(MikroORM), address, config, []);
    // Test files share a database on MySQL: that one of them restored a backup is no matter of the next.
    await world.orm.em.fork({ disableContextResolution: true }).nativeDelete(Installation, {}, { filters: false });
    const timeZone = options.timeZone ?? 'Europe/Paris';
    world.school = await world.openPlace('Riverside School', options.domain ?? 'education', timeZone, {
      ana: 'administrator',
      bruno: 'frontline',
      mara: 'manager',
      emil: 'external',
    });
    world.other = await world.openPlace('Other School', 'education', timeZone, { clara: 'administrator' });
    for (const place of world.places)
      for (const [name, visitor] of Object.entries(place.visitor)) (world as any)[name] = visitor;
    return world;
  }

  get bus(): CommandBus {
    return this.app.get(CommandBus);
  }

  visitor(name?: string): Visitor {
    return new Visitor(this.address, name);
  }

  /** Another organization, with users by name and role. */
  async openPlace(name: string, domain: DomainType, timeZone: string, people: Record<string, Role>): Promise<Place> {
    const slug = `${fold(name).replace(/\W+/g, '-')}-${Math.random().toString(36).slice(2, 8)}`;
    const input = { name, slug, domain, time_zone: timeZone, locale: 'en' };
    const organization = await withCurrent({ source: 'cli' }, () =>
      transact(this.orm.em.fork({ disableContextResolution: true }), 'organization.opened', (tx: EntityManager) =>
        openOrganization(tx, input),
      ),
    );
    const place: Place = { organization, visitor: {}, user: {} };
    this.places.push(place);
    passwordHash ??= await hashPassword(PASSWORD);
    await this.write(place, (tx) => {
      for (const [first, role] of Object.entries(people))
        place.user[first] = tx.create(User, {
          email: `${first}@${slug}.example`,
          passwordHash,
          firstName: first[0]!.toUpperCase() + first.slice(1),
          lastName: 'Example',
          role,
          status: 'active',
        });
    });
    for (const [first, user] of Object.entries(place.user))
      place.visitor[first] = await this.visitor(first).signIn(user.email, PASSWORD);
    return place;
  }

  /** Writes rows for one organization, in one transaction, through the unit of work (so the ledger is kept). */
  write<T>(place: Place, work: (tx: EntityManager) => T | Promise<T>, fact = 'test.arranged'): Promise<T> {
    const userId = Object.values(place.user)[0]?.id ?? null;
    return inOrganization(this.orm, { organizationId: place.organization.id, userId, source: 'cli' }, (em) =>
      transact(em, fact, async (tx) => {
        const result = await work(tx);
        await tx.flush();
        return result;
      }),
    );
  }

  /** Reads for one organization. */
  read<T>(place: Place, work: (em: EntityManager) => Promise<T>): Promise<T> {
    return inOrganization(this.orm, { organizationId: place.organization.id, source: 'cli' }, work);
  }

  async addGroup(place: Place, name = 'Class 1A', more: Partial<Group> = {}): Promise<Group> {
    return this.write(place, (tx) =>
      tx.create(Group, { name, groupType: 'class', extraData: {}, sortName: fold(name), ...more } as any),
    );
  }

  /** @param names "First Last" each @returns the participants, members of the group since ever if one is given */
  async addParticipants(place: Place, names: string[], group?: Group): Promise<Participant[]> {
    return this.write(place, async (tx) => {
      const people = names.map((name, at) => {
        const [firstName = '', ...rest] = name.split(' ');
        const person = { firstName, lastName: rest.join(' ') || 'Nobody', identifier: `S-${++serial}-${at}` };
        return tx.create(Participant, { ...person, ...foldedNames(person), extraData: {} });
      });
      await tx.flush();
      if (group)
        for (const person of people)
          tx.create(GroupMembership, { group: group.id, participant: person.id, joinedOn: ALWAYS, extraData: {} });
      return people;
    });
  }

  /** A session of the group; by default it began ten minutes ago and lasts an hour. */
  async addSession(place: Place, group: Group, more: Partial<Session> = {}): Promise<Session> {
    const start = more.scheduledStartAt ?? new Date(Date.now() - 600_000);
    return this.write(place, (tx) =>
      tx.create(Session, {
        group: group.id,
        name: 'Mathematics',
        scheduledStartAt: start,
        scheduledEndAt: more.scheduledEndAt ?? new Date(start.getTime() + 3_600_000),
        status: 'scheduled',
        extraData: {},
        ...more,
      } as any),
    );
  }

  /** A class with a session and so many participants, ready to be marked. */
  async addRegister(place: Place, people: number | string[] = 3) {
    const group = await this.addGroup(place, `Class ${++serial}`);
    const names = Array.isArray(people) ? people : Array.from({ length: people }, (_, at) => `Pupil${at} Number${at}`);
    const participants = await this.addParticipants(place, names, group);
    const session = await this.addSession(place, group);
    return { group, participants, session };
  }

  /**
   * Closes the server; first proves, for every organization of this world, that the ledger tells the whole truth and that
   * the figures of its reports follow from its marks.
   */
  async close(): Promise<void> {
    const differences: string[] = [];
    const tallies: string[] = [];
    for (const { organization } of this.places) {
      differences.push(...(await ledgerDifferences(this.orm, organization.id)));
      tallies.push(...(await this.wrongTallies(organization.id)));
    }
    await this.app.close();
    if (differences.length > 0)
      throw new Error(`the ledger does not tell the whole truth:\n${differences.slice(0, 10).join('\n')}`);
    if (tallies.length > 0) throw new Error(`the figures are wrong:\n${tallies.slice(0, 10).join('\n')}`);
  }

  /** Before and after the changes are folded: a report must not tell the difference. */
  private async wrongTallies(organizationId: number): Promise<string[]> {
    const inIt = (work: (em: EntityManager) => Promise<number>) => () =>
      inOrganization(this.orm, { organizationId, source: 'cli' }, work);
    await untilDone(inIt(placeAnew));
    const before = await tallyDifferences(this.orm, organizationId);
    await untilDone(inIt(foldTallies));
    return [...before, ...(await tallyDifferences(this.orm, organizationId))];
  }
}

/** What the jobs of the reports would do in time is done now. */
async function untilDone(work: () => Promise<number>): Promise<void> {
  while ((await work()) > 0);
}

let serial = 0;
let passwordHash: string | undefined;

/** Starts the application on the tests' database: SQLite in memory, or this worker's database on TEST_MYSQL_URL. */
export async function startApp(
  databaseUrl?: string,
  more: Partial<Config> = {},
): Promise<{ app: NestExpressApplication; config: Config }> {
  const server = mysqlServer();
  const shared = server ? `${server}/${workerDatabase(process.env.JEST_WORKER_ID ?? '1')}` : 'sqlite::memory:';
  const config: Config = {
    port: 0,
    host: '127.0.0.1',
    database: databaseTarget(databaseUrl ?? shared),
    sessionSecret: 'a secret for tests only',
    publicUrl: null,
    sessionIdleMinutes: 60,
    sessionMaxHours: 24,
    logLevel: 'error',
    trustProxy: false,
    migrate: true,
    ...more,
  };
  const app = await createApp(config);
  // On a busy machine a small archive takes longer to be read; a test that is not about waiting waits.
  app.get(Reading).patienceMs = 60_000;
  return { app, config };
}
