import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { GroupAssignment } from '../../src/participants/index.js';
import { clock } from '../../src/platform/clock.js';
import { weekOf } from '../../src/sessions/calendar/calendar.query.js';
import { hoursOf, placeDay, rowOf } from '../../src/sessions/calendar/day-grid.js';
import { type SessionLine } from '../../src/sessions/session-lines.query.js';
import { ClosingDay } from '../../src/sessions/index.js';
import { Organization } from '../../src/tenancy/index.js';
import { countStatements } from '../support/count-statements.js';
import { World } from '../world.js';

let world: World;
const now = clock.now;
beforeAll(async () => {
  world = await World.open();
});
afterEach(() => {
  clock.now = now;
});
afterAll(() => world.close());

let serial = 0;
/** From and to by the clock of UTC, on 4 May 2026 unless a day is said. */
const line = (from: string, to: string) => {
  const at = (time: string) => new Date(time.length > 5 ? `${time}:00Z` : `2026-05-04T${time}:00Z`);
  return { id: ++serial, name: `${from}-${to}`, starts_at: at(from), ends_at: at(to) } as SessionLine;
};
const place = (lines: SessionLine[], most = 3) => {
  const hours = hoursOf(lines, 'UTC');
  const { placed, more } = placeDay(lines, hours, 'UTC', most);
  return {
    placed: placed.map((each) => [each.line.name, each.from, each.to, each.lane, each.lanes]),
    more: more.map((each) => [each.count, each.from, each.to, each.lane]),
  };
};

describe('a day as a grid', () => {
  it('puts what overlaps side by side, and gives the rest the whole width', () => {
    expect(
      place([line('08:00', '09:00'), line('08:30', '09:30'), line('09:15', '10:00'), line('10:00', '11:00')]),
    ).toEqual({
      placed: [
        ['08:00-09:00', 1, 5, 0, 2],
        ['08:30-09:30', 3, 7, 1, 2],
        ['09:15-10:00', 6, 9, 0, 2],
        ['10:00-11:00', 9, 13, 0, 1],
      ],
      more: [],
    });
  });

  it('counts what has no room', () => {
    const same = Array.from({ length: 5 }, () => line('08:00', '09:00'));
    const { placed, more } = place(same);
    expect(placed).toHaveLength(2);
    expect(more).toEqual([[3, 1, 5, 2]]);
  });

  it('grows with early and late sessions, and ends with its day', () => {
    const lines = [line('05:30', '06:00'), line('22:00', '2026-05-05T06:00')];
    expect(hoursOf(lines, 'UTC')).toEqual({ from: 5, to: 24 });
    expect(place(lines).placed).toEqual([
      ['05:30-06:00', 3, 5, 0, 1],
      ['22:00-2026-05-05T06:00', 69, 77, 0, 1],
    ]);
  });

  it('shows what ends "earlier" because the clocks went back', () => {
    // 02:45 summer time to 02:15 winter time in Paris: half an hour.
    const { placed } = placeDay([line('2026-10-25T00:45', '2026-10-25T01:15')], { from: 0, to: 24 }, 'Europe/Paris', 3);
    expect([placed[0]!.from, placed[0]!.to]).toEqual([12, 13]);
  });

  it('knows where now is', () => {
    expect(rowOf('2026-05-04T09:30', { from: 8, to: 18 })).toBe(6);
    expect(rowOf('2026-05-04T07:00', { from: 8, to: 18 })).toBeNull();
  });
});

describe('a week', () => {
  it('begins where the locale begins it', () => {
    expect(weekOf('2026-05-06', 'en-GB')).toBe('2026-05-04');
    expect(weekOf('2026-05-03', 'en')).toBe('2026-04-27');
    expect(weekOf('2026-05-06', 'en-US')).toBe('2026-05-03');
    expect(weekOf('2026-05-03', 'de')).toBe('2026-04-27');
    expect(weekOf('2026-05-06', 'ar-EG')).toBe('2026-05-02');
  });

  it('shows the sessions of its local days, today, the moment, and what is closed', async () => {
    const place = await world.openPlace('Week School', 'education', 'Europe/Paris', { wes: 'administrator' });
    const { wes } = place.visitor;
    await world.write(place, async (tx) => {
      (await tx.findOneOrFail(Organization, { id: place.organization.id })).locale = 'fr';
      tx.create(ClosingDay, { name: 'Day of <work>', fromOn: '2026-03-26', toOn: '2026-03-27' });
    });
    const group = await world.addGroup(place, 'Class 1');
    // The week of the clock change: it ends on 29 March at 22:00 UTC.
    const at = (time: string) =>
      world.addSession(place, group, { scheduledStartAt: new Date(`${time}:00Z`), name: `at ${time}` });
    await at('2026-03-22T22:59');
    const first = await at('2026-03-22T23:00');
    const lastOne = await at('2026-03-29T21:59');
    await at('2026-03-29T22:00');
    clock.now = () => new Date('2026-03-25T09:00:00Z');
    const page = await wes!.get('/sessions?view=week');
    expect(
      [...page.body.matchAll(/<li class="cal-block[^>]*><a href="\/sessions\/(\d+)"/g)].map((match) =>
        Number(match[1]),
      ),
    ).toEqual([first.id, lastOne.id]);
    expect(page.body).toContain('cal-today" aria-labelledby="d-2026-03-25" data-focus');
    expect(page.body).toContain('class="cal-now"');
    expect(page.body.match(/Day of &lt;work&gt;/g)).toHaveLength(2);
    expect(page.body).toContain('href="/sessions?view=week&amp;date=2026-03-18"');
    expect((await wes!.get('/sessions?view=week&date=2026-05-04')).body).not.toContain('cal-now');
  });

  it('needs as many statements for one session as for sixty, and says when there are more than it shows', async () => {
    const place = await world.openPlace('Big School', 'education', 'Europe/Paris', { bea: 'administrator' });
    const { bea } = place.visitor;
    const group = await world.addGroup(place, 'Class 1');
    const count = () => countStatements(world, () => bea!.get('/sessions?view=week&date=2026-06-01'));
    const fill = async (sessions: number) => {
      for (let at = 0; at < sessions; at++)
        await world.addSession(place, group, {
          scheduledStartAt: new Date(Date.parse('2026-06-01T06:00:00Z') + at * 600_000 * 12),
          location: `Room ${at % 9}`,
        });
    };
    await fill(60);
    const first = await count();
    await fill(30);
    expect(await count()).toBe(first);
  });
});

describe('the filters', () => {
  it('narrow every view to a group and a place, on the page and for programs', async () => {
    const place = await world.openPlace('Filter School', 'education', 'Europe/Paris', {
      fia: 'administrator',
      fin: 'frontline',
    });
    const { fia, fin } = place.visitor;
    const [one, two] = [await world.addGroup(place, 'One'), await world.addGroup(place, 'Two')];
    const at = (group: typeof one, location: string | null) =>
      world.addSession(place, group, { scheduledStartAt: new Date('2026-05-04T08:00:00Z'), location });
    const [a, b, c] = [await at(one, 'Hall <1>'), await at(two, 'Hall <1>'), await at(one, 'hall <1>')];
    const ids = (html: string) => [
      ...new Set([...html.matchAll(/href="\/sessions\/(\d+)"/g)].map((match) => Number(match[1]))),
    ];
    for (const view of ['', '&view=day', '&view=week']) {
      const path = `/sessions?date=2026-05-04${view}`;
      expect(ids((await fia!.get(path)).body).sort((x, y) => x - y)).toEqual([a.id, b.id, c.id]);
      expect(ids((await fia!.get(`${path}&group=${one.id}`)).body).sort((x, y) => x - y)).toEqual([a.id, c.id]);
      const page = await fia!.get(`${path}&location=${encodeURIComponent('Hall <1>')}`);
      expect(ids(page.body)).toEqual([a.id, b.id]);
      expect(page.body).toContain('<option selected>Hall &lt;1&gt;</option>');
    }
    const answer = await fia!.get(`/api/sessions?location=${encodeURIComponent('Hall <1>')}&group_id=${two.id}`);
    expect(answer.json.data.map((each: any) => each.id)).toEqual([b.id]);
    // Who works with assigned groups sees those.
    await world.write(place, async (tx) => {
      (await tx.findOneOrFail(Organization, { id: place.organization.id })).settings = { frontline_groups: 'assigned' };
      tx.create(GroupAssignment, { user: place.user.fin!.id, group: two.id });
    });
    expect(ids((await fin!.get('/sessions?view=week&date=2026-05-04')).body)).toEqual([b.id]);
    for (const nonsense of ['view=month', 'view=week&date=0001-01-01', 'view=day&group=x', 'location='])
      expect((await fia!.get(`/sessions?${nonsense}`)).status).toBe(200);
  });
});
