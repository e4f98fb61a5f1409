import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ALWAYS, GroupMembership, type Group, type Participant } from '../../src/participants/index.js';
import { PresenceRecord, PresenceState } from '../../src/presence/index.js';
import { type Session } from '../../src/sessions/index.js';
import { Random } from '../../src/demo/random.js';
import { type Place, World } from '../world.js';
import {
  by,
  figures,
  marksFor,
  minutesLate,
  type Asked,
  type Raw,
  rawOf,
  runs,
  sessionsFor,
  unmarked,
  weekOf,
} from './raw-figures.js';

/**
 * Random organizations, in which everything happens that changes figures, and random questions about them: each answer
 * equals a count over the raw rows. FIGURES_SEED repeats one organization, FIGURES_RUNS asks for more of them.
 */
const RUNS = Number(process.env.FIGURES_RUNS ?? 4);
const SEED = Number(process.env.FIGURES_SEED ?? Math.floor(Math.random() * 1e9));
const ZONES = ['Europe/Paris', 'America/New_York', 'Asia/Kolkata', 'Pacific/Auckland', 'America/Santiago'];
const QUESTIONS = 14;

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

class Story {
  readonly random: Random;
  place!: Place;
  groups: Group[] = [];
  people: Participant[] = [];
  sessions: Session[] = [];
  states: PresenceState[] = [];
  /** Who was to be merged into somebody else. */
  merged: Participant[] = [];

  constructor(readonly seed: number) {
    this.random = new Random(seed);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.int(items.length)]!;
  }
  /** 0 to most - 1. */
  int(most: number): number {
    return Math.floor(this.random.next() * most);
  }
  chance(share: number): boolean {
    return this.random.next() < share;
  }

  get ana() {
    return this.place.visitor.ana!;
  }

  async begin(): Promise<void> {
    this.place = await world.openPlace(`Story ${this.seed}`, 'education', this.pick(ZONES), { ana: 'administrator' });
    const root = await world.addGroup(this.place, 'School');
    const lower = await world.addGroup(this.place, 'Lower school', { parent: root.id });
    const first = await world.addGroup(this.place, 'Class 1', { parent: lower.id });
    const choir = await world.addGroup(this.place, 'Choir', { groupType: 'club' });
    this.groups = [root, lower, first, choir];
    this.people = await world.addParticipants(
      this.place,
      Array.from({ length: 9 }, (_, at) => `Person${at} Family${this.int(5)}`),
    );
    for (const group of this.groups)
      await this.join(
        group,
        this.people.filter(() => this.chance(0.6)),
      );
    this.states = await world.read(this.place, (em) => em.find(PresenceState, {}));
    // Some sessions stand around the change of the clocks, and at the ends of months and years.
    for (let at = 0; at < 45; at++) {
      const days = this.chance(0.3) ? this.pick([-27, -20, -50, -325, -326, 0, 1, -1, -51]) : -this.int(420);
      const start = new Date(Date.UTC(2026, 10, 21) + days * 86_400_000 + this.int(96) * 900_000);
      this.sessions.push(await world.addSession(this.place, this.pick(this.groups), { scheduledStartAt: start }));
    }
    await this.mark(this.sessions);
  }

  private join(group: Group, people: Participant[]): Promise<void> {
    return world.write(this.place, (tx) => {
      for (const person of people) {
        const joinedOn = this.chance(0.5) ? ALWAYS : this.day(400);
        const leftOn = this.chance(0.3) ? this.day(100) : null;
        if (leftOn === null || joinedOn <= leftOn)
          tx.create(GroupMembership, { group: group.id, participant: person.id, joinedOn, leftOn, extraData: {} });
      }
    });
  }

  private day(back: number): string {
    return new Date(Date.now() - this.int(back) * 86_400_000).toISOString().slice(0, 10);
  }

  /** Cells as they may stand, whoever wrote them. */
  private mark(sessions: Session[]): Promise<void> {
    return world.write(this.place, (tx) => {
      for (const session of sessions)
        for (const participant of this.people.filter(() => this.chance(0.6))) {
          const at = new Date(+session.scheduledStartAt + (this.int(90) - 15) * 60_000);
          tx.create(PresenceRecord, {
            session: session.id,
            participant: participant.id,
            presenceState: this.chance(0.1) ? null : this.pick([...this.states, this.states[0]!, this.states[2]!]).id,
            revision: 1,
            arrivedAt: this.chance(0.3) ? at : null,
            recordedAt: at,
            receivedAt: at,
            source: 'api',
            opId: crypto.randomUUID(),
            disputed: this.chance(0.1),
            extraData: {},
          } as never);
        }
    });
  }

  /** Something happens, mostly by the doors that are there for it. */
  async happen(): Promise<void> {
    const session = this.pick(this.sessions);
    const [one, two] = [this.pick(this.people), this.pick(this.people)];
    const acts: (() => Promise<unknown>)[] = [
      () =>
        this.ana.post('/api/presence', {
          session_id: session.id,
          participant_id: one.id,
          presence_state: this.chance(0.2) ? null : this.pick(this.states).code,
          reason: 'So it was.',
        }),
      () => this.ana.send('PUT', `/api/sessions/${session.id}`, { group_id: this.pick(this.groups).id }),
      () => {
        const start = new Date(+session.scheduledStartAt + (this.int(80) - 40) * 6 * 3_600_000);
        const times = [start, new Date(+start + 3_600_000)].map((time) => time.toISOString());
        return this.ana.send('PUT', `/api/sessions/${session.id}`, {
          scheduled_start_at: times[0],
          scheduled_end_at: times[1],
        });
      },
      () => this.ana.send('DELETE', `/api/sessions/${session.id}`, {}),
      () => this.ana.send('PUT', `/api/sessions/${session.id}`, { status: 'scheduled' }),
      () => {
        this.merged.push(one);
        return this.ana.post(`/api/participants/${one.id}/merge`, { into_id: two.id });
      },
      () => this.ana.send('DELETE', `/api/participants/${one.id}`, {}),
      () => this.ana.post(`/api/groups/${this.pick(this.groups).id}/members`, { participant_ids: [one.id] }),
      () => this.ana.send('DELETE', `/api/groups/${this.pick(this.groups).id}/members/${one.id}`, {}),
      () => this.ana.send('PUT', `/api/admin/presence-states/${this.pick(this.states).id}`, { is_active: false }),
      () =>
        this.ana.send('PUT', `/api/admin/presence-states/${this.pick(this.states).id}`, {
          category: this.pick(['present', 'late', 'excused', 'absent', 'neutral']),
        }),
      () => this.ana.send('PUT', '/api/admin/organization', { time_zone: this.pick(ZONES) }),
      () => this.ana.send('PUT', '/api/admin/domain-config', { settings: { grace_minutes: this.int(20) } }),
      () => this.ana.send('PATCH', `/api/sessions/${session.id}/complete-register`, {}),
      () =>
        world.write(this.place, async (tx) => {
          const [cell] = await tx.find(PresenceRecord, { participant: one.id }, { limit: 1 });
          if (cell) cell.disputed = !cell.disputed;
        }),
    ];
    await this.pick(acts)();
  }

  /** A question: days or instants, or no limit at all. */
  ask(): Asked {
    const asked: Asked = {};
    const limits = [this.day(430), this.day(430)].sort() as [string, string];
    if (this.chance(0.8)) [asked.from, asked.to] = limits;
    if (asked.from && this.chance(0.3)) {
      asked.from = `${limits[0]}T${String(this.int(24)).padStart(2, '0')}:30:00Z`;
      asked.to = `${limits[1]}T23:45:00Z`;
    }
    if (this.chance(0.3)) asked.group_id = this.pick(this.groups).id;
    if (this.chance(0.15)) asked.group_type = this.pick(['class', 'club']);
    if (this.chance(0.2)) asked.presence_state = this.pick(this.states).code;
    if (this.chance(0.15)) asked.category = this.pick(['present', 'late', 'excused', 'absent', 'neutral']);
    if (this.chance(0.2)) asked.participant_id = this.pick([...this.people, ...this.merged, ...this.merged]).id;
    return asked;
  }

  /** @returns the whole answer of a report, from page to page */
  async report(code: string, asked: object): Promise<any> {
    const data: any[] = [];
    const per_page = this.pick([50, 500]);
    for (let cursor = ''; ;) {
      const given = { per_page, ...asked, ...(cursor && { cursor }) };
      const query = new URLSearchParams(Object.entries(given).map(([key, each]) => [key, String(each)]));
      const answer = await this.ana.get(`/api/reports/${code}?${query}`);
      expect([answer.status, answer.json?.errors]).toEqual([200, undefined]);
      data.push(...answer.json.data);
      if (answer.json.meta.next === null) return { data, meta: answer.json.meta };
      cursor = answer.json.meta.next;
    }
  }
}

const FIGURES = ['present', 'late', 'absent', 'excused', 'neutral', 'disputed', 'rate'];
const only = (row: any, keys: string[]) => Object.fromEntries(keys.map((key) => [key, row[key]]));
const figuresIn = (row: any) => only(row, FIGURES);
const table = (entries: Iterable<readonly [unknown, unknown]>) =>
  Object.fromEntries([...entries].map(([key, value]) => [String(key), value]));

async function compare(story: Story, raw: Raw, asked: Asked): Promise<void> {
  const marks = marksFor(raw, asked);
  const sessions = sessionsFor(raw, asked);
  const keys = { day: (day: string) => day, week: weekOf, month: (day: string) => day.slice(0, 7) };

  const period = story.pick(['day', 'week', 'month'] as const);
  const summary = await story.report('summary', { ...asked, period });
  expect(figuresIn(summary.meta.totals)).toEqual(figures(marks));
  const days = by(marks, (mark) => keys[period](mark.day));
  const periods = new Set(sessions.map((session) => keys[period](session.day)));
  expect(table(summary.data.map((row: any) => [row.period, { ...figuresIn(row), sessions: row.sessions }]))).toEqual(
    table(
      [...periods].map((key) => [
        key,
        {
          ...figures(days.get(key) ?? []),
          sessions: sessions.filter((session) => keys[period](session.day) === key).length,
        },
      ]),
    ),
  );
  for (const row of summary.data)
    if (row.unmarked !== null) {
      const begun = (session: (typeof sessions)[number]) => +session.scheduledStartAt <= Date.now();
      const own = sessions.filter((session) => keys[period](session.day) === row.period && begun(session));
      expect(row.unmarked).toBe(own.reduce((sum, session) => sum + unmarked(raw, session), 0));
    }

  const bySession = await story.report('sessions', asked);
  expect(
    table(bySession.data.map((row: any) => [row.session_id, { ...figuresIn(row), unmarked: row.unmarked }])),
  ).toEqual(
    table(
      sessions.map((session) => [
        session.id,
        {
          ...figures(marks.filter((mark) => mark.session.id === session.id)),
          unmarked: +session.scheduledStartAt <= Date.now() ? unmarked(raw, session) : null,
        },
      ]),
    ),
  );

  for (const each of ['participant', 'group'] as const) {
    const keyOf = (mark: (typeof marks)[number]) => (each === 'participant' ? mark.participant : mark.session.group);
    const rates = await story.report('attendance', { ...asked, by: each });
    expect(table(rates.data.map((row: any) => [row[`${each}_id`], figuresIn(row)]))).toEqual(
      table([...by(marks, keyOf)].map(([key, own]) => [key, figures(own)])),
    );
    const told = await story.report('attendance', { ...asked, by: each, period });
    expect(table(told.data.map((row: any) => [`${row[`${each}_id`]} ${row.period}`, figuresIn(row)]))).toEqual(
      table(
        [...by(marks, (mark) => `${keyOf(mark)} ${keys[period](mark.day)}`)].map(([key, own]) => [key, figures(own)]),
      ),
    );
  }

  const records = await story.report('attendance', { ...asked, period: 'session' });
  expect(new Set(records.data.map((row: any) => row.record_id))).toEqual(new Set(marks.map(({ record }) => record.id)));
  expect(records.data.length).toBe(marks.length);

  const away = asked.presence_state || asked.category ? ['absent', 'excused'] : ['absent'];
  const wanted = marks.filter(({ state }) => away.includes(state.category));
  const absentees = await story.report('absentees', asked);
  expect(absentees.meta.total).toBe(wanted.length);
  expect(absentees.data.map((row: any) => `${row.participant_id} ${row.session_id} ${row.disputed}`).sort()).toEqual(
    wanted.map((mark) => `${mark.participant} ${mark.session.id} ${mark.disputed}`).sort(),
  );

  const late = marks.filter((mark) => mark.state.category === 'late' || minutesLate(raw, mark)! > 0);
  const arrivals = await story.report('late-arrivals', asked);
  expect(arrivals.data.map((row: any) => `${row.participant_id} ${row.session_id} ${row.late_minutes}`).sort()).toEqual(
    late.map((mark) => `${mark.participant} ${mark.session.id} ${minutesLate(raw, mark)}`).sort(),
  );

  const plain = { ...asked };
  delete plain.presence_state;
  delete plain.category;
  const least = 2 + story.int(2);
  const inARow = await story.report('consecutive-absences', { ...plain, absences: least });
  expect(table(inARow.data.map((row: any) => [row.participant_id, row.absences]))).toEqual(
    table([...runs(marksFor(raw, plain))].filter(([, absences]) => absences >= least)),
  );

  const threshold = 40 + story.int(60);
  const below = await story.report('below-threshold', { ...plain, threshold });
  expect(table(below.data.map((row: any) => [row.participant_id, figuresIn(row)]))).toEqual(
    table(
      [...by(marksFor(raw, plain), (mark) => mark.participant)]
        .map(([key, own]) => [key, figures(own)] as const)
        .filter(([, told]) => {
          const there = told.present + told.late;
          return told.rate !== null && there * 100 < threshold * (there + told.absent);
        }),
    ),
  );

  const trend = await story.report('trend', asked);
  const weekday = (day: string) => new Date(`${day}T00:00:00Z`).getUTCDay() || 7;
  expect(table(trend.data.map((row: any) => [`${row.weekday} ${row.hour}`, figuresIn(row)]))).toEqual(
    table(
      [...by(marks, (mark) => `${weekday(mark.day)} ${String(mark.hour).padStart(2, '0')}:00`)].map(([key, own]) => [
        key,
        figures(own),
      ]),
    ),
  );

  const open = sessions.filter((session) => !session.registerCompletedAt && +session.scheduledEndAt <= Date.now());
  const { participant_id: _person, ...places } = plain;
  const notTaken = await story.report('not-taken', places);
  expect(new Set(notTaken.data.map((row: any) => row.session_id))).toEqual(new Set(open.map(({ id }) => id)));

  const matrix = await story.report('matrix', asked);
  const cells = new Map(marks.map((mark) => [`${mark.participant} ${mark.session.id}`, mark]));
  for (const row of matrix.data)
    for (const session of sessions) {
      const mark = cells.get(`${row.participant_id} ${session.id}`);
      expect(row[`session_${session.id}`]).toBe(mark ? `${mark.state.code}${mark.disputed ? ' *' : ''}` : '');
    }
  expect(matrix.data.length).toBe(new Set(marks.map((mark) => mark.participant)).size);
}

describe('every figure of every report', () => {
  it.each(Array.from({ length: RUNS }, (_, at) => SEED + at))(
    'equals a count over the raw rows, in the organization of seed %d',
    async (seed) => {
      const story = new Story(seed);
      await story.begin();
      for (let at = 0; at < QUESTIONS; at++) {
        for (let acts = story.int(6); acts > 0; acts--) await story.happen();
        const raw = await world.read(story.place, (em) => rawOf(em, story.place.organization.id));
        const asked = story.ask();
        try {
          await compare(story, raw, asked);
        } catch (error) {
          (error as Error).message =
            `FIGURES_SEED=${seed} FIGURES_RUNS=1, question ${at}: ${JSON.stringify(asked)}\n${(error as Error).message}`;
          throw error;
        }
      }
    },
    120_000,
  );
});
