import { type Orm } from '../platform/database/orm.js';
import { Habits } from './habits.js';
import { makeNames } from './names.js';
import { Place, type DemoOptions, type Plan } from './place.js';
import { planCancellation } from './register.js';
import { takeArrivals, takeClass, type Codes } from './taking.js';
import { type Random } from './random.js';

const CODES: Codes = { here: 'present', late: 'late', away: 'absent', excused: 'excused' };
const WORDS = {
  late: ['Bus was late', 'Overslept', 'Came from the dentist', 'Locker would not open', 'Bicycle with a flat tyre'],
  away: [
    'Flu',
    'Doctor’s appointment',
    'Fever',
    'Family matter',
    'Broken arm',
    'Migraine',
    'Visit to the orthodontist',
  ],
};
const REASONS = ['Letter from home', 'Parent called the office', 'Medical certificate handed in'];
const SUBJECTS: Record<string, string[]> = {
  Primary: ['Reading', 'Arithmetic', 'Nature study', 'Art', 'Music', 'Handwriting'],
  Middle: ['Mathematics', 'English', 'Science', 'Geography', 'History', 'Drama'],
  High: ['Algebra', 'Literature', 'Chemistry', 'Physics', 'Economics', 'Spanish'],
};
const SCHOOLS = [
  { name: 'Pineapple Primary School', kind: 'Primary', classes: ['1A', '1B', '2A', '3A', '4A', '5A'], born: 2019 },
  { name: 'Rockaway Middle School', kind: 'Middle', classes: ['6A', '6B', '7A', '7B', '8A', '8B'], born: 2014 },
  { name: 'City High School', kind: 'High', classes: ['9A', '9B', '10A', '10B', '11A', '12A'], born: 2011 },
];
const CLUBS = ['Chess club', 'Robotics club', 'Choir'];
const PERIODS = 7;

interface SchoolClass {
  group: number;
  name: string;
  kind: string;
  people: number[];
  teacher: string;
}

/** A school district: three schools, eighteen classes, a weekly assembly of five hundred, and clubs. */
export async function makeSchool(orm: Orm, options: DemoOptions, passwordHash: string, random: Random): Promise<Place> {
  const place = await Place.open(
    orm,
    options,
    {
      name: 'Three Rivers Schools',
      slug: 'three-rivers',
      domain: 'education',
      timeZones: ['America/New_York', 'Europe/Paris'],
      passwordHash,
    },
    random,
  );
  await place.addUsers([
    { email: 'admin@three-rivers.example', firstName: 'Theodora', lastName: 'Khan', role: 'administrator' },
    { email: 'manager@three-rivers.example', firstName: 'Leonard', lastName: 'Springsteen', role: 'manager' },
    { email: 'teacher@three-rivers.example', firstName: 'Braeden', lastName: 'Glover', role: 'frontline' },
    { email: 'jones@three-rivers.example', firstName: 'Haylie', lastName: 'Jones', role: 'frontline' },
    { email: 'ferreira@three-rivers.example', firstName: 'Júlia', lastName: 'Ferreira', role: 'frontline' },
    { email: 'nakamura@three-rivers.example', firstName: 'Ken', lastName: 'Nakamura', role: 'frontline' },
  ]);
  const { classes, assembly, clubs, everybody } = await enrol(place);
  await place.assign(
    'teacher',
    [...classes.filter((each) => each.teacher === 'teacher'), ...clubs].map((g) => g.group),
  );

  const days = place.history;
  const habits = new Habits(place.random, everybody, days, WORDS);
  await lessons(place, classes, habits);
  await assemblies(place, assembly, everybody, habits);
  await clubHours(place, clubs, habits);
  await place.play();
  return place;
}

async function enrol(place: Place) {
  const { random } = place;
  const schools = await place.addGroups(
    SCHOOLS.map(({ name }, at) => ({ name, type: 'school', externalId: `SCH-${at + 1}` })),
  );
  const planned = SCHOOLS.flatMap((school, at) =>
    school.classes.slice(0, place.size(6)).map((name, index) => ({ ...school, name, parent: schools[at]!, index })),
  );
  const groups = await place.addGroups(
    planned.map(({ name, parent }) => ({
      name: `Class ${name}`,
      type: 'class',
      parent,
      externalId: `SEC-${name}`,
    })),
  );
  // The first class has exactly thirty: a register as most are.
  const sizes = planned.map((_, at) => place.size(at === 0 ? 30 : random.int(26, 30)));
  const names = makeNames(
    random,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  const homes = sizes.flatMap((size, at) => Array<number>(size).fill(at));
  const everybody = await place.addParticipants(
    names.map((name, at) => {
      const home = planned[homes[at]!]!;
      const number = String(100_000_000 + at * 7919 + random.int(0, 900));
      const born = `${home.born - home.index}-${two(random.int(1, 12))}-${two(random.int(1, 28))}`;
      return {
        ...name,
        identifier: `S-${10_000 + at}`,
        externalId: number,
        dateOfBirth: born,
        email: random.chance(0.3) ? `s${10_000 + at}@students.three-rivers.example` : null,
        extraData: { grade: home.name.replace(/\D/g, '') },
      };
    }),
  );
  // One at the high school signs in himself.
  const external = everybody.at(-1)!;
  const person = names.at(-1)!;
  await place.addUsers([{ email: 'student@three-rivers.example', ...person, role: 'external', participant: external }]);

  const teachers = ['teacher', 'jones', 'ferreira', 'nakamura'];
  const classes = planned.map(({ name, kind }, at): SchoolClass => ({
    group: groups[at]!,
    name,
    kind,
    people: everybody.filter((_, index) => homes[index] === at),
    teacher: teachers[at % teachers.length]!,
  }));
  const others = await place.addGroups([
    { name: 'All-school assembly', type: 'year' },
    ...CLUBS.map((name) => ({ name, type: 'club' })),
  ]);
  const clubs = others.slice(1).map((group, at) => ({
    group,
    name: CLUBS[at]!,
    people: random.sample(everybody, place.size(20)),
  }));
  const assembled = everybody.slice(0, 500);
  await place.addMembers([
    ...classes.flatMap(({ group, people }) => people.map((participant) => ({ group, participant }))),
    ...assembled.map((participant) => ({ group: others[0]!, participant })),
    ...clubs.flatMap(({ group, people }) => people.map((participant) => ({ group, participant }))),
  ]);
  return { classes, clubs, everybody, assembly: { group: others[0]!, people: assembled } };
}

const two = (number: number) => String(number).padStart(2, '0');
const isWeekday = (day: string) => Temporal.PlainDate.from(day).dayOfWeek <= 5;
const weekday = (day: string) => Temporal.PlainDate.from(day).dayOfWeek;

/** One lesson a day and class in the history; today is rotated so that some are over, some are on and some come. */
async function lessons(place: Place, classes: SchoolClass[], habits: Habits): Promise<void> {
  const { random, today } = place;
  const nowPeriod = Math.floor((place.options.now.getTime() - place.at(today, '08:00').getTime()) / 3_600_000);
  const taught: { plan: Plan; class: SchoolClass; day: string; at: number }[] = [];
  const week = Array.from({ length: 5 }, (_, at) => place.day(at + 1));
  for (const day of [...place.history, ...week])
    classes.forEach((each, at) => {
      if (!isWeekday(day) && day !== today) return;
      const shift = day === today ? Math.max(0, nowPeriod) : weekday(day) * 2;
      const start = place.at(day, `${two(8 + ((at + shift) % PERIODS))}:00`);
      const subject = SUBJECTS[each.kind]![(at + weekday(day)) % 6]!;
      const plan = { group: each.group, name: subject, location: `Room ${each.name}`, start, minutes: 60 };
      // The first class of the demo began just now, so that its register can be watched being taken.
      if (day === today && at === 0) plan.start = underWay(place.options.now);
      taught.push({ plan, class: each, day, at });
    });
  const ids = await place.addSessions(taught.map(({ plan }) => plan));
  const storm = place.history.filter(isWeekday).at(-7);
  const { admin } = place.users;
  taught.forEach(({ plan, class: each, day, at }, index) => {
    const session = ids[index]!;
    if (day === storm && at % 6 === 1)
      return planCancellation(place, session, new Date(plan.start.getTime() - 7_200_000), admin!);
    // Today two registers wait to be taken: one that is on, one that is over.
    if (day > today || (day === today && (at === PERIODS || at === PERIODS - 1))) return;
    takeClass(place, {
      session,
      day,
      start: plan.start,
      minutes: plan.minutes,
      people: each.people,
      author: place.users[each.teacher]!,
      office: admin!,
      reasons: REASONS,
      codes: CODES,
      habits,
      slowly: day === today && at === 0,
      sure: day === today || random.chance(0.5),
    });
  });
}

/** Ten to fifteen minutes ago, on the clock's five minutes. */
function underWay(now: Date): Date {
  return new Date(Math.floor((now.getTime() - 600_000) / 300_000) * 300_000);
}

/** Mondays, five hundred in the hall; and today, open and empty, to try. */
/** Who comes to the hall within it is not late. */
const GRACE_MS = 5 * 60_000;

async function assemblies(
  place: Place,
  assembly: { group: number; people: number[] },
  everybody: number[],
  habits: Habits,
): Promise<void> {
  const mondays = place.history.filter((day) => weekday(day) === 1 && day !== place.today);
  const plans = mondays.map((day) => ({ day, start: place.at(day, '15:10') }));
  plans.push({ day: place.today, start: underWay(place.options.now) });
  const ids = await place.addSessions(
    plans.map(({ start }) => ({
      group: assembly.group,
      name: 'Assembly',
      location: 'Great hall',
      start,
      minutes: 60,
    })),
  );
  plans.forEach(({ day, start }, at) => {
    if (day === place.today) return;
    takeArrivals(place, {
      session: ids[at]!,
      from: new Date(start.getTime() - 600_000),
      to: new Date(start.getTime() + 900_000),
      people: assembly.people,
      author: place.users.jones!,
      state: (participant, arrived) => {
        if (habits.of(participant, day).kind === 'away') return null;
        return { state: +arrived - +start > GRACE_MS ? 'late' : 'present' };
      },
      missing: 'absent',
    });
  });
}

/** Clubs meet once a week after school. */
async function clubHours(
  place: Place,
  clubs: { group: number; name: string; people: number[] }[],
  habits: Habits,
): Promise<void> {
  const meetings = place.history.flatMap((day) =>
    clubs.flatMap((club, at) => (weekday(day) === at + 2 ? [{ club, day, start: place.at(day, '15:30') }] : [])),
  );
  const ids = await place.addSessions(
    meetings.map(({ club, start }) => ({
      group: club.group,
      name: club.name,
      location: 'Library',
      start,
      minutes: 75,
    })),
  );
  meetings.forEach(({ club, day, start }, at) =>
    takeClass(place, {
      session: ids[at]!,
      day,
      start,
      minutes: 75,
      people: club.people,
      author: place.users.teacher!,
      office: place.users.admin!,
      reasons: REASONS,
      codes: CODES,
      habits,
    }),
  );
}
