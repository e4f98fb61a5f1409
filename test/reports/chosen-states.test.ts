/** What a report says when states are chosen, and in an organization that has states of its own. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import readXlsxFile from 'read-excel-file/node';
import { PresenceRecord } from '../../src/presence/index.js';
import { translatorOf } from '../../src/platform/i18n.js';
import { categoryWords, countAs } from '../../src/reports/category-words.js';
import { drawPictures } from '../../src/reports/draw-chart.js';
import { type Visitor } from '../support/visitor.js';
import { readPdf } from '../support/pdf-text.js';
import { type Place, World } from '../world.js';

let world: World;
let hotel: Place;
let guests: Awaited<ReturnType<World['addRegister']>>;
let lessons: Awaited<ReturnType<World['addRegister']>>;
const minutesAfter = (start: Date, minutes: number) => new Date(+start + minutes * 60_000).toISOString();

/** @param marks state and minutes of arrival after the start, of each person */
async function mark(by: Visitor, made: typeof lessons, marks: [state: string, arrived?: number][]): Promise<void> {
  const records = marks.map(([presence_state, arrived], at) => ({
    participant_id: made.participants[at]!.id,
    presence_state,
    ...(arrived !== undefined && { arrived_at: minutesAfter(made.session.scheduledStartAt, arrived) }),
  }));
  expect((await by.post('/api/presence', { session_id: made.session.id, records })).status).toBe(200);
}

beforeAll(async () => {
  world = await World.open();
  lessons = await world.addRegister(world.school, ['Ada One', 'Bea Two', 'Cleo Three', 'Dora Four', 'Eve Five']);
  await mark(world.ana, lessons, [['present'], ['late', 3], ['present', 12], ['absent'], ['excused']]);
  hotel = await world.openPlace('Grand Hotel', 'hospitality', 'Europe/Paris', { hana: 'administrator' });
  guests = await world.addRegister(hotel, ['Gus One', 'Hal Two', 'Ida Three', 'Joy Four']);
  await mark(hotel.visitor.hana!, guests, [['arrived', 40], ['no_show'], ['departed'], ['expected']]);
}, 60_000);
afterAll(() => world?.close());

const page = async (path: string, by = world.ana) => (await by.get(path)).body.replaceAll(/\s+/g, ' ');
const data = async (path: string, by = world.ana) => (await by.get(`/api/reports/${path}`)).json;
const heads = (html: string) =>
  [...html.matchAll(/<th scope="col"[^>]*>([^<]*)</g)].map(([, head]) => head!.replaceAll(/\W+$/g, ''));

describe('a choice of states', () => {
  it.each(['summary', 'attendance', 'sessions', 'trend'])('has no rate in %s, but what was chosen', async (code) => {
    const all = await page(`/reports/${code}`);
    expect(heads(all)).toEqual(expect.arrayContaining(['Present', 'Late', 'Absent', 'Rate']));
    const chosen = await page(`/reports/${code}?presence_state=late&from=&to=`);
    expect(heads(chosen)).toEqual(expect.arrayContaining(['Late']));
    for (const head of ['Present', 'Absent', 'Rate']) expect(heads(chosen)).not.toContain(head);
    expect(chosen).toContain('A rate is a share of all marks, so none is shown.');
    expect(chosen).not.toContain('class="figures-rate"');
    expect(chosen).not.toContain('100 %');
  });

  it('has no rate in a workbook, and no figures of what was not chosen', async () => {
    const response = await fetch(`${world.ana.address}/api/reports/attendance?presence_state=late&format=xlsx`, {
      headers: { cookie: world.ana.cookieHeader },
    });
    const [{ data: sheet }] = (await readXlsxFile(Buffer.from(await response.arrayBuffer()))) as unknown as [
      { data: unknown[][] },
    ];
    expect(sheet).toEqual([
      ['Student', 'Identifier', 'Late', 'Disputed', 'Student (id)'],
      ['Bea Two', lessons.participants[1]!.identifier, 1, 0, lessons.participants[1]!.id],
      [null, null, 1, 0, null],
    ]);
  });

  it('draws how many there are of each, in the place of rates', async () => {
    expect(await page('/reports/attendance?category=absent&from=&to=')).toContain(
      '<figcaption>Marks of the chosen state',
    );
    const week = await page('/reports/trend?category=absent&from=&to=');
    expect(week).toContain('<figcaption>Marks of the chosen state by weekday and hour');
    expect(week).not.toContain('%<');
  });

  it('lists nobody as absent who was there, and does not offer it', async () => {
    const names = async (query: string) =>
      (await data(`absentees?${query}`)).data.map((row: { participant: string }) => row.participant);
    expect(await names('')).toEqual(['Dora Four']);
    expect(await names('presence_state=excused')).toEqual(['Eve Five']);
    expect(await names('presence_state=present')).toEqual([]);
    const form = await page('/reports/absentees');
    expect([...form.matchAll(/<option value="(present|late|absent|excused)"/g)].map(([, code]) => code)).toEqual([
      'absent',
      'excused',
    ]);
  });

  it('counts what is disputed over all that are listed, whichever page', async () => {
    await world.write(world.school, async (tx) => {
      const cells = await tx.find(PresenceRecord, { session: lessons.session.id });
      for (const cell of cells) cell.disputed = cell.participant === lessons.participants[3]!.id;
    });
    const { meta } = await data('absentees?per_page=1&page=2');
    expect(meta.notes.join(' ')).toContain('Disputed among all that are listed: 1.');
  });

  it('is refused where the report is about a rate', async () => {
    const { status, json } = await world.ana.get('/api/reports/below-threshold?presence_state=late');
    expect([status, json.errors[0].field]).toEqual([422, 'presence_state']);
  });
});

describe('late arrivals', () => {
  it('are those who were marked late, and those who came after the grace', async () => {
    const { data: rows } = await data('late-arrivals');
    expect(rows.map((row: any) => [row.participant, row.state, row.late_minutes])).toEqual([
      ['Cleo Three', 'Present', 12],
      ['Bea Two', 'Late', 0],
    ]);
    expect(await page('/reports/late-arrivals')).toContain('so these may be more than are marked late');
  });

  it('say on the page of the only state that tells them what hangs on it', async () => {
    const { data: states } = (await world.ana.get('/api/admin/presence-states')).json;
    const says = async (code: string) =>
      (await page(`/settings/states/${states.find((state: any) => state.code === code).id}`)).includes(
        'id="only-late"',
      );
    expect([await says('late'), await says('absent')]).toEqual([true, false]);
  });

  it('are not told by a time of arrival where no state says so', async () => {
    const by = hotel.visitor.hana!;
    expect((await data('late-arrivals', by)).data).toEqual([]);
    const [person] = guests.participants;
    const own = await data(`statement?participant_id=${person!.id}`, by);
    expect(own.data[0]).toMatchObject({ presence_state: 'arrived', late_minutes: null });
    expect(await page(`/participants/${person!.id}/presence`, by)).not.toContain('minutes late');
    expect(await page('/reports/late-arrivals', by)).toContain('no state in use says so now');
    expect((await by.get('/api/admin/domain-config/preview?grace_minutes=60')).json.data.consequences).toEqual([]);
  });
});

describe('an organization with states of its own', () => {
  it('reads its own words where one state stands for a category, and what counts as what', async () => {
    const html = await page('/reports/summary', hotel.visitor.hana!);
    expect(heads(html)).toEqual(expect.arrayContaining(['Present', 'No-show', 'Expected', 'Rate']));
    for (const head of ['Absent', 'Late', 'Excused', 'Neutral']) expect(heads(html)).not.toContain(head);
    expect(html).toContain('Counted as present: Arrived, Departed.');
    expect(html).toContain('Counted as absent: No-show.');
  });

  it('is asked by programs in the words of the contract', async () => {
    const { data: rows } = await data('summary', hotel.visitor.hana!);
    expect(rows[0]).toMatchObject({ present: 2, absent: 1, late: 0, excused: 0, neutral: 1, rate: 2 / 3 });
  });
});

describe('rates', () => {
  it.each([
    ['name', ['Eve Five', 'Dora Four', 'Ada One', 'Cleo Three', 'Bea Two']],
    ['rate', ['Dora Four', 'Ada One', 'Cleo Three', 'Bea Two', 'Eve Five']],
    ['late', ['Bea Two', 'Eve Five', 'Dora Four', 'Ada One', 'Cleo Three']],
    ['absences', ['Dora Four', 'Eve Five', 'Ada One', 'Cleo Three', 'Bea Two']],
  ])('stand in the order of %s', async (order, names) => {
    const { data: rows } = await data(`attendance?order=${order}&from=2026-01-01`);
    expect(rows.map((row: any) => row.participant)).toEqual(names);
  });
});

describe('of a choice of states', () => {
  it('whoever has most of it stands first, whatever order was asked', async () => {
    for (const order of ['rate', 'absences', 'late']) {
      const { data: rows } = await data(`attendance?order=${order}&presence_state=late&from=2026-01-01`);
      expect(rows.map((row: any) => [row.participant, row.late])).toEqual([['Bea Two', 1]]);
    }
  });
});

describe('nobody absent', () => {
  it('is not the same as nothing to be absent from', async () => {
    const day = (at: Date) => new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Paris' }).format(at);
    const held = day(lessons.session.scheduledStartAt);
    const url = (from: string) => `/reports/absentees?from=${from}&to=${from}&group_id=${lessons.group.id}`;
    expect(await page(`${url(held)}&presence_state=present`)).toContain('number of lessons: 1');
    expect(await page(url('2025-01-05'))).toContain('There are no lessons in these days.');
  });
});

describe('the year of a group', () => {
  it('is a map, however few days there were', async () => {
    const day = (back: number) => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);
    const year = await page(`/reports/summary?group_id=${lessons.group.id}&from=${day(364)}&to=${day(0)}`);
    expect(year).toContain('<figcaption>Attendance rate day by day');
    const fortnight = await page(`/reports/summary?group_id=${lessons.group.id}&from=${day(13)}&to=${day(0)}`);
    expect(fortnight).toContain('<figcaption>Marks by period');
  });
});

describe('the words of states', () => {
  it.each(['de', 'ar'])('are not explained where they say it themselves, in %s', async (locale) => {
    const label = translatorOf(locale).text('Present');
    expect(countAs([{ label, category: 'present' }])).toEqual([]);
    expect(categoryWords([{ label, category: 'present' }]).present).toEqual({ text: 'Present' });
  });

  it('are told once, though two domains have them', () => {
    const absent = ['Absent', 'Absent', 'No-show'].map((label) => ({ label, category: 'absent' as const }));
    expect(countAs(absent)).toEqual([{ text: 'Counted as absent: {states}.', params: { states: 'Absent, No-show' } }]);
    expect(countAs(absent.slice(0, 2))).toEqual([]);
  });
});

describe('pictures side by side', () => {
  it('have one scale and one key', () => {
    const bars = Array.from({ length: 16 }, (_, at) => ({
      label: `Person ${at}`,
      marks: at === 0 ? { absent: 40 } : { excused: 2 },
    }));
    const chart = { kind: 'marks', lay: 'across', title: { text: 'Marks' }, bars } as const;
    const { pictures } = drawPictures({ ...chart, bars: [...bars] }, categoryWords(), ({ text }) => text, 'en');
    expect(pictures).toHaveLength(2);
    for (const picture of pictures)
      for (const word of ['>40<', '>Absent<', '>Excused<']) expect(picture).toContain(word);
  });
});

describe('a certificate', () => {
  it('is offered of all his marks, whatever the statement was narrowed to, and of no day ahead', async () => {
    const [ahead] = new Date(Date.now() + 40 * 86_400_000).toISOString().split('T');
    const { id } = lessons.participants[3]!;
    for (const more of ['&presence_state=late', `&group_id=${lessons.group.id}`]) {
      const html = await page(`/reports/statement?participant_id=${id}&from=2026-01-05&to=${ahead}${more}`);
      const link = /href="(\/api\/reports\/certificate\?[^"]+)"/.exec(html)?.[1];
      if (more.includes('late')) expect(link).toBeUndefined();
      else expect(link).toMatch(/from=2026-01-05&amp;to=(?!.*2027)/);
      if (link) expect((await world.ana.get(link.replaceAll('&amp;', '&'))).status).toBe(200);
    }
  });

  it('is offered from the first day on which something is known, and speaks to whoever knows nothing of the product', async () => {
    const { id } = lessons.participants[1]!;
    const html = await page(`/reports/statement?participant_id=${id}`);
    const link = /href="(\/api\/reports\/certificate\?[^"]+)"/.exec(html)![1]!.replaceAll('&amp;', '&');
    const first = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Paris' }).format(
      lessons.session.scheduledStartAt,
    );
    expect(link).toContain(`from=${first}`);
    const response = await fetch(world.ana.address + link, { headers: { cookie: world.ana.cookieHeader } });
    const { text } = await readPdf(Buffer.from(await response.arrayBuffer()));
    expect(text.replaceAll(/\s+/g, ' ')).toContain('share of lessons attended, late ones included');
    expect(text.replaceAll(/\s+/g, ' ')).toMatch(/attendance of Bea Two on \w+ \d+, \d{4} was recorded/);
    expect(text).not.toMatch(/neutral|disputed|unmarked/i);
  });
});

describe('the days that are asked about most', () => {
  it('are one link each, with the filters of the page, and say which of them is shown', async () => {
    const today = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Paris' }).format(new Date());
    const periods = [{ name: 'Term', from: '2026-01-01', to: '2030-12-31' }];
    await world.ana.put('/api/admin/domain-config', { settings: { reporting_periods: periods } });
    const html = await page(`/reports/below-threshold?threshold=75&from=${today}&to=${today}`);
    const links = [
      ...html.matchAll(/<li><a href="\/reports\/below-threshold\?([^"]*)"( aria-current="true")?>([^<]+)</g),
    ];
    expect(links.map(([, , , words]) => words)).toEqual([
      'Today',
      'Yesterday',
      'The last 7 days',
      'This week',
      'Last week',
      'This month',
      'Last month',
      'This reporting period',
    ]);
    expect(links.map(([, , isShown]) => !!isShown)[0]).toBe(true);
    const term = new URLSearchParams(links.at(-1)![1]!.replaceAll('&amp;', '&'));
    expect(Object.fromEntries(term)).toEqual({ threshold: '75', from: '2026-01-01', to: today });
  });
});
