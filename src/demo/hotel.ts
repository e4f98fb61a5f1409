import { type Orm } from '../platform/database/orm.js';
import { addDays } from '../tenancy/index.js';
import { makeNames } from './names.js';
import { Place, type DemoOptions, type Plan } from './place.js';
import { type Random } from './random.js';
import { planCancellation, planRegister, type Step } from './register.js';
import { takeArrivals } from './taking.js';

interface Guest {
  id: number;
  /** First and last night's day. */
  from: string;
  to: string;
  room: string;
}

/** A hotel by the sea: guests who come and go, breakfast, the airport shuttle, excursions. */
export async function makeHotel(orm: Orm, options: DemoOptions, passwordHash: string, random: Random): Promise<Place> {
  const place = await Place.open(
    orm,
    options,
    {
      name: 'Hotel Miramar',
      slug: 'miramar',
      domain: 'hospitality',
      timeZones: ['Europe/Lisbon', 'America/New_York'],
      passwordHash,
    },
    random,
  );
  await place.addUsers([
    { email: 'admin@miramar.example', firstName: 'Inês', lastName: 'Carvalho', role: 'administrator' },
    { email: 'manager@miramar.example', firstName: 'Duarte', lastName: 'Pinto', role: 'manager' },
    { email: 'reception@miramar.example', firstName: 'Rita', lastName: 'Sousa', role: 'frontline' },
    { email: 'concierge@miramar.example', firstName: 'Anselm', lastName: 'Okoye', role: 'frontline' },
  ]);
  const [breakfast = 0, shuttle = 0, oldTown = 0, boat = 0] = await place.addGroups([
    { name: 'Breakfast', type: 'breakfast' },
    { name: 'Airport shuttle', type: 'shuttle' },
    { name: 'Old town walk', type: 'excursion' },
    { name: 'Boat to the islands', type: 'excursion' },
  ]);
  const guests = await checkIn(place);
  await place.addMembers(
    guests.map(({ id, from, to }) => ({ group: breakfast, participant: id, from: addDays(from, 1), to })),
  );
  await breakfasts(place, breakfast, guests);
  await departures(place, shuttle, guests);
  await excursions(place, oldTown, { name: 'Old town walk', from: '09:30', minutes: 240, every: 2 }, guests);
  await excursions(place, boat, { name: 'Boat to the islands', from: '10:00', minutes: 420, every: 3 }, guests);
  await place.play();
  return place;
}

async function checkIn(place: Place): Promise<Guest[]> {
  const { random, options } = place;
  const names = makeNames(random, place.size(420));
  const stays = names.map((_, at) => {
    // Spread over the history and the days to come, so that the house is as full today as it was.
    const from = place.day(-options.days - 3 + Math.floor((at / names.length) * (options.days + 8)));
    const nights = random.pick([2, 3, 3, 4, 5, 7, 7, 10]);
    return {
      from,
      to: addDays(from, nights),
      room: `${random.int(1, 4)}${String(random.int(1, 24)).padStart(2, '0')}`,
    };
  });
  const ids = await place.addParticipants(
    names.map((name, at) => ({
      ...name,
      identifier: `R${stays[at]!.room}-${4000 + at}`,
      phone: random.chance(0.6) ? `+351 9${random.int(10, 69)} ${random.int(100, 999)} ${random.int(100, 999)}` : null,
      extraData: { room: stays[at]!.room, nights: daysBetween(stays[at]!.from, stays[at]!.to) },
    })),
  );
  const guests = ids.map((id, at): Guest => ({ id, ...stays[at]! }));
  const staying = guests.find((guest) => guest.from < place.today && guest.to > place.today) ?? guests[0]!;
  await place.addUsers([
    {
      email: 'guest@miramar.example',
      ...names[guests.indexOf(staying)]!,
      role: 'external',
      participant: staying.id,
    },
  ]);
  return guests;
}

const daysBetween = (from: string, to: string) => Temporal.PlainDate.from(from).until(Temporal.PlainDate.from(to)).days;

/** Every morning, whoever slept here; some sleep in. Today's goes on until past now. */
async function breakfasts(place: Place, group: number, guests: Guest[]): Promise<void> {
  const { random, options, today } = place;
  const days = [...place.history, place.day(1), place.day(2)];
  const plans = days.map((day): Plan => {
    const start = place.at(day, '07:00');
    const usual = 240;
    const minutes = day === today ? Math.max(usual, minutesTo(start, options.now) + 60) : usual;
    return { group, name: 'Breakfast', location: 'Terrace', start, minutes };
  });
  const ids = await place.addSessions(plans);
  days.forEach((day, at) => {
    if (day > today) return;
    const { start, minutes } = plans[at]!;
    takeArrivals(place, {
      session: ids[at]!,
      from: start,
      to: new Date(start.getTime() + (minutes - 10) * 60_000),
      people: guests.filter((guest) => addDays(guest.from, 1) <= day && day <= guest.to).map((guest) => guest.id),
      author: place.users[at % 3 === 0 ? 'concierge' : 'reception']!,
      state: () =>
        random.chance(0.92)
          ? { state: 'arrived', ...(random.chance(0.03) ? { note: random.pick(TABLE_NOTES) } : {}) }
          : null,
      missing: random.chance(0.85) ? 'no_show' : null,
    });
  });
}

const TABLE_NOTES = ['Gluten-free', 'High chair needed', 'Table by the window', 'Breakfast box for tomorrow'];
const minutesTo = (from: Date, to: Date) => Math.ceil((to.getTime() - from.getTime()) / 60_000);

/** On the day of leaving about half take the shuttle: the seat is booked, so they are expected first. */
async function departures(place: Place, group: number, guests: Guest[]): Promise<void> {
  const { random, today, options } = place;
  const days = [...place.history, place.day(1)];
  const seats: { guest: Guest; day: string; at: string }[] = [];
  const plans: (Plan & { day: string; people: number[] })[] = [];
  for (const day of days) {
    const leaving = guests.filter((guest) => guest.to === day && random.chance(0.55));
    ['08:15', '12:00', '16:30'].forEach((time, index) => {
      const people = leaving.filter((_, at) => at % 3 === index);
      if (people.length === 0) return;
      const start = place.at(day, time);
      plans.push({
        group,
        name: `Shuttle ${time}`,
        location: 'Main entrance',
        start,
        minutes: 30,
        day,
        people: people.map((guest) => guest.id),
      });
      for (const guest of people) seats.push({ guest, day, at: time });
    });
  }
  // The shuttle that stands at the door now.
  const aboard = guests.filter((guest) => guest.from <= today && guest.to > today).slice(0, place.size(14));
  const start = new Date(Math.floor(options.now.getTime() / 300_000) * 300_000);
  plans.push({
    group,
    name: 'Shuttle to the beach',
    location: 'Main entrance',
    start,
    minutes: 30,
    day: today,
    people: aboard.map((guest) => guest.id),
  });
  for (const guest of aboard) seats.push({ guest, day: today, at: '' });

  await place.addMembers(seats.map(({ guest, day }) => ({ group, participant: guest.id, from: day, to: day })));
  const ids = await place.addSessions(plans);
  plans.forEach((plan, at) => {
    if (plan.day > today) return;
    const booked = new Date(plan.start.getTime() - random.int(200, 400) * 60_000);
    const steps: Step[] = plan.people.map((participant) => ({ at: booked, participant, state: 'expected' }));
    for (const participant of plan.people) {
      const came = new Date(plan.start.getTime() - random.int(0, 600) * 1000);
      if (random.chance(0.95)) steps.push({ at: came, participant, state: 'departed', leftAt: plan.start });
      else
        steps.push({
          at: new Date(plan.start.getTime() + 300_000),
          participant,
          state: 'no_show',
          note: 'Took a taxi',
        });
    }
    planRegister(place, {
      session: ids[at]!,
      author: place.users.reception!,
      steps,
      completed: new Date(plan.start.getTime() + 360_000),
      ended: new Date(plan.start.getTime() + 1_800_000),
    });
  });
}

/** Who booked, arrives at the meeting point and is counted out again on the way back. One was called off for the sea. */
async function excursions(
  place: Place,
  group: number,
  tour: { name: string; from: string; minutes: number; every: number },
  guests: Guest[],
): Promise<void> {
  const { random, today } = place;
  const days = [...place.history, place.day(1), place.day(2)].filter(
    (day, at) => day === today || at % tour.every === 0,
  );
  const plans = days.map((day): Plan & { day: string; people: number[] } => {
    const here = guests.filter((guest) => guest.from < day && day < guest.to).map((guest) => guest.id);
    const people = random.sample(here, place.size(22));
    const start = place.at(day, tour.from);
    return { group, name: tour.name, location: 'Lobby', start, minutes: tour.minutes, day, people };
  });
  await place.addMembers(
    plans.flatMap(({ day, people }) => people.map((participant) => ({ group, participant, from: day, to: day }))),
  );
  const ids = await place.addSessions(plans);
  const rough = plans.length > 6 ? plans.length - 5 : -1;
  plans.forEach(({ day, start, minutes, people }, at) => {
    const session = ids[at]!;
    if (day > today) return;
    if (at === rough && tour.minutes > 300)
      return planCancellation(place, session, new Date(start.getTime() - 3_600_000), place.users.concierge!);
    const back = new Date(start.getTime() + minutes * 60_000);
    const steps = people.flatMap((participant): Step[] => {
      const came = new Date(start.getTime() - random.int(0, 15) * 60_000);
      if (random.chance(0.06))
        return [
          { at: new Date(start.getTime() + 420_000), participant, state: 'no_show', note: 'Did not come to the lobby' },
        ];
      return [
        { at: came, participant, state: 'arrived', arrivedAt: came },
        { at: back, participant, state: 'departed', leftAt: back },
      ];
    });
    planRegister(place, {
      session,
      author: place.users.concierge!,
      steps,
      started: new Date(start.getTime() + 60_000),
      completed: new Date(back.getTime() + 120_000),
      ended: new Date(back.getTime() + 180_000),
    });
  });
}
