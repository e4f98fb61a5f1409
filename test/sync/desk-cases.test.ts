import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { User } from '../../src/auth/index.js';
import { GroupMembership, Participant } from '../../src/participants/index.js';
import { Session } from '../../src/sessions/index.js';
import { Device } from '../support/device.js';
import { checkAnswers } from '../contract/check-answers.js';
import { PASSWORD, World } from '../world.js';

/** What a person sees of the case table of docs/sync.md, on the pages of the desk: docs/sync-cases.md names these. */
let world: World;
let device: Device;
let made: Awaited<ReturnType<World['addRegister']>>;
let session: number;
let people: number[];
beforeAll(async () => {
  world = await World.open();
  await checkAnswers(world);
});
afterAll(() => world?.close());
beforeEach(async () => {
  made = await world.addRegister(world.school, ['Ada Lovelace', 'Alan Turing', 'Grace Hopper']);
  session = made.session.id;
  people = made.participants.map(({ id }) => id);
  device = await Device.open(await world.visitor().signIn(world.school.user.bruno!.email, PASSWORD));
});

/** The part of a page that is its own. */
const main = async (path: string): Promise<string> => {
  const { status, body } = await world.ana.get(path);
  expect(status).toBe(200);
  return body.slice(body.indexOf('<main'), body.indexOf('</main>'));
};
/** The newest delivery of this device. */
const delivery = async (): Promise<string> => {
  const list = `/api/admin/sync-history?per_page=500&device_id=${device.handshake.client_id}`;
  return main(`/sync-history/${(await world.ana.get(list)).json.data.at(-1).id}`);
};
const parked = () => main(`/parked?device=${device.handshake.client_id}`);
const anaMarks = (participant: number, presence_state: string) =>
  world.ana.post('/api/presence', { session_id: session, participant_id: participant, presence_state });
const change = <T extends object>(entity: any, id: number, fields: Partial<T>) =>
  world.write(world.school, async (tx) => Object.assign(await tx.findOneOrFail(entity, { id }), fields));
/** The version of a conflict's page that arrived from a device. */
const brought = (page: string): string => /<article class="panel version" [^]*?<\/article>/.exec(page)![0];

describe('the pages tell of the case', () => {
  it('1: what was applied is saved, and stands in the delivery that brought it', async () => {
    await device.one(device.mark(session, people[0]!, 'present', { recorded_at: device.time(120_000) }));
    const page = await delivery();
    expect(page).toMatch(/1 mark<[^]*Saved 1<[^]*<b>Ada Lovelace<\/b>[^]*Present/);
    expect((await world.bruno.get(`/sessions/${session}`)).body).toMatch(
      new RegExp(`<li id=p${people[0]} [^>]*data-s="present"`),
    );
  });

  it('2: a delivery that came before says so, and counts no mark twice', async () => {
    const op = device.mark(session, people[0]!, 'present');
    await device.one(op);
    await device.one(op);
    const page = await delivery();
    expect(page).toContain('Everything in it had come before.');
    expect(page).toContain('Came before 1');
    expect(page).not.toContain('1 mark<');
  });

  it('3: the same id with other content waits among the parked marks, with what it says', async () => {
    const op = device.mark(session, people[0]!, 'present');
    await device.one(op);
    await device.one({ ...op, presence_state: 'absent' });
    expect(await parked()).toMatch(/The same id came before, with other content[^]*Ada Lovelace[^]*Absent/);
  });

  it('6: the device saw it later: its mark is suggested, by the name of who made it', async () => {
    const ana = await Device.open(world.ana);
    ana.seq = ana.handshake.acknowledged_up_to;
    await ana.one(ana.mark(session, people[0]!, 'present', { recorded_at: ana.time(7_200_000) }));
    const { conflict_id } = await device.one(
      device.mark(session, people[0]!, 'absent', { recorded_at: device.time(3_600_000) }),
    );
    const page = await main(`/conflicts/${conflict_id}`);
    expect(page).toMatch(
      /Take the mark of Bruno Example: it was observed later\. Bruno Example saw it 1 hr(, \d+ sec)? after Ana/,
    );
    expect(page).toMatch(/<button class="btn btn-primary" name="choice" value="device:[^>]*>Take Bruno/);
    expect(page).toMatch(/Reached the server[^]*?1 hr(, \d+ sec)? later/);
    expect(await main('/conflicts')).toContain('Take Bruno Example&#39;s?');
  });

  it('8: what builds on a mark that has not arrived waits, and has gone when it did', async () => {
    const first = device.mark(session, people[0]!, 'present');
    const second = device.mark(session, people[0]!, 'late', { base: { op: first.op_id } });
    await device.one(second);
    expect(await parked()).toMatch(/An earlier mark that it builds on has not arrived[^]*Ada Lovelace[^]*Late/);
    await device.one(first);
    expect(await parked()).toContain('Nothing is parked.');
    const settled = await main(`/parked?status=judged_again&device=${device.handshake.client_id}`);
    expect(settled).toMatch(/It counts[^]*Ada Lovelace[^]*Settled by itself/);
  });

  it('9: earlier taps of one hand are folded away under the one that waits', async () => {
    await anaMarks(people[0]!, 'late');
    const taps = ['present', null, 'absent'].map((state) => device.mark(session, people[0]!, state));
    taps.forEach((tap, at) => at > 0 && Object.assign(tap, { base: { op: taps[at - 1]!.op_id } }));
    const { results } = await device.send(taps);
    const page = await main(`/conflicts/${results[0]!.conflict_id}`);
    expect(page.match(/<article /g)).toHaveLength(2);
    expect(brought(page)).toMatch(/Waits for a decision[^]*Absent/);
    const [before, folded] = page.split('<details class="earlier">') as [string, string];
    expect(before).toContain('<form class="panel decide"');
    expect(folded).toMatch(/Earlier taps \(2\)[^]*Present[^]*Replaced by a later one[^]*not marked[^]*Replaced/);
  });

  it('10: for a session that was cancelled the mark is parked, and counts when the session is back', async () => {
    await change<Session>(Session, session, { status: 'cancelled' });
    await device.one(device.mark(session, people[0]!, 'present'));
    expect(await parked()).toMatch(/The lesson is cancelled[^]*Cancelled[^]*Ada Lovelace[^]*Present/);
    await change<Session>(Session, session, { status: 'scheduled' });
    const list = `/api/admin/sync-history?per_page=500&device_id=${device.handshake.client_id}`;
    const { id } = (await world.ana.get(list)).json.data.at(-1);
    await world.ana.form(`/sync-history/${id}/retry`, {});
    expect(await parked()).toContain('Nothing is parked.');
    expect(await delivery()).toContain('Saved 1');
  });

  it('11: captured before the lock it counts and says so; after it, it is parked', async () => {
    const before = device.mark(session, people[0]!, 'present', { recorded_at: device.time(3_600_000) });
    const after = device.mark(session, people[1]!, 'present');
    await change<Session>(Session, session, { lockedAt: new Date(Date.now() - 1_800_000) });
    await device.send([before, after]);
    const page = await delivery();
    expect(page).toMatch(/Ada Lovelace[^]*Made before the register was locked, arrived after it/);
    expect(page).toMatch(/Saved 1<[^]*Parked 1</);
    expect(await parked()).toMatch(/The register was locked before[^]*Alan Turing/);
  });

  it('12: who was not on the register on that day is parked with that reason', async () => {
    await world.write(world.school, async (tx) => {
      const membership = await tx.findOneOrFail(GroupMembership, { group: made.group.id, participant: people[0]! });
      membership.leftOn = '2001-01-01' as never;
    });
    await device.one(device.mark(session, people[0]!, 'present'));
    expect(await parked()).toMatch(/Not on the register on that day[^]*Ada Lovelace/);
  });

  it('13: a mark on somebody who was merged stands with the other person, and says so', async () => {
    await change<Participant>(Participant, people[0]!, { mergedInto: people[1]! as never, isActive: false });
    await device.one(device.mark(session, people[0]!, 'late'));
    expect(await delivery()).toMatch(/<b>Alan Turing<\/b>[^]*Late[^]*Meant for a person who was merged into this one/);
  });

  it('15: of a mark on somebody who was erased nothing is left but that it was refused', async () => {
    await change<Participant>(Participant, people[0]!, { anonymizedAt: new Date() });
    await device.one(device.mark(session, people[0]!, 'present', { note: 'a personal note' }));
    const page = await delivery();
    expect(page).toMatch(/Refused 1<[^]*Nothing was kept of it[^]*The data of this person were erased/);
    for (const personal of ['Ada Lovelace', 'a personal note', 'Present']) expect(page).not.toContain(personal);
  });

  it('16: of somebody who lost the right it is parked, for an administrator to take in', async () => {
    const place = world.school;
    const tom = await world.write(place, (tx) =>
      tx.create(User, {
        email: `tom@${place.organization.slug}.example`,
        passwordHash: null,
        firstName: 'Tom',
        lastName: 'Example',
        role: 'frontline',
        status: 'active',
      }),
    );
    await world.write(place, async (tx) => {
      const bruno = await tx.findOneOrFail(User, { id: place.user.bruno!.id });
      Object.assign(await tx.findOneOrFail(User, { id: tom.id }), { passwordHash: bruno.passwordHash });
    });
    const his = await Device.open(await world.visitor().signIn(tom.email, PASSWORD));
    await his.one(his.mark(session, people[0]!, 'present'));
    await change<User>(User, tom.id, { role: 'external' });
    await his.one(his.mark(session, people[0]!, 'late', { base: { revision: 1 } }));
    expect(await main(`/parked?author=${tom.id}`)).toMatch(
      /The author lost the right to mark[^]*Tom Example[^]*Ada Lovelace[^]*Late[^]*Take in the selected/,
    );
  });

  it('19: what is unknown is refused, and says only that', async () => {
    await device.one(device.mark(987_654_321, people[0]!, 'present'));
    const page = await delivery();
    expect(page).toMatch(/Refused 1<[^]*Nothing was kept of it[^]*The person or the register is not known/);
    expect(page).not.toContain('Ada Lovelace');
  });

  it.each([
    ['20: by less than two minutes the clock is told, and not doubted', 90_000, /1 min(, \d+ sec)? fast/, null],
    [
      '21: by more the clock is doubted',
      3.2 * 3_600_000,
      /3 hr(, \d+ min)? fast/,
      'The clock was off by more than two minutes',
    ],
    [
      '22: by more than a day the time of arrival counts',
      30.1 * 86_400_000,
      /30 days(, \d+ hr)? fast/,
      'The clock cannot be trusted: the time of arrival counts',
    ],
  ] as const)('%s', async (_, ahead, clock, flag) => {
    await anaMarks(people[0]!, 'late');
    device.ahead = ahead;
    const op = device.mark(session, people[0]!, 'present', { recorded_at: device.time(1000) });
    const { conflict_id } = await device.one(op, { sent_at: device.time() });
    const version = brought(await main(`/conflicts/${conflict_id}`));
    expect(version).toMatch(/Clock of the device/);
    expect(version).toMatch(clock);
    const doubts = [
      'The clock was off by more than two minutes',
      'The clock cannot be trusted: the time of arrival counts',
    ];
    expect(doubts.filter((each) => version.includes(each))).toEqual(flag === null ? [] : [flag]);
  });

  it('22: nothing is claimed about when it was, but how long it waited by its own clock', async () => {
    await anaMarks(people[0]!, 'late');
    device.ahead = -3 * 86_400_000;
    const op = device.mark(session, people[0]!, 'present', { recorded_at: device.time(5 * 3_600_000) });
    const { conflict_id } = await device.one(op, { sent_at: device.time() });
    const page = await main(`/conflicts/${conflict_id}`);
    expect(page).not.toMatch(/saw it at the same moment| saw it .* (before|after) /);
    const version = brought(page);
    expect(version).toMatch(
      /Observed[^]*not known[^]*Reached the server[^]*5 hr[^]* after it was made, by its own clock/,
    );
    expect(version).not.toContain('at once');
  });

  it('23: outside of the time of the session it counts, and says so', async () => {
    await device.one(device.mark(session, people[0]!, 'present', { recorded_at: device.time(5 * 3_600_000) }));
    expect(await delivery()).toMatch(/Saved 1<[^]*Ada Lovelace[^]*Outside of the time of the lesson/);
  });
});
