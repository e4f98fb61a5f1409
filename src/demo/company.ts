import { type Orm } from '../platform/database/orm.js';
import { Habits } from './habits.js';
import { makeNames } from './names.js';
import { Place, type DemoOptions, type Plan } from './place.js';
import { type Random } from './random.js';
import { takeClass, type Codes } from './taking.js';

const CODES: Codes = { here: 'on_site', late: 'late', away: 'absent', excused: 'on_leave', elsewhere: 'remote' };
const WORDS = {
  late: ['Train cancelled', 'Traffic on the bridge', 'Child to kindergarten'],
  away: ['Annual leave', 'Sick note handed in', 'Parental leave', 'Training', 'Moving house'],
  elsewhere: ['At the supplier', 'Works from home', 'Visiting a customer'],
};
const REASONS = ['Leave form signed', 'Sick note arrived', 'Told the team lead by phone'];
const TEAMS = [
  { name: 'Assembly line 1', department: 'Production', size: 16, shifts: ['06:00', '14:00'], lead: 'lead' },
  { name: 'Assembly line 2', department: 'Production', size: 14, shifts: ['14:00', '06:00'], lead: 'ruiz' },
  { name: 'Logistics', department: 'Production', size: 11, shifts: ['07:00', '07:00'], lead: 'ruiz' },
  { name: 'Customer care', department: 'Office', size: 12, shifts: ['08:30', '10:30'], lead: 'lead' },
  { name: 'Engineering', department: 'Office', size: 15, shifts: ['09:00', '09:00'], lead: 'lead' },
];
const SHIFT_NAMES: Record<string, string> = { '06:00': 'Early shift', '14:00': 'Late shift' };

/** A manufacturer: teams in departments, early and late shifts that change every week, a meeting under way. */
export async function makeCompany(
  orm: Orm,
  options: DemoOptions,
  passwordHash: string,
  random: Random,
): Promise<Place> {
  const place = await Place.open(
    orm,
    options,
    {
      name: 'Nordlicht Works',
      slug: 'nordlicht',
      domain: 'corporate',
      timeZones: ['Europe/Oslo', 'America/Chicago'],
      passwordHash,
    },
    random,
  );
  await place.addUsers([
    { email: 'admin@nordlicht.example', firstName: 'Solveig', lastName: 'Næss', role: 'administrator' },
    { email: 'manager@nordlicht.example', firstName: 'Piotr', lastName: 'Nowak', role: 'manager' },
    { email: 'lead@nordlicht.example', firstName: 'Amina', lastName: 'Yusuf', role: 'frontline' },
    { email: 'ruiz@nordlicht.example', firstName: 'Tomás', lastName: 'Ruiz', role: 'frontline' },
  ]);
  const [production = 0, office = 0] = await place.addGroups([
    { name: 'Production', type: 'department' },
    { name: 'Office', type: 'department' },
  ]);
  const groups = await place.addGroups(
    TEAMS.map(({ name, department }) => ({
      name,
      type: 'team',
      parent: department === 'Production' ? production : office,
    })),
  );
  const homes = TEAMS.flatMap(({ size }, at) => Array<number>(place.size(size)).fill(at));
  const names = makeNames(place.random, homes.length);
  const people = await place.addParticipants(
    names.map((name, at) => ({
      ...name,
      identifier: `E${1200 + at * 7}`,
      email: `employee${1200 + at * 7}@nordlicht.example`,
      extraData: { department: TEAMS[homes[at]!]!.department },
    })),
  );
  await place.addUsers([
    { email: 'employee@nordlicht.example', ...names[2]!, role: 'external', participant: people[2]! },
  ]);
  const teams = TEAMS.map((team, at) => ({
    ...team,
    group: groups[at]!,
    people: people.filter((_, index) => homes[index] === at),
  }));
  await place.addMembers(
    teams.flatMap(({ group, people: them }) => them.map((participant) => ({ group, participant }))),
  );
  for (const lead of ['lead', 'ruiz'])
    await place.assign(
      lead,
      teams.filter((team) => team.lead === lead).map((team) => team.group),
    );
  await shifts(place, teams);
  await place.play();
  return place;
}

type Team = (typeof TEAMS)[number] & { group: number; people: number[] };

async function shifts(place: Place, teams: Team[]): Promise<void> {
  const { today, options } = place;
  const week = Array.from({ length: 7 }, (_, at) => place.day(at + 1));
  const days = [...place.history, ...week].filter(
    (day) => day === today || Temporal.PlainDate.from(day).dayOfWeek <= 5,
  );
  const production = new Habits(
    place.random,
    teams.slice(0, 3).flatMap((team) => team.people),
    days,
    WORDS,
  );
  const office = new Habits(
    place.random,
    teams.slice(3).flatMap((team) => team.people),
    days,
    WORDS,
    0.3,
  );
  const planned: (Plan & { team: Team; day: string })[] = days.flatMap((day) =>
    teams.map((team) => {
      const time = team.shifts[(Temporal.PlainDate.from(day).weekOfYear ?? 0) % 2]!;
      const start = place.at(day, time);
      return {
        group: team.group,
        name: SHIFT_NAMES[time] ?? 'Day shift',
        location: null,
        start,
        minutes: 480,
        team,
        day,
      };
    }),
  );
  const quarter = new Date(Math.floor((options.now.getTime() - 600_000) / 900_000) * 900_000);
  const meeting = { group: teams[4]!.group, name: 'Stand-up', location: 'Room 2', start: quarter, minutes: 45 };
  const ids = await place.addSessions([...planned, meeting]);
  planned.forEach(({ team, day, start, minutes }, at) => {
    // Nobody took today's register of customer care yet.
    if (day > today || (day === today && team.name === 'Customer care')) return;
    takeClass(place, {
      session: ids[at]!,
      day,
      start,
      minutes,
      people: team.people,
      author: place.users[team.lead]!,
      office: place.users.admin!,
      reasons: REASONS,
      codes: CODES,
      habits: team.department === 'Office' ? office : production,
      sure: day === today,
    });
  });
}
