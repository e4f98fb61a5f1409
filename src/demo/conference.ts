import { type Orm } from '../platform/database/orm.js';
import { makeNames } from './names.js';
import { Place, type DemoOptions, type Plan } from './place.js';
import { type Random } from './random.js';
import { planCancellation } from './register.js';
import { takeArrivals } from './taking.js';

const TRACKS = [
  {
    name: 'Web platform',
    talks: [
      'Forms that never lose a word',
      'The long life of HTML',
      'Offline is a feature',
      'Measuring what people feel',
      'Small scripts, big pages',
      'Fonts without waiting',
      'One page, many hands',
      'What screen readers hear',
    ],
  },
  {
    name: 'Data and proof',
    talks: [
      'Ledgers for the rest of us',
      'Clocks lie',
      'Time zones, once and for all',
      'A month of slow queries',
      'Backups that come back',
      'Names are not identifiers',
      'Counting people honestly',
      'The audit as a friend',
    ],
  },
  {
    name: 'People and places',
    talks: [
      'Queues that feel short',
      'Checking in five hundred',
      'Volunteers first',
      'Signs people read',
      'The quiet room',
      'Food for everybody',
      'Badges for two hands',
      'When it rains',
    ],
  },
  {
    name: 'Workshops',
    talks: [
      'Typed all the way',
      'Accessible from the start',
      'Threat modelling for two',
      'Your first service worker',
      'Charts that say something',
      'Testing in the large',
      'Drawing systems',
      'Writing release notes',
    ],
  },
];
const HOURS = ['09:00', '10:00', '11:00', '12:00', '13:00', '14:00', '15:00', '16:00'];

/** A conference of three days, today being the second, and the meetups of its community in the weeks before. */
export async function makeConference(
  orm: Orm,
  options: DemoOptions,
  passwordHash: string,
  random: Random,
): Promise<Place> {
  const place = await Place.open(
    orm,
    options,
    {
      name: 'Open Rooms Conference',
      slug: 'open-rooms',
      domain: 'events',
      timeZones: ['Europe/Berlin', 'America/Los_Angeles'],
      passwordHash,
    },
    random,
  );
  await place.addUsers([
    { email: 'admin@open-rooms.example', firstName: 'Marlene', lastName: 'Vogt', role: 'administrator' },
    { email: 'manager@open-rooms.example', firstName: 'Tomasz', lastName: 'Lis', role: 'manager' },
    { email: 'steward@open-rooms.example', firstName: 'Ngozi', lastName: 'Eze', role: 'frontline' },
    { email: 'desk@open-rooms.example', firstName: 'Pavel', lastName: 'Marek', role: 'frontline' },
  ]);
  const names = makeNames(place.random, place.size(500));
  const kinds = names.map((_, at) => (at % 25 === 3 ? 'VIP' : at % 6 === 1 ? 'Speaker' : 'Regular'));
  const people = await place.addParticipants(
    names.map((name, at) => ({
      ...name,
      identifier: `T-${20_000 + at * 3}`,
      email: `attendee${at + 1}@mail.example`,
      extraData: { ticket: kinds[at] },
    })),
  );
  await place.addUsers([
    { email: 'attendee@open-rooms.example', ...names[5]!, role: 'external', participant: people[5]! },
  ]);
  const vips = new Set(people.filter((_, at) => kinds[at] === 'VIP'));
  const [entry = 0, community = 0, ...tracks] = await place.addGroups([
    { name: 'Everybody with a ticket', type: 'ticket_type' },
    { name: 'Community meetup', type: 'track' },
    ...TRACKS.map(({ name }) => ({ name, type: 'track' })),
  ]);
  const rooms = tracks.map((group) => ({ group, people: place.random.sample(people, place.size(110)) }));
  const regulars = place.random.sample(people, place.size(70));
  await place.addMembers([
    ...people.map((participant) => ({ group: entry, participant })),
    ...regulars.map((participant) => ({ group: community, participant })),
    ...rooms.flatMap(({ group, people: them }) => them.map((participant) => ({ group, participant }))),
  ]);

  const arrive = (participant: number) => ({ state: vips.has(participant) ? 'vip_check_in' : 'checked_in' });
  await doors(place, entry, people, arrive);
  await talks(place, rooms, arrive);
  await meetups(place, community, regulars, arrive);
  await place.play();
  return place;
}

type Arrive = (participant: number) => { state: string };

/** The entry of each day: five hundred, most of them in the first two hours. */
async function doors(place: Place, group: number, people: number[], arrive: Arrive): Promise<void> {
  const { random, today } = place;
  const days = [-1, 0, 1].map((offset) => place.day(offset));
  const ids = await place.addSessions(
    days.map((day, at): Plan => ({
      group,
      name: `Entry, day ${at + 1}`,
      location: 'Foyer',
      start: place.at(day, '08:00'),
      minutes: 600,
    })),
  );
  const cancelled = new Set(random.sample(people, Math.round(people.length * 0.03)));
  days.forEach((day, at) => {
    if (day > today) return;
    takeArrivals(place, {
      session: ids[at]!,
      from: place.at(day, '08:00'),
      to: place.at(day, '12:30'),
      people,
      author: place.users.desk!,
      state: (participant) => {
        if (cancelled.has(participant)) return { state: 'cancelled', note: 'Gave the ticket back' };
        return random.chance(0.94) ? arrive(participant) : null;
      },
      missing: 'not_arrived',
      ended: day < today,
    });
  });
}

/** Four rooms, a talk each hour. */
async function talks(place: Place, rooms: { group: number; people: number[] }[], arrive: Arrive): Promise<void> {
  const { random, today, options } = place;
  const plans = [-1, 0, 1].flatMap((offset) =>
    rooms.flatMap(({ group, people }, room) =>
      HOURS.filter((_, hour) => (hour + room) % 2 === 0 || offset === 0).map((time) => ({
        group,
        people,
        day: place.day(offset),
        name: TRACKS[room]!.talks[(HOURS.indexOf(time) + offset + 8) % 8]!,
        location: `Room ${'ABCD'[room]}`,
        start: place.at(place.day(offset), time),
        minutes: 60,
        room,
      })),
    ),
  );
  const ids = await place.addSessions(plans);
  plans.forEach(({ day, start, people, room }, at) => {
    const session = ids[at]!;
    if (day > today || start > options.now) return;
    if (day < today && at === 5)
      return planCancellation(place, session, new Date(start.getTime() - 5_400_000), place.users.admin!);
    // The workshops of today have nobody at the door: their registers wait.
    if (day === today && room === 3) return;
    const come = 0.45 + 0.3 * random.next();
    takeArrivals(place, {
      session,
      from: new Date(start.getTime() - 300_000),
      to: new Date(start.getTime() + 900_000),
      people,
      author: place.users.steward!,
      state: (participant) => (random.chance(come) ? arrive(participant) : null),
      missing: day < today ? 'not_arrived' : null,
    });
  });
}

/** Thursday evenings in the weeks before. */
async function meetups(place: Place, group: number, people: number[], arrive: Arrive): Promise<void> {
  const { random } = place;
  const evenings = place.history.filter((day) => Temporal.PlainDate.from(day).dayOfWeek === 4 && day < place.day(-1));
  const starts = evenings.map((day) => place.at(day, '18:30'));
  const ids = await place.addSessions(
    starts.map((start): Plan => ({ group, name: 'Community meetup', location: 'Library café', start, minutes: 120 })),
  );
  starts.forEach((start, at) => {
    takeArrivals(place, {
      session: ids[at]!,
      from: new Date(start.getTime() - 900_000),
      to: new Date(start.getTime() + 1_800_000),
      people,
      author: place.users.steward!,
      state: (participant) => (random.chance(0.7) ? arrive(participant) : null),
      missing: at % 4 === 1 ? null : 'not_arrived',
    });
  });
}
