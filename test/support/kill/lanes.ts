import { copyFileSync } from 'node:fs';
import { type EntityManager } from '@mikro-orm/core';
import { ALWAYS, foldedNames, Group, GroupMembership, Participant } from '../../../src/participants/index.js';
import { fold } from '../../../src/platform/text.js';
import { Session } from '../../../src/sessions/index.js';
import { type Place, type World } from '../../world.js';
import { Device } from '../device.js';
import { Visitor } from '../visitor.js';

/** An organization with a device of its own: on SQLite in a database of its own, on MySQL beside the others. */
export interface Lane {
  url: string;
  organization: number;
  stranger: number;
  cookies: { bruno: Map<string, string>; ana: Map<string, string> };
  registers: Register[];
  /** What its device has given out. */
  seq: number;
}

export interface Register {
  session: number;
  group: number;
  people: number[];
}

/** People in each register. */
const PEOPLE = 4;
const CHUNK = 50;
/** However long the kills take, every mark is captured within the session's time. */
const HOURS = 12;

export async function makeLane(world: World, place: Place, url: string): Promise<Lane> {
  const { bruno, ana } = place.visitor;
  await Device.open(bruno!);
  const [stranger] = await world.addParticipants(place, ['Some Stranger']);
  return {
    url,
    organization: place.organization.id,
    stranger: stranger!.id,
    cookies: { bruno: bruno!.cookies, ana: ana!.cookies },
    registers: [],
    seq: 0,
  };
}

/** Adds registers that nobody marked yet. */
export async function addRegisters(world: World, place: Place, lane: Lane, count: number): Promise<void> {
  for (let at = 0; at < count; at += CHUNK)
    lane.registers.push(...(await world.write(place, (tx) => registers(tx, Math.min(CHUNK, count - at)))));
}

async function registers(tx: EntityManager, count: number): Promise<Register[]> {
  const start = new Date(Date.now() - 600_000);
  const end = new Date(start.getTime() + HOURS * 3_600_000);
  const times = { scheduledStartAt: start, scheduledEndAt: end };
  const groups = Array.from({ length: count }, (_, at) => {
    const name = `Class ${at}`;
    return tx.create(Group, { name, groupType: 'class', extraData: {}, sortName: fold(name) } as any);
  });
  const name = { firstName: 'Pupil', lastName: 'Example' };
  const people = groups.map(() =>
    Array.from({ length: PEOPLE }, () => tx.create(Participant, { ...name, ...foldedNames(name), extraData: {} })),
  );
  await tx.flush();
  const sessions = groups.map((group, at) => {
    for (const person of people[at]!)
      tx.create(GroupMembership, { group: group.id, participant: person.id, joinedOn: ALWAYS, extraData: {} });
    const session = { group: group.id, name: 'Mathematics', status: 'scheduled', extraData: {}, ...times };
    return tx.create(Session, session as any);
  });
  await tx.flush();
  return groups.map((group, at) => ({
    group: group.id,
    session: sessions[at]!.id,
    people: people[at]!.map(({ id }) => id),
  }));
}

/** The same lane, in a copy of its database file (SQLite, closed). */
export function copyOf(lane: Lane, file: string): Lane {
  copyFileSync(lane.url.slice('sqlite:'.length), file);
  const { bruno, ana } = lane.cookies;
  return {
    ...lane,
    url: `sqlite:${file}`,
    cookies: { bruno: new Map(bruno), ana: new Map(ana) },
    registers: [...lane.registers],
  };
}

/** Somebody before one lane of the server. */
export class LaneVisitor extends Visitor {
  constructor(
    port: number,
    private readonly lane: number,
    cookies: Map<string, string>,
  ) {
    super(`http://127.0.0.1:${port}`);
    for (const [name, value] of cookies) this.cookies.set(name, value);
  }

  override send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    return super.send(method, path, body, { 'x-lane': String(this.lane), ...headers });
  }
}
