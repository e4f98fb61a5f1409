import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { PresenceState } from '../../src/presence/index.js';
import { uploadsFolder } from '../../src/platform/files.js';
import { ClosingDay, Session } from '../../src/sessions/index.js';
import { draftsOf } from '../../src/sessions/timetable/occurrences.js';
import { readCalendar } from '../../src/sessions/timetable/read-calendar.js';
import { type Place, World } from '../world.js';
import { type Visitor } from '../support/visitor.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const PATH = '/api/sessions/import';
const textOf = (html: string) => html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
const year = new Date().getFullYear() + 1;
const event = (...lines: string[]) => ['BEGIN:VEVENT', 'DTSTAMP:20260101T000000Z', ...lines, 'END:VEVENT'];
const calendar = (...events: string[][]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//EN', ...events.flat(), 'END:VCALENDAR', ''].join('\r\n');
/** One lesson in Paris: nine to ten on 4 May of next year, unless said otherwise. */
const lesson = (uid: string, ...more: string[]) =>
  event(
    `UID:${uid}`,
    'SUMMARY:Algebra',
    ...(more.some((line) => line.startsWith('DTSTART'))
      ? []
      : [`DTSTART;TZID=Europe/Paris:${year}0504T090000`, `DTEND;TZID=Europe/Paris:${year}0504T100000`]),
    ...more,
  );
const upload = (text: string | Uint8Array, fields: Record<string, string> = {}) => {
  const form = new FormData();
  form.append('file', new Blob([text as string]), 'timetable.ics');
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
};
async function school() {
  const place = await world.openPlace('Timetable School', 'education', 'Europe/Paris', {
    tina: 'administrator',
    theo: 'frontline',
  });
  const group = await world.addGroup(place, 'Class 1A', { externalId: '1a' });
  const tina = place.visitor.tina!;
  const send = async (text: string, fields: Record<string, string> = {}, who: Visitor = tina) =>
    who.post(PATH, upload(text, { group_id: String(group.id), ...fields }));
  return { place, group, tina, theo: place.visitor.theo!, send };
}
const sessionsOf = (place: Place) =>
  world.read(place, (em) => em.find(Session, {}, { orderBy: { scheduledStartAt: 'asc', id: 'asc' } }));
const starts = async (place: Place) =>
  (await sessionsOf(place))
    .filter((each) => each.status !== 'cancelled')
    .map((each) => each.scheduledStartAt.toISOString().slice(0, 16));

/** The events of a file at each of their times. */
async function draftsIn(text: string, zone = 'Europe/Paris', now = `${year}-05-01T00:00:00Z`) {
  return draftsOf(await readCalendar(text), zone, new Date(now));
}
const instants = async (text: string, zone?: string) =>
  (await draftsIn(text, zone)).drafts.map((each) => each.starts.toISOString().slice(0, 16)).sort();

describe('the times of an event', () => {
  it('are read in the zone that they name, in UTC, or in that of the organization', async () => {
    expect(await instants(calendar(lesson('a')))).toEqual([`${year}-05-04T07:00`]);
    expect(await instants(calendar(lesson('a', `DTSTART:${year}0504T090000Z`, `DTEND:${year}0504T100000Z`)))).toEqual([
      `${year}-05-04T09:00`,
    ]);
    const floating = calendar(lesson('a', `DTSTART:${year}0504T090000`, 'DURATION:PT45M'));
    expect(await instants(floating, 'Asia/Kolkata')).toEqual([`${year}-05-04T03:30`]);
    const mozilla = `DTSTART;TZID=/mozilla.org/20050126_1/America/New_York:${year}0504T090000`;
    expect(await instants(calendar(lesson('a', mozilla, 'DURATION:PT1H')))).toEqual([`${year}-05-04T13:00`]);
  });

  it('are read by a zone that only the file itself knows', async () => {
    const zone = [
      'BEGIN:VTIMEZONE',
      'TZID:Our own zone',
      'BEGIN:STANDARD',
      'DTSTART:20001029T030000',
      'RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU',
      'TZOFFSETFROM:+0200',
      'TZOFFSETTO:+0100',
      'END:STANDARD',
      'BEGIN:DAYLIGHT',
      'DTSTART:20000326T020000',
      'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU',
      'TZOFFSETFROM:+0100',
      'TZOFFSETTO:+0200',
      'END:DAYLIGHT',
      'END:VTIMEZONE',
    ];
    const own = lesson('a', `DTSTART;TZID=Our own zone:20270321T090000`, 'DURATION:PT1H', 'RRULE:FREQ=WEEKLY;COUNT=3');
    const text = calendar(zone, own);
    expect(
      (await draftsIn(text, 'UTC', '2027-03-01T00:00:00Z')).drafts.map((each) => each.starts.toISOString()),
    ).toEqual(['2027-03-21T08:00:00.000Z', '2027-03-28T07:00:00.000Z', '2027-04-04T07:00:00.000Z']);
    const { left } = await draftsIn(calendar(lesson('a', `DTSTART;TZID=Nowhere:${year}0504T090000`, 'DURATION:PT1H')));
    expect(left).toMatchObject([
      { number: 1, message: 'The time zone {zone} is not known.', params: { zone: 'Nowhere' } },
    ]);
  });

  it('repeat by their rule, keep their local time, and leave out and replace single dates', async () => {
    const text = calendar(
      lesson(
        'a',
        'DTSTART;TZID=Europe/Paris:20270315T090000',
        'DTEND;TZID=Europe/Paris:20270315T100000',
        'RRULE:FREQ=WEEKLY;UNTIL=20270412T070000Z',
        'EXDATE;TZID=Europe/Paris:20270322T090000',
        'RDATE;TZID=Europe/Paris:20270317T140000',
      ),
      event(
        'UID:a',
        'RECURRENCE-ID;TZID=Europe/Paris:20270405T090000',
        'DTSTART;TZID=Europe/Paris:20270406T110000',
        'DTEND;TZID=Europe/Paris:20270406T120000',
        'SUMMARY:Moved',
      ),
    );
    const { drafts } = await draftsIn(text, 'Europe/Paris', '2027-03-01T00:00:00Z');
    expect(
      drafts
        .map((each) => [each.externalId, each.starts.toISOString().slice(0, 16), each.summary])
        .sort((a, b) => (a[0]! < b[0]! ? -1 : 1)),
    ).toEqual([
      ['a/20270315T080000Z', '2027-03-15T08:00', 'Algebra'],
      ['a/20270317T130000Z', '2027-03-17T13:00', 'Algebra'],
      ['a/20270329T070000Z', '2027-03-29T07:00', 'Algebra'],
      ['a/20270405T070000Z', '2027-04-06T09:00', 'Moved'],
      ['a/20270412T070000Z', '2027-04-12T07:00', 'Algebra'],
    ]);
  });

  it('reach 400 days ahead when a rule has no end, and 400 back when it began long ago', async () => {
    const text = calendar(lesson('a', 'DTSTART:20100101T090000Z', 'DURATION:PT1H', 'RRULE:FREQ=DAILY'));
    const { drafts } = await draftsIn(text, 'UTC', '2027-03-01T00:00:00Z');
    expect(drafts[0]!.starts.toISOString().slice(0, 10)).toBe('2026-01-25');
    expect(drafts.at(-1)!.starts.toISOString().slice(0, 10)).toBe('2028-04-03');
  });

  it('are told when they cannot be used, and do not spoil the others', async () => {
    const { drafts, left, allDay } = await draftsIn(
      calendar(
        lesson('good'),
        event('SUMMARY:no uid', `DTSTART:${year}0504T090000Z`, 'DURATION:PT1H'),
        lesson('no-end', `DTSTART:${year}0504T090000Z`),
        lesson('backwards', `DTSTART:${year}0504T090000Z`, `DTEND:${year}0504T080000Z`),
        lesson('hourly', `DTSTART:${year}0504T090000Z`, 'DURATION:PT1H', 'RRULE:FREQ=SECONDLY'),
        lesson('many', `DTSTART:${year}0504T090000Z`, 'DURATION:PT1H', 'RRULE:FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=1,2,3'),
        lesson('far', 'DTSTART:99990504T090000Z', 'DURATION:PT1H'),
        event('UID:day', `DTSTART;VALUE=DATE:${year}0504`, 'SUMMARY:Holiday'),
        ['BEGIN:VEVENT', 'this is no property', 'END:VEVENT'],
        lesson(
          'also-good',
          `DTSTART:${year}0505T090000Z`,
          'DURATION:PT1H',
          'BEGIN:VALARM',
          'ACTION:DISPLAY',
          'TRIGGER:-PT5M',
          'DESCRIPTION:x',
          'END:VALARM',
        ),
      ),
    );
    expect(drafts.map((each) => each.uid)).toEqual(['good', 'also-good']);
    expect(left.map((each) => each.number).sort((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 9]);
    expect(allDay).toBe(1);
  });
});

describe('importing a timetable', () => {
  it('makes sessions, and changes them when it comes again instead of doubling them', async () => {
    const { place, group, send } = await school();
    const first = await send(
      calendar(lesson('a', 'LOCATION:Room\\, 1'), lesson('b', `DTSTART:${year}0505T090000Z`, 'DURATION:PT1H')),
    );
    expect(first.status).toBe(201);
    expect(first.json.data).toMatchObject({ dry_run: false, created: 2, changed: 0, failed: 0, errors: [] });
    const made = await sessionsOf(place);
    expect(made[0]).toMatchObject({
      name: 'Algebra',
      location: 'Room, 1',
      group: group.id,
      externalId: 'a',
      status: 'scheduled',
    });
    const again = calendar(
      lesson('a', `DTSTART:${year}0506T090000Z`, 'DURATION:PT1H'),
      lesson('b', `DTSTART:${year}0505T090000Z`, 'DURATION:PT1H'),
    );
    expect((await send(again)).json.data).toMatchObject({ created: 0, changed: 1, unchanged: 1 });
    expect((await send(again)).json.data).toMatchObject({ created: 0, changed: 0, unchanged: 2 });
    const now = await sessionsOf(place);
    expect(now.map((each) => each.id).sort((a, b) => a - b)).toEqual(made.map((each) => each.id));
    expect(now.find((each) => each.externalId === 'a')).toMatchObject({ location: null });
  });

  it('writes nothing when only asked what it would do', async () => {
    const { place, send } = await school();
    expect((await send(calendar(lesson('a')), { dry_run: 'true' })).json.data).toMatchObject({
      dry_run: true,
      created: 1,
    });
    expect(await sessionsOf(place)).toEqual([]);
  });

  it('cancels dates that left the file, and brings back those that return', async () => {
    const { place, send } = await school();
    const weekly = (...more: string[]) =>
      calendar(
        lesson(
          'w',
          `DTSTART;TZID=Europe/Paris:${year}0503T090000`,
          'DURATION:PT1H',
          'RRULE:FREQ=WEEKLY;COUNT=3',
          ...more,
        ),
      );
    await send(weekly());
    const all = await starts(place);
    expect(all).toHaveLength(3);
    expect((await send(weekly(`EXDATE;TZID=Europe/Paris:${year}0510T090000`))).json.data).toMatchObject({
      cancelled: 1,
      unchanged: 2,
    });
    expect(await starts(place)).toEqual([all[0], all[2]]);
    expect((await send(weekly())).json.data).toMatchObject({ changed: 1, unchanged: 2 });
    expect(await starts(place)).toEqual(all);
    expect((await sessionsOf(place)).every((each) => Object.keys(each.extraData).length === 0)).toBe(true);
    expect((await send(calendar(lesson('w', 'STATUS:CANCELLED')))).json.data).toMatchObject({
      created: 0,
      cancelled: 0,
    });
  });

  it('leaves alone what was marked, and what somebody cancelled here', async () => {
    const { place, group, tina, send } = await school();
    await send(calendar(lesson('a'), lesson('b')));
    const [a, b] = await sessionsOf(place);
    const [person] = await world.addParticipants(place, ['Ada Lovelace'], group);
    const state = await world.read(place, (em) => em.findOneOrFail(PresenceState, { isDefault: true }));
    await tina.post('/api/presence', { session_id: a!.id, participant_id: person!.id, presence_state: state.code });
    await tina.delete(`/api/sessions/${b!.id}`);
    const later = (uid: string) => lesson(uid, `DTSTART:${year}0506T090000Z`, 'DURATION:PT1H');
    expect((await send(calendar(later('a'), later('b')))).json.data).toMatchObject({ left_alone: 1, changed: 1 });
    const now = await sessionsOf(place);
    expect(now.find((each) => each.id === a!.id)!.scheduledStartAt).toEqual(a!.scheduledStartAt);
    expect(now.find((each) => each.id === b!.id)!.status).toBe('cancelled');
  });

  it('finds the group of each event by its category or its title', async () => {
    const { place, group, tina } = await school();
    const [french, other] = [
      await world.addGroup(place, 'Français'),
      await world.addGroup(place, 'Old', { isActive: false }),
    ];
    const text = calendar(
      lesson('by-id', 'CATEGORIES:Maths,1a'),
      lesson('by-name', `DTSTART:${year}0505T090000Z`, 'DURATION:PT1H', 'CATEGORIES:FRANCAIS'),
      event('UID:by-title', `DTSTART:${year}0506T090000Z`, 'DURATION:PT1H', 'SUMMARY:Algebra - class 1a'),
      event('UID:nobody', `DTSTART:${year}0507T090000Z`, 'DURATION:PT1H', 'SUMMARY:Old'),
    );
    const answer = await tina.post(PATH, upload(text));
    expect(answer.json.data).toMatchObject({ created: 3, failed: 1, errors_total: 1 });
    expect(answer.json.data.errors).toMatchObject([{ row: 4, code: 'unknown', summary: 'Old' }]);
    expect((await sessionsOf(place)).map((each) => each.group)).toEqual([group.id, french.id, group.id]);
    expect(other.isActive).toBe(false);
  });

  it('passes over closing days with what repeats, not with what is meant for that day', async () => {
    const { place, send } = await school();
    await world.write(place, (tx) =>
      tx.create(ClosingDay, { name: 'Free', fromOn: `${year}-05-04`, toOn: `${year}-05-04` }),
    );
    const daily = lesson(
      'd',
      `DTSTART;TZID=Europe/Paris:${year}0503T110000`,
      'DURATION:PT1H',
      'RRULE:FREQ=DAILY;COUNT=3',
    );
    expect((await send(calendar(daily, lesson('single')))).json.data).toMatchObject({ created: 3, closed: 1 });
  });

  it('is refused with a sentence when it is no calendar, empty, too large or too much', async () => {
    const { place, tina, group, send } = await school();
    for (const text of ['hello', '%PDF-1.7', 'BEGIN:VCARD\r\nEND:VCARD']) expect((await send(text)).status).toBe(415);
    expect((await send(calendar())).json.errors).toMatchObject([{ code: 'invalid', field: 'file' }]);
    const many = calendar(lesson('m', `DTSTART:${year}0504T090000Z`, 'DURATION:PT1H', 'RRULE:FREQ=DAILY'));
    const bomb = calendar(
      ...Array.from({ length: 60 }, (_, at) =>
        lesson(`m${at}`, `DTSTART:${year}0504T090000Z`, 'DURATION:PT1H', 'RRULE:FREQ=DAILY'),
      ),
    );
    expect((await send(many, { dry_run: 'true' })).json.data.created).toBe(400);
    expect((await send(bomb)).json.errors[0]).toMatchObject({ code: 'invalid', field: 'file' });
    const large = new Uint8Array(10 * 1024 * 1024 + 1).fill(65);
    expect((await tina.post(PATH, upload(large))).status).toBe(413);
    expect((await tina.post(PATH, { group_id: group.id })).json.errors).toMatchObject([
      { code: 'required', field: 'file' },
    ]);
    const foreign = await world.addGroup(world.other);
    expect((await send(calendar(lesson('a')), { group_id: String(foreign.id) })).json.errors).toMatchObject([
      { code: 'unknown', field: 'group_id' },
    ]);
    expect((await send(calendar(lesson('a')), { colour: 'red' })).json.errors).toMatchObject([
      { code: 'unknown_field' },
    ]);
    expect(await sessionsOf(place)).toEqual([]);
  });

  it('is for those who plan', async () => {
    const { theo, send } = await school();
    expect((await send(calendar(lesson('a')), {}, theo)).status).toBe(403);
    expect((await send(calendar(lesson('a')), {}, world.mara)).status).toBe(403);
    expect((await send(calendar(lesson('a')), {}, world.visitor())).status).toBe(401);
  });

  it('takes thousands of sessions without holding up others', async () => {
    const { place, tina, send } = await school();
    const events = Array.from({ length: 5000 }, (_, at) =>
      lesson(
        `e${at}`,
        `DTSTART:${year}05${String(1 + (at % 28)).padStart(2, '0')}T090000Z`,
        'DURATION:PT1H',
        'DESCRIPTION:' + 'x'.repeat(200),
      ),
    );
    const work = send(calendar(...events));
    let slowest = 0;
    let finished = false;
    void work.then(() => (finished = true));
    while (!finished) {
      const begun = performance.now();
      await tina.get('/api/auth/me');
      slowest = Math.max(slowest, performance.now() - begun);
    }
    expect((await work).json.data.created).toBe(5000);
    expect(slowest).toBeLessThan(3000);
    expect(await world.read(place, (em) => em.count(Session, {}))).toBe(5000);
  }, 60_000);
});

describe('the page', () => {
  it('shows what would be done, does it, and keeps no file', async () => {
    const { place, group, tina } = await school();
    const shown = await tina.post(
      '/sessions/import',
      upload(calendar(lesson('a'), event('UID:x', 'SUMMARY:Broken <b>')), { group_id: String(group.id) }),
    );
    expect(shown.status).toBe(200);
    expect(textOf(shown.body)).toContain('Nothing has been written yet.');
    expect(shown.body).toContain('Broken &lt;b&gt;');
    expect(await sessionsOf(place)).toEqual([]);
    const file = /name="file" value="([^"]+)"/.exec(shown.body)![1]!;
    // Nobody else goes on with it.
    const stolen = await world.ana.form('/sessions/import/start', { file, group_id: '' });
    expect(stolen.status).toBe(422);
    const done = await tina.form('/sessions/import/start', { file, group_id: String(group.id) });
    expect(textOf(done.body)).toContain('The timetable is imported');
    expect(await sessionsOf(place)).toHaveLength(1);
    expect((await tina.form('/sessions/import/start', { file, group_id: '' })).status).toBe(422);
    expect(await readdir(uploadsFolder(world.config))).not.toContain(file);
    expect((await tina.form('/sessions/import/start', { file: '../../etc/passwd', group_id: '' })).status).toBe(422);
  });

  it('says what is wrong with a file', async () => {
    const { tina } = await school();
    const wrong = await tina.post('/sessions/import', upload('hello', { group_id: '' }));
    expect(wrong.status).toBe(422);
    expect(textOf(wrong.body)).toContain('This is no iCalendar file.');
    const none = await tina.post('/sessions/import', upload('', { group_id: '' }));
    expect(none.body).toContain('id="file-error"');
    expect((await world.bruno.get('/sessions/import')).status).toBe(403);
  });
});
