import { type EntityManager } from '@mikro-orm/core';
import { readAside } from '../../platform/database/read.js';
import { type Asked } from '../asked.js';
import { type Chart, lastDayOf } from '../chart.js';
import {
  figureColumns,
  figureCells,
  figureNotes,
  type Figures,
  figuresBy,
  marksOf,
  noFigures,
  rateOf,
  sumOf,
} from '../figures.js';
import { cutNotes, periodColumns, periodsOf, type PeriodOf } from '../periods.js';
import { type Answer, type Report, type Slice } from '../report.js';
import { marksOfScope, sessionsInScope } from '../scope.js';
import { addDays } from '../../tenancy/index.js';
import { countMarks } from '../tallies/count-marks.query.js';
import { registersOf } from '../tallies/unmarked.query.js';
import { bySession } from './sessions.js';

/** Days whose registers are looked into for who is not marked. */
const MOST_DAYS_LOOKED_INTO = 31;

/** More days than this are drawn as a map of the last of their years. */
const MOST_DAYS_AS_BARS = 62;

/** What happened day by day, week by week, month by month, or session by session. */
export const summary: Report = {
  code: 'summary',
  title: 'Summary',
  about: 'What was recorded day by day: how many were there, late, absent and excused.',
  fields: ['from', 'to', 'period', 'group_id', 'group_type', 'presence_state', 'participant_id'],
  defaults: (today) => ({ from: Temporal.PlainDate.from(today).subtract({ days: 13 }).toString(), to: today }),
  answer: (em, asked, slice) =>
    asked.query.period === 'session' ? bySession(em, asked, slice) : byPeriod(em, asked, slice),
};

interface InPeriod extends PeriodOf {
  sessions: number;
  figures: Figures;
  days: string[];
}

async function byPeriod(em: EntityManager, asked: Asked, { skip, take }: Slice): Promise<Answer> {
  const period = asked.query.period === 'session' ? 'day' : (asked.query.period ?? 'day');
  const periodOf = await periodsOf(em, period);
  const { sql, parameters } = sessionsInScope(asked);
  const counted = readAside<{ day: string; sessions: number }>(
    em,
    `select d.day, count(*) as sessions from session_days d
       join sessions x on x.organization_id = d.organization_id and x.id = d.session_id
      where ${sql} group by d.day order by d.day`,
    parameters,
  );
  const [days, counts] = await Promise.all([counted, countMarks(em, marksOfScope(asked), ['day'])]);
  const marks = figuresBy(counts, ({ day }) => day!);
  const periods = new Map<string, InPeriod>();
  for (const { day, sessions } of days) {
    const of = periodOf(day);
    // Two terms may have one name, each in its own year.
    const at = `${of.from} ${of.key}`;
    let found = periods.get(at);
    if (!found) periods.set(at, (found = { ...of, sessions: 0, figures: noFigures(), days: [] }));
    found.sessions += Number(sessions);
    found.days.push(day);
    found.figures = sumOf([found.figures, marks.get(day) ?? noFigures()]);
  }
  const all = [...periods.values()];
  const shown = all.slice(skip, skip + take);
  const unmarked = await unmarkedOf(em, asked, shown);
  const total = sumOf(all.map(({ figures }) => figures));
  const notes = [...figureNotes(total, asked), ...cutNotes(asked, all)];
  if (!unmarked && asked.participant === null && asked.states === null)
    notes.push({
      text: 'Who was not marked is told for up to {days} days at a time.',
      params: { days: MOST_DAYS_LOOKED_INTO },
    });
  return {
    columns: [
      ...periodColumns(period),
      { key: 'sessions', head: { text: '{sessions}' }, kind: 'count' },
      ...figureColumns(asked),
      { key: 'unmarked', head: { text: 'Unmarked' }, kind: 'count' },
    ],
    rows: shown.map((each) => [
      each.key,
      each.from,
      each.to,
      each.sessions,
      ...figureCells(each.figures),
      unmarked ? each.days.reduce((sum, day) => sum + (unmarked.get(day) ?? 0), 0) : null,
    ]),
    links: shown.map((each) => rowsOf(asked, each)),
    total: all.length,
    isExact: true,
    totals: [null, null, null, all.reduce((sum, each) => sum + each.sessions, 0), ...figureCells(total), null],
    notes,
    chart: pictureOf(asked, period, { all, shown }),
    meta: { figures: total },
  };
}

/** Bars; of many days a map of rates, and nothing where there are no rates to be drawn. */
function pictureOf(asked: Asked, period: string, { all, shown }: Record<'all' | 'shown', InPeriod[]>): Chart | null {
  if (period !== 'day' || !isLong(asked, all)) return barsOf(asked, shown);
  return asked.states === null ? yearOf(asked, all) : null;
}

/** Whether so many days are asked about, or were found where none were named, that bars would be too many. */
function isLong({ firstDay, lastDay, today }: Asked, all: InPeriod[]): boolean {
  const first = firstDay ?? all[0]?.key ?? today;
  return addDays(first, MOST_DAYS_AS_BARS) <= (lastDay ?? today);
}

/** Where the sessions of a period are: as many of its days as were asked about. */
function rowsOf({ firstDay, lastDay }: Asked, { from, to }: InPeriod): string | null {
  if (!from || !to) return null;
  const first = firstDay && firstDay > from ? firstDay : from;
  const last = lastDay && lastDay < to ? lastDay : to;
  return `?period=session&from=${first}&to=${last}`;
}

const barsOf = (asked: Asked, shown: InPeriod[]): Chart => ({
  kind: 'marks',
  title: { text: 'Marks by period' },
  bars: shown.map((each) => ({ label: each.key, marks: each.figures, href: rowsOf(asked, each) ?? undefined })),
});

const yearOf = (asked: Asked, all: InPeriod[]): Chart => ({
  kind: 'year',
  title: { text: 'Attendance rate day by day' },
  to: lastDayOf(
    asked,
    all.map(({ key }) => key),
  ),
  days: all.map((each) => ({
    day: each.key,
    rate: rateOf(each.figures),
    marks: marksOf(each.figures),
    href: rowsOf(asked, each) ?? undefined,
  })),
});

/** @returns how many were not marked in sessions that have begun, by day; null when it would be looked for in too many registers, or makes no sense */
async function unmarkedOf(em: EntityManager, asked: Asked, shown: InPeriod[]): Promise<Map<string, number> | null> {
  const days = shown.flatMap((each) => each.days).sort();
  if (days.length > MOST_DAYS_LOOKED_INTO || asked.participant !== null || asked.states !== null) return null;
  if (days.length === 0) return new Map();
  const { sql, parameters } = sessionsInScope(asked);
  const sessions = await readAside<{ session_id: number; day: string }>(
    em,
    `select d.session_id, d.day from session_days d
       join sessions x on x.organization_id = d.organization_id and x.id = d.session_id
      where ${sql} and d.day >= :shown_from and d.day <= :shown_to and x.scheduled_start_at <= :now`,
    { ...parameters, shown_from: days[0]!, shown_to: days.at(-1)!, now: asked.now },
  );
  const ids = sessions.map((row) => Number(row.session_id));
  const registers = await registersOf(em, ids, asked.today);
  const unmarked = new Map<string, number>();
  for (const { session_id, day } of sessions)
    unmarked.set(day, (unmarked.get(day) ?? 0) + (registers.get(Number(session_id))?.unmarked ?? 0));
  return unmarked;
}
