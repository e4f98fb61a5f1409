import { type EntityManager } from '@mikro-orm/core';
import { signedInUser, User, type Role, type SignedInUser } from '../auth/index.js';
import { ALWAYS, foldedNames, Group, GroupAssignment, GroupMembership, Participant } from '../participants/index.js';
import { withCurrent } from '../platform/current.js';
import { inOrganization } from '../platform/database/in-organization.js';
import { type Orm } from '../platform/database/orm.js';
import { transact } from '../platform/database/transaction.js';
import { clock } from '../platform/clock.js';
import { insertRows, type RowValues } from '../platform/ledger/audited-rows.js';
import { fold } from '../platform/text.js';
import { Session } from '../sessions/index.js';
import { addDays, dayOf, instantOf, openOrganization, type DomainType } from '../tenancy/index.js';
import { type PersonName } from './names.js';
import { type Random } from './random.js';
import { playTogether, Timeline } from './timeline.js';

/** What a demo is made of. */
export interface DemoOptions {
  seed: number;
  /** The moment that counts as now. */
  now: Date;
  /** 1 is the full size; tests take less. */
  scale: number;
  /** How many days back the history begins. */
  days: number;
}

export interface Staff {
  email: string;
  firstName: string;
  lastName: string;
  role: Role;
  /** For an external user: who he is. */
  participant?: number;
}

/** A session as it is planned. */
export interface Plan {
  group: number;
  name: string;
  location: string | null;
  start: Date;
  minutes: number;
}

/** An organization while it is being made: rows are written through the ledger, as its own people would have. */
export class Place {
  readonly timeline = new Timeline();
  /** The acting users, by the first part of their address. */
  readonly users: Record<string, SignedInUser> = {};
  readonly random: Random;
  /** Today, in the organization's time zone. */
  readonly today: string;
  /** When the organization set itself up: the morning before its history begins. */
  readonly opened: Date;

  private constructor(
    readonly orm: Orm,
    readonly options: DemoOptions,
    readonly id: number,
    readonly name: string,
    readonly timeZone: string,
    random: Random,
    private readonly passwordHash: string,
  ) {
    this.random = random;
    this.today = dayOf(options.now, timeZone);
    this.opened = this.at(this.day(-options.days - 1), '09:00');
  }

  static async open(
    orm: Orm,
    options: DemoOptions,
    input: { name: string; slug: string; domain: DomainType; timeZones: string[]; passwordHash: string },
    random: Random,
  ): Promise<Place> {
    const timeZone = daylight(options.now, input.timeZones);
    const { now } = clock;
    try {
      clock.now = () => instantOf(`${addDays(dayOf(options.now, timeZone), -options.days - 1)}T08:30`, timeZone);
      const organization = await withCurrent({ source: 'cli' }, () =>
        transact(orm.em.fork({ disableContextResolution: true }), 'organization.opened', (tx: EntityManager) =>
          openOrganization(tx, {
            name: input.name,
            slug: input.slug,
            domain: input.domain,
            time_zone: timeZone,
            locale: 'en',
          }),
        ),
      );
      return new Place(orm, options, organization.id, input.name, timeZone, random.of(input.slug), input.passwordHash);
    } finally {
      clock.now = now;
    }
  }

  /** A whole number of people at this demo's size, at least two. */
  size(full: number): number {
    return Math.max(2, Math.round(full * this.options.scale));
  }

  /** @returns a local day, so many days from today */
  day(offset: number): string {
    return addDays(this.today, offset);
  }

  /** @returns a local time as an instant */
  at(day: string, time: string): Date {
    return instantOf(`${day}T${time}`, this.timeZone);
  }

  /** The days of the history, the oldest first, and today. */
  get history(): string[] {
    return Array.from({ length: this.options.days + 1 }, (_, at) => this.day(at - this.options.days));
  }

  async addUsers(staff: Staff[]): Promise<void> {
    const rows = staff.map(({ email, firstName, lastName, role, participant }): RowValues<User> => ({
      email,
      firstName,
      lastName,
      role,
      status: 'active',
      passwordHash: this.passwordHash,
      participant: participant ?? null,
    }));
    const ids = await this.insert(User, 'user.created', rows);
    for (const [at, { email }] of staff.entries())
      await inOrganization(this.orm, { organizationId: this.id }, async (em) => {
        this.users[email.split('@')[0]!] = (await signedInUser(em, ids[at]!))!;
      });
  }

  addGroups(groups: { name: string; type: string; parent?: number; externalId?: string }[]): Promise<number[]> {
    const rows = groups.map(({ name, type, parent, externalId }): RowValues<Group> => ({
      name,
      groupType: type,
      parent: parent ?? null,
      externalId: externalId ?? null,
      sortName: fold(name),
      extraData: {},
    }));
    return this.insert(Group, 'group.created', rows);
  }

  addParticipants(people: (PersonName & RowValues<Participant>)[]): Promise<number[]> {
    const rows = people.map((person): RowValues<Participant> => ({ extraData: {}, ...person, ...foldedNames(person) }));
    return this.insert(Participant, 'participant.created', rows);
  }

  /** @param members a stay without a first day has always been, one without a last day goes on */
  async addMembers(members: { group: number; participant: number; from?: string; to?: string }[]): Promise<void> {
    const rows = members.map(({ group, participant, from, to }): RowValues<GroupMembership> => ({
      group,
      participant,
      joinedOn: from ?? ALWAYS,
      leftOn: to ?? null,
      extraData: {},
    }));
    await this.insert(GroupMembership, 'membership.added', rows);
  }

  async assign(user: string, groups: number[]): Promise<void> {
    const rows = groups.map((group): RowValues<GroupAssignment> => ({ user: this.users[user]!.id, group }));
    await this.insert(GroupAssignment, 'group.assigned', rows);
  }

  addSessions(plans: Plan[]): Promise<number[]> {
    const rows = plans.map(({ group, name, location, start, minutes }): RowValues<Session> => ({
      group,
      name,
      location,
      scheduledStartAt: start,
      scheduledEndAt: new Date(start.getTime() + minutes * 60_000),
      status: 'scheduled',
      extraData: {},
    }));
    return this.insert(Session, 'session.scheduled', rows);
  }

  /** Plays everything that was planned and has happened by now. */
  play(): Promise<void> {
    return this.timeline.play(this.orm, this.id, this.options.now);
  }

  /** Rows that the administrator set up before the history begins. */
  private async insert<T extends object>(entity: new () => T, fact: string, rows: RowValues<T>[]): Promise<number[]> {
    let ids: number[] = [];
    const by = this.users.admin ?? null;
    const work = async (tx: EntityManager) => {
      ids = await insertRows(tx, entity, rows);
    };
    await playTogether(this.orm, this.id, [{ at: this.opened, by, source: by ? 'import' : 'cli', fact, work }]);
    return ids;
  }
}

/**
 * Somewhere it is always working time: the first of the zones in which it is between nine and two now, so that the demo
 * shows lessons under way at whatever hour it is started.
 */
function daylight(now: Date, zones: string[]): string {
  const hour = (zone: string) => Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(zone).hour;
  return [...zones, ...AROUND_THE_WORLD].find((zone) => hour(zone) >= 9 && hour(zone) < 14) ?? zones[0]!;
}

const AROUND_THE_WORLD = [
  'America/New_York',
  'Europe/Paris',
  'America/Los_Angeles',
  'America/Sao_Paulo',
  'Asia/Dubai',
  'Asia/Kolkata',
  'Asia/Tokyo',
  'Australia/Sydney',
  'Pacific/Auckland',
  'Pacific/Honolulu',
];
