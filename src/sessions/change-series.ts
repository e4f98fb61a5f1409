import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { type EntityManager as Manager, EntityManager } from '@mikro-orm/core';
import { refuseUnknownGroup } from '../participants/index.js';
import { clock } from '../platform/clock.js';
import { transact } from '../platform/database/transaction.js';
import { refuseChanged } from '../platform/http/etag.js';
import { invalid } from '../platform/http/problem.js';
import { insertRows, type RowChange, type RowValues, updateRows } from '../platform/ledger/audited-rows.js';
import { addDays, dayOf } from '../tenancy/index.js';
import { planSeries, type PlannedDate, refuseSeconds, type SeriesPlan, wallClock } from './plan-series.js';
import {
  endingWith,
  endOfDay,
  firstWindow,
  isOpen,
  MOST_DAYS,
  movedBy,
  occurrencesOf,
  parseRule,
  partsOf,
  type Window,
} from './recurrence.js';
import { refuseInactiveGroup } from './schedule-session.js';
import { changeOf, dateOf, isUntouched, lockSeries, type LockedSeries, type Scope } from './series-sessions.js';
import { refuseEndBeforeStart, type SessionChange } from './session-input.js';
import { sessionJson } from './session-json.js';
import { SessionSeries } from './session-series.entity.js';
import { Session } from './session.entity.js';
import { withoutWhy, withWhy } from './why-cancelled.js';

/** What became of the sessions of a series. Those left alone were marked, started, completed, locked or edited alone. */
export interface SeriesOutcome {
  changed: number;
  created: number;
  cancelled: number;
  left_alone: number;
}

/**
 * The plan of a series changes: from one session on, or as a whole. A session whose date still exists keeps its row; one
 * whose date does not is cancelled; a new date, if it is not past, gets a new session. What happened stays as it was.
 */
export class ChangeSeries implements ICommand {
  /** @param expected the version of the named session that the asker has seen (If-Match) */
  constructor(
    readonly session: number,
    readonly scope: Exclude<Scope, 'this'>,
    readonly input: Omit<SessionChange, 'status'>,
    readonly expected: string | null = null,
  ) {}
}

@CommandHandler(ChangeSeries)
export class ChangeSeriesHandler implements ICommandHandler<ChangeSeries, SeriesOutcome> {
  constructor(private readonly em: EntityManager) {}

  async execute({ session, scope, input, expected }: ChangeSeries): Promise<SeriesOutcome> {
    return transact(this.em, 'series.changed', async (tx) => {
      const locked = await lockSeries(tx, session, scope);
      refuseChanged(expected, sessionJson(locked.pivot));
      const wanted = await wantedSeries(tx, locked, input);
      const target = await keepSeries(tx, locked, wanted);
      return replan(tx, locked, wanted, target);
    });
  }
}

interface Wanted extends SeriesPlan {
  name: string;
  location: string | null;
  extraData: Record<string, unknown>;
  /** By how many days every date moves. */
  moved: number;
  /** Data for every session; null: each keeps its own. */
  data: Record<string, unknown> | null;
}

/** What the series, or the rest of it, shall be from now on. */
async function wantedSeries(tx: Manager, locked: LockedSeries, input: ChangeSeries['input']): Promise<Wanted> {
  const { series, pivot, earlier } = locked;
  const { timeZone } = series;
  const group = input.group_id ?? series.group;
  if (group !== series.group) refuseInactiveGroup(await refuseUnknownGroup(tx, group, 'group_id'));
  const day = dayOf(dateOf(pivot), timeZone);
  let time = { localStart: `${day}T${series.localStart.slice(11)}`, minutes: series.minutes };
  if (input.scheduled_start_at || input.scheduled_end_at) {
    const start = input.scheduled_start_at ?? pivot.scheduledStartAt;
    const end = input.scheduled_end_at ?? pivot.scheduledEndAt;
    refuseEndBeforeStart(start, end);
    refuseSeconds(start, end);
    time = wallClock(start, end, timeZone);
  }
  const moved = Temporal.PlainDate.from(day).until(time.localStart.slice(0, 10)).days;
  // As a whole it begins where it began, moved like the session that was named.
  const localStart =
    earlier.length > 0
      ? time.localStart
      : `${addDays(series.localStart.slice(0, 10), moved)}T${time.localStart.slice(11)}`;
  return {
    group,
    name: input.name ?? series.name,
    location: input.location === undefined ? (series.location ?? null) : input.location,
    extraData: input.extra_data === undefined ? series.extraData : (input.extra_data ?? {}),
    recurrence: ruleFor(locked, input.recurrence, { localStart, timeZone }, moved, day),
    localStart,
    timeZone,
    minutes: time.minutes,
    moved,
    data: input.extra_data === undefined ? null : (input.extra_data ?? {}),
  };
}

function ruleFor(
  { series, earlier }: LockedSeries,
  given: string | null | undefined,
  start: { localStart: string; timeZone: string },
  moved: number,
  day: string,
): string {
  if (given) return parseRule(given, start);
  const rule = moved === 0 ? series.recurrence : movedBy(series.recurrence, moved);
  if (rule === null) throw invalid('recurrence', 'This rule names its days, so a change of the day needs a new rule.');
  const count = partsOf(rule).get('COUNT');
  if (!count || earlier.length === 0) return rule;
  // Of ten dates, those before this one are used up.
  const used = occurrencesOf(series).filter((date) => date.day < day).length;
  return endingWith(rule, { COUNT: String(Math.max(1, Number(count) - used)) });
}

/** Writes the series; when sessions before the named one keep the old plan, the old one ends there and a new one begins. */
async function keepSeries(tx: Manager, { series, pivot, earlier }: LockedSeries, wanted: Wanted): Promise<number> {
  const { moved: _moved, data: _data, ...values } = wanted;
  if (earlier.length === 0) {
    Object.assign(series, values);
    await tx.flush();
    return series.id;
  }
  const before = addDays(dayOf(dateOf(pivot), series.timeZone), -1);
  series.recurrence = endingWith(series.recurrence, { UNTIL: endOfDay(before, series.timeZone) });
  const next = tx.create(SessionSeries, values);
  await tx.flush();
  return next.id;
}

/**
 * The days that are planned anew. A rule without an end was extended since it was planned first: it is followed to where
 * its sessions are, and as far ahead as a new one would be; what lies long past stays as it was.
 */
function windowOf(wanted: Wanted, inScope: Session[]): Window {
  const first = firstWindow(wanted);
  if (!isOpen(wanted.recurrence)) return first;
  const today = dayOf(clock.now(), wanted.timeZone);
  const last = inScope.map((each) => dayOf(dateOf(each), wanted.timeZone)).reduce((a, b) => (a > b ? a : b));
  return {
    from: [first.from, addDays(today, -MOST_DAYS)].sort().at(-1)!,
    to: [first.to, addDays(today, MOST_DAYS), addDays(last, wanted.moved + 1)].sort().at(-1)!,
  };
}

/** Leads the sessions to the dates of the new plan. */
async function replan(
  tx: Manager,
  { pivot, inScope, marked }: LockedSeries,
  wanted: Wanted,
  seriesId: number,
): Promise<SeriesOutcome> {
  const window = windowOf(wanted, inScope);
  const dates = new Map((await planSeries(tx, wanted, window)).map((date) => [date.day, date]));
  const outcome: SeriesOutcome = { changed: 0, created: 0, cancelled: 0, left_alone: 0 };
  const changes: RowChange<Session>[] = [];
  // Who takes place has the first claim on a date.
  const claims = [...inScope].sort((a, b) => Number(a.status === 'cancelled') - Number(b.status === 'cancelled'));
  for (const session of claims) {
    const was = dayOf(dateOf(session), wanted.timeZone);
    const becomes = addDays(was, wanted.moved);
    const date = dates.get(becomes);
    if (date) dates.delete(date.day);
    const free = becomes >= window.from && isUntouched(session, marked) && (!session.detached || session === pivot);
    if (!free) outcome.left_alone++;
    // One that is left alone still stands for its date: nothing else is planned there.
    const values = free ? plannedValues(session, wanted, date, was) : date ? { occursAt: date.at } : {};
    const change = changeOf(session, { seriesId, ...values });
    if (!change) continue;
    changes.push(change);
    if (!free) continue;
    if (change.after.status === 'cancelled') outcome.cancelled++;
    else if (Object.keys(change.after).some((name) => name !== 'seriesId')) outcome.changed++;
  }
  await updateRows(tx, Session, changes);
  const fresh = [...dates.values()].filter((date) => !date.closed && date.ends > clock.now());
  await insertRows(
    tx,
    Session,
    fresh.map((date) => ({
      group: wanted.group,
      name: wanted.name,
      location: wanted.location,
      scheduledStartAt: date.at,
      scheduledEndAt: date.ends,
      status: 'scheduled' as const,
      seriesId,
      occursAt: date.at,
      extraData: wanted.extraData,
    })),
  );
  outcome.created = fresh.length;
  return outcome;
}

function plannedValues(
  session: Session,
  wanted: Wanted,
  date: PlannedDate | undefined,
  was: string,
): RowValues<Session> {
  const { status } = session;
  const extraData = wanted.data ?? session.extraData;
  if (!date)
    return status === 'cancelled' ? {} : { status: 'cancelled', extraData: withWhy(extraData, { replanned: true }) };
  const planned = {
    group: wanted.group,
    name: wanted.name,
    location: wanted.location,
    scheduledStartAt: date.at,
    scheduledEndAt: date.ends,
    occursAt: date.at,
    detached: false,
    extraData,
  };
  // Who is moved onto a closing day is cancelled for it; who stands on one already was left there on purpose.
  if (date.closed && date.day !== was && status !== 'cancelled')
    return { ...planned, status: 'cancelled', extraData: withWhy(extraData, { closed_by: date.closed.id }) };
  if (status === 'cancelled' && session.extraData.replanned)
    return { ...planned, status: 'scheduled', extraData: withoutWhy(extraData) };
  return planned;
}
