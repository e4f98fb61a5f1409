import { cleverLike } from '../../support/clever-files.js';
import { workbook, zip } from '../../support/workbooks.js';

/** What is particular about a day in one domain. Everything is as a person reads and types it. */
export interface DayPlan {
  /** What /setup calls the domain. */
  kind: string;
  name: string;
  zone: string;
  /** The words on the pages: as the navigation shows them, and the ones inside of sentences. */
  words: { People: string; Groups: string; Sessions: string; person: string; session: string };
  /** A word that this organization calls otherwise: the field on the page of words, and what is typed there. */
  ownWord?: { one: string; many: string };
  state: { label: string; counts: string; key: string } | { rename: string; to: string };
  rules: { grace: string; lock: string; assignedOnly?: boolean };
  frontline: { first: string; last: string; email: string };
  files: { name: string; content: string | Buffer }[];
  /** What a column becomes that is not recognised by its name. */
  columns?: Record<string, string>;
  /** The row of the file that is wrong: what the page says about it, and how many rows become people. */
  wrong: RegExp;
  arrived: number;
  /** The group whose register is taken, and one that its people also belong to or that is beside it. */
  group: string;
  kindOfGroup?: string;
  beside: string;
  closing: { name: string; from: string; to: string; onlyGroup?: boolean } | { calendar: string; name: string };
  series: {
    name: string;
    template?: string;
    day: string;
    begins: string;
    ends: string;
    weekdays?: string[];
    daily?: boolean;
    until: string;
    /** How many dates, and how many of them fall on closing days. */
    dates: number;
    closed: number;
  };
  /** Days of the calendar: one before the clocks change, one that is closed, one after the change; and the times shown. */
  weeks: { before: string; closed: string; after: string; shows: string };
  /** When the register is taken, by the wall clock. */
  taking: string;
  /** Marks by name, in the order in which they are made: by a tap or by a key. */
  marks: { who: string; state: string; by: 'tap' | 'key' | 'find' | 'select' }[];
  /** What the rest is marked with, by the button for it. */
  rest: string;
  late?: { who: string; minutes: number };
  walkIns: { first: string; last: string; state: string }[];
  correct: { who: string; from: string; to: string; reason: string; unlock?: boolean };
  /** What is typed to find the corrected person, and the rate that his page shows. */
  lookUp: { typed: string; rate: string; fact?: string };
}

/** Names in place of the numbers of the sample. */
const PUPILS = [
  ['Mila', 'Neumann'],
  ['Jonas', 'Keller'],
  ['Zeynep', 'Aydın'],
  ['Emil', 'Vogel'],
  ['Noor', 'El-Amin'],
  ['Lena', 'Brandt'],
  ['Ole', 'Petersen'],
  ['Ida', 'Schreiber'],
  ['Ben', 'Wolff'],
  ['Klara', 'Lindner'],
];
const clever = () => {
  const files = cleverLike();
  const renamed = PUPILS.reduce(
    (text, [first, last], at) =>
      text.replaceAll(`,Number${at + 2},`, `,${last},`).replaceAll(`,Pupil${at + 2},`, `,${first},`),
    String(files.students),
  );
  const sections = String(files.sections).replaceAll('8/1/15', '8/1/26').replaceAll('6/1/16', '7/10/27');
  return zip({
    'schools.csv': files.schools,
    'teachers.csv': files.teachers,
    'sections.csv': sections,
    'students.csv': renamed,
    'enrollments.csv': files.enrollments,
  });
};

/** An Excel file of one list, every cell a text. */
const excel = (rows: string[][]): Buffer => {
  const cell = (text: string, column: number, line: number) =>
    `<c r="${String.fromCharCode(65 + column)}${line}" t="inlineStr"><is><t>${text}</t></is></c>`;
  const lines = rows.map(
    (row, at) => `<row r="${at + 1}">${row.map((text, column) => cell(text, column, at + 1)).join('')}</row>`,
  );
  return zip(workbook(lines.join('')));
};

const calendar = (...days: [string, string][]) =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Holidays//EN',
    ...days.flatMap(([day, name], at) => [
      'BEGIN:VEVENT',
      `UID:holiday-${at}@example.org`,
      'DTSTAMP:20260101T000000Z',
      `DTSTART;VALUE=DATE:${day.replaceAll('-', '')}`,
      `SUMMARY:${name}`,
      'END:VEVENT',
    ]),
    'END:VCALENDAR',
    '',
  ].join('\r\n');

export const DAYS: Record<string, DayPlan> = {
  education: {
    kind: 'School or university',
    name: 'Lessing-Schule',
    zone: 'Europe/Berlin',
    words: { People: 'Students', Groups: 'Classes', Sessions: 'Lessons', person: 'student', session: 'lesson' },
    state: { label: 'Excursion', counts: 'Counts as excused', key: 'x' },
    rules: { grace: '5', lock: '24' },
    frontline: { first: 'Bruno', last: 'Weber', email: 'bruno@lessing.example' },
    files: [{ name: 'clever.zip', content: clever() }],
    wrong: /This date does not exist: 02\/29\/2005/,
    arrived: 12,
    group: 'Guidance (1)',
    beside: 'Guidance (2)',
    closing: { name: 'Autumn break', from: '2026-10-19', to: '2026-10-30' },
    series: {
      name: 'Mathematics',
      template: 'Double lesson',
      day: '2026-10-05',
      begins: '08:00',
      ends: '09:30',
      weekdays: ['Monday'],
      until: '2026-12-14',
      dates: 11,
      closed: 2,
    },
    weeks: { before: '2026-10-12', closed: '2026-10-26', after: '2026-11-02', shows: '8:00 – 9:30 AM' },
    taking: '2026-10-05T08:12',
    marks: [
      { who: "O'Hara", state: 'Present', by: 'tap' },
      { who: 'Keller', state: 'Late', by: 'tap' },
      { who: 'Petersen', state: 'Absent', by: 'key' },
    ],
    rest: 'Present',
    late: { who: 'Keller', minutes: 12 },
    walkIns: [],
    correct: { who: 'Ole Petersen', from: 'Absent', to: 'Excursion', reason: 'The class trip was forgotten' },
    lookUp: { typed: 'peter', rate: '–' },
  },
  hospitality: {
    kind: 'Hotel or hospitality',
    name: 'Albergo Aurora',
    zone: 'Europe/Rome',
    words: { People: 'Guests', Groups: 'Services', Sessions: 'Meals', person: 'guest', session: 'meal' },
    ownWord: { one: 'meal', many: 'meals' },
    state: { rename: 'No-show', to: 'Did not come' },
    rules: { grace: '0', lock: '12' },
    frontline: { first: 'Pia', last: 'Conti', email: 'pia@aurora.example' },
    files: [
      {
        name: 'guests.csv',
        content:
          'first_name;last_name;identifier;email;group;Allergies\n' +
          'Marta;Ferri;B-101;marta@example.org;"Breakfast;Room 12";Nuts\n' +
          'Luca;Ferri;B-102;;"Breakfast;Room 12";\n' +
          'Anneke;de Vries;B-103;anneke@example.org;"Breakfast;Room 14";Lactose\n' +
          'Tomás;Ibáñez;B-104;tomas@example.org;"Breakfast;Room 15";\n' +
          'Yuki;Tanaka;B-105;yuki@example.org;Breakfast;\n' +
          ';;B-106;nobody@example.org;Breakfast;\n',
      },
    ],
    wrong: /First name|Last name|needed|missing|empty/i,
    arrived: 5,
    group: 'Breakfast',
    kindOfGroup: 'Breakfast',
    beside: 'Room 12',
    closing: { name: 'Kitchen is being painted', from: '2026-10-27', to: '2026-10-28', onlyGroup: true },
    series: {
      name: 'Breakfast',
      template: 'Breakfast',
      day: '2026-10-23',
      begins: '07:00',
      ends: '11:00',
      daily: true,
      until: '2026-11-08',
      dates: 17,
      closed: 2,
    },
    weeks: { before: '2026-10-24', closed: '2026-10-27', after: '2026-10-26', shows: '7:00 – 11:00 AM' },
    taking: '2026-10-23T07:20',
    marks: [
      { who: 'Ferri', state: 'Arrived', by: 'tap' },
      { who: 'Tanaka', state: 'Expected', by: 'key' },
      { who: 'de Vries', state: 'Did not come', by: 'find' },
    ],
    rest: 'Arrived',
    walkIns: [{ first: 'Oda', last: 'Berg', state: 'Arrived' }],
    correct: {
      who: 'Anneke de Vries',
      from: 'Did not come',
      to: 'Arrived',
      reason: 'She ate on the terrace',
      unlock: true,
    },
    lookUp: { typed: 'vri', rate: '100%', fact: 'Lactose' },
  },
  events: {
    kind: 'Event or conference',
    name: 'Harbour Talks',
    zone: 'America/New_York',
    words: { People: 'Attendees', Groups: 'Tracks', Sessions: 'Talks', person: 'attendee', session: 'talk' },
    state: { label: 'Press', counts: 'Counts as present', key: 'p' },
    rules: { grace: '0', lock: '2' },
    frontline: { first: 'Sam', last: 'Rivera', email: 'sam@harbour.example' },
    files: [
      {
        name: 'registrations.csv',
        content:
          'First name,Last name,Ticket,group\n' +
          'Grace,Okafor,T-2001,"Main stage;Day ticket"\n' +
          'Priya,Raman,T-2002,"Main stage;Weekend ticket"\n' +
          'Chloé,Durand,T-2003,Main stage\n' +
          'Mateo,Silva,T-2004,"Main stage;Day ticket"\n' +
          'Hana,Novák,T-2001,Main stage\n' +
          'Ivan,Petrov,T-2006,Main stage\n',
      },
    ],
    columns: { Ticket: 'Identifier' },
    wrong: /T-2001|twice|already/i,
    arrived: 5,
    group: 'Main stage',
    kindOfGroup: 'Track',
    beside: 'Day ticket',
    closing: { name: 'Thanksgiving week', from: '2026-11-23', to: '2026-11-27' },
    series: {
      name: 'Evening talk',
      template: 'Workshop',
      day: '2026-10-13',
      begins: '18:00',
      ends: '20:00',
      weekdays: ['Tuesday'],
      until: '2026-12-15',
      dates: 10,
      closed: 1,
    },
    weeks: { before: '2026-10-27', closed: '2026-11-24', after: '2026-11-03', shows: '6:00 – 8:00 PM' },
    taking: '2026-10-13T17:50',
    marks: [
      { who: 'Okafor', state: 'VIP check-in', by: 'find' },
      { who: 'Silva', state: 'Checked in', by: 'key' },
      { who: 'Petrov', state: 'Not arrived', by: 'tap' },
    ],
    rest: 'Checked in',
    walkIns: [
      { first: 'Wanda', last: 'Quick', state: 'Checked in' },
      { first: 'Noah', last: 'Quick', state: 'Press' },
    ],
    correct: { who: 'Ivan Petrov', from: 'Not arrived', to: 'Press', reason: 'He sat with the photographers' },
    lookUp: { typed: 'petr', rate: '100%' },
  },
  corporate: {
    kind: 'Company',
    name: 'Norbud',
    zone: 'Europe/Warsaw',
    words: { People: 'Employees', Groups: 'Teams', Sessions: 'Shifts', person: 'employee', session: 'shift' },
    state: { label: 'Business trip', counts: 'Counts as present', key: 'b' },
    rules: { grace: '10', lock: '24', assignedOnly: true },
    frontline: { first: 'Ewa', last: 'Zielińska', email: 'ewa@norbud.example' },
    files: [
      {
        name: 'staff.xlsx',
        content: excel([
          ['First name', 'Last name', 'Identifier', 'Date of birth', 'Group'],
          ['Adam', 'Kowalski', 'N-11', '1988-04-12', 'Assembly'],
          ['Zofia', 'Wójcik', 'N-12', '1991-11-02', 'Assembly'],
          ['Piotr', 'Nowak', 'N-13', '1979-02-30', 'Assembly'],
          ['Łukasz', 'Mazur', 'N-14', '1995-07-19', 'Assembly'],
          ['Maja', 'Kaczmarek', 'N-15', '', 'Assembly'],
          ['Jan', 'Wrona', 'N-16', '1983-01-08', 'Warehouse'],
        ]),
      },
    ],
    wrong: /This date does not exist: 1979-02-30/,
    arrived: 5,
    group: 'Assembly',
    kindOfGroup: 'Team',
    beside: 'Warehouse',
    closing: {
      calendar: calendar(['2026-11-11', 'Independence Day'], ['2026-12-25', 'Christmas Day']),
      name: 'Independence Day',
    },
    series: {
      name: 'Late shift',
      template: 'Late shift',
      day: '2026-10-05',
      begins: '14:00',
      ends: '22:00',
      weekdays: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday'],
      until: '2026-11-20',
      dates: 35,
      closed: 1,
    },
    weeks: { before: '2026-10-23', closed: '2026-11-11', after: '2026-10-26', shows: '2:00 – 10:00 PM' },
    taking: '2026-10-05T14:25',
    marks: [
      { who: 'Wójcik', state: 'Remote', by: 'select' },
      { who: 'Mazur', state: 'Late', by: 'tap' },
      { who: 'Kaczmarek', state: 'Absent', by: 'key' },
    ],
    rest: 'On site',
    late: { who: 'Mazur', minutes: 25 },
    walkIns: [],
    correct: { who: 'Maja Kaczmarek', from: 'Absent', to: 'Business trip', reason: 'At the customer in Gdańsk' },
    lookUp: { typed: 'kacz', rate: '100%' },
  },
};
