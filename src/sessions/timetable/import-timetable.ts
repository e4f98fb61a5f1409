import { setImmediate } from 'node:timers/promises';
import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { type EntityManager as Manager, EntityManager, LockMode } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { transact } from '../../platform/database/transaction.js';
import { insertRows, type RowChange, type RowValues, updateRows } from '../../platform/ledger/audited-rows.js';
import { markedAmong } from '../marks.js';
import { changeOf, isUntouched } from '../series-sessions.js';
import { Session } from '../session.entity.js';
import { withoutWhy, withWhy } from '../why-cancelled.js';
import { keptUid, type LeftOut } from './occurrences.js';
import { timetableOf, type WantedSession } from './plan-import.js';

/** What an import did, or would do. Every session is counted once. */
export interface ImportOutcome {
  created: number;
  changed: number;
  unchanged: number;
  cancelled: number;
  /** They would change, but somebody was marked there, or they were started or locked. */
  left_alone: number;
  /** Dates on closing days. */
  closed: number;
  all_day: number;
  /** Events that could not be used. */
  failed: number;
  errors: LeftOut[];
  /** The first sessions that would be made or changed. */
  examples: WantedSession[];
}

/** A timetable becomes sessions. What was imported before is found again and changed; what left the file is cancelled. */
export class ImportTimetable implements ICommand {
  /** @param options group: of all events, or null: each says its own; dryRun: nothing is written */
  constructor(
    readonly text: string,
    readonly options: { group: number | null; timeZone: string; dryRun: boolean },
  ) {}
}

/** So many sessions are one transaction: others get their turn between, and what is done stays done. */
const CHUNK = 500;
const EXAMPLES = 50;

@CommandHandler(ImportTimetable)
export class ImportTimetableHandler implements ICommandHandler<ImportTimetable, ImportOutcome> {
  constructor(private readonly em: EntityManager) {}

  async execute({ text, options }: ImportTimetable): Promise<ImportOutcome> {
    const { wanted, left, allDay, closed } = await timetableOf(this.em, text, options.group, options.timeZone);
    const outcome: ImportOutcome = {
      created: 0,
      changed: 0,
      unchanged: 0,
      cancelled: 0,
      left_alone: 0,
      closed,
      all_day: allDay,
      failed: left.length,
      errors: left,
      examples: [],
    };
    const run = (work: (em: Manager) => Promise<void>) =>
      options.dryRun ? work(this.em) : transact(this.em, 'calendar.imported', work);
    for (let at = 0; at < wanted.length; at += CHUNK) {
      const chunk = wanted.slice(at, at + CHUNK);
      // Counted only when the chunk was written: a transaction may run more than once.
      const done = { ...outcome, examples: [...outcome.examples] };
      await run(async (em) => {
        Object.assign(done, outcome, { examples: [...outcome.examples] });
        await take(em, chunk, done, options.dryRun);
      });
      Object.assign(outcome, done);
      await setImmediate();
    }
    const names = new Set(wanted.map((each) => each.externalId));
    const series = [...new Set(wanted.filter((each) => each.repeats).map((each) => keptUid(each.uid)))];
    for (let at = 0; at < series.length; at += 50) {
      let gone = { cancelled: 0, left_alone: 0 };
      await run(async (em) => {
        gone = await cancelGone(em, series.slice(at, at + 50), names, options.dryRun);
      });
      outcome.cancelled += gone.cancelled;
      outcome.left_alone += gone.left_alone;
      await setImmediate();
    }
    return outcome;
  }
}

const lockIf = (dryRun: boolean) => (dryRun ? {} : ({ lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true } as const));

async function take(em: Manager, chunk: WantedSession[], outcome: ImportOutcome, dryRun: boolean): Promise<void> {
  const found = await em.find(
    Session,
    { externalId: { $in: chunk.map((each) => each.externalId) } },
    { orderBy: { id: 'asc' }, ...lockIf(dryRun) },
  );
  const known = new Map(found.map((session) => [session.externalId, session]));
  const marked = await markedAmong(
    em,
    found.map((session) => session.id),
  );
  const rows: RowValues<Session>[] = [];
  const changes: RowChange<Session>[] = [];
  for (const wanted of chunk) {
    const session = known.get(wanted.externalId);
    if (!session && wanted.cancelled) outcome.unchanged++;
    else if (!session) {
      rows.push(newSession(wanted));
      outcome.created++;
      example(outcome, wanted);
    } else {
      const change = changeOf(session, valuesFor(session, wanted));
      if (!change) outcome.unchanged++;
      else if (!isUntouched(session, marked)) outcome.left_alone++;
      else {
        changes.push(change);
        if (change.after.status === 'cancelled') outcome.cancelled++;
        else outcome.changed++;
        example(outcome, wanted);
      }
    }
  }
  if (dryRun) return;
  await updateRows(em, Session, changes);
  await insertRows(em, Session, rows);
}

function example(outcome: ImportOutcome, wanted: WantedSession): void {
  if (outcome.examples.length < EXAMPLES) outcome.examples.push(wanted);
}

const newSession = (wanted: WantedSession): RowValues<Session> => ({
  group: wanted.group,
  name: wanted.name,
  location: wanted.location,
  scheduledStartAt: wanted.starts,
  scheduledEndAt: wanted.ends,
  status: 'scheduled',
  externalId: wanted.externalId,
  extraData: {},
});

/** What the file says of a session that is here already. Who cancelled it here is not overruled. */
function valuesFor(session: Session, wanted: WantedSession): RowValues<Session> {
  const plan = {
    group: wanted.group,
    name: wanted.name,
    location: wanted.location,
    scheduledStartAt: wanted.starts,
    scheduledEndAt: wanted.ends,
  };
  if (wanted.cancelled)
    return session.status === 'cancelled'
      ? {}
      : { status: 'cancelled', extraData: withWhy(session.extraData, { left_calendar: true }) };
  if (session.status === 'cancelled' && session.extraData.left_calendar)
    return { ...plan, status: 'scheduled', extraData: withoutWhy(session.extraData) };
  return plan;
}

/** Cancels what belongs to these events, is still ahead, and is not in the file any more. */
async function cancelGone(em: Manager, uids: string[], names: Set<string>, dryRun: boolean) {
  // '0' follows '/': all that begins with the UID and a slash.
  const ofEvents = uids.map((uid) => ({ externalId: { $gt: `${uid}/`, $lt: `${uid}0` } }));
  const found = await em.find(
    Session,
    { $or: ofEvents, status: { $ne: 'cancelled' }, scheduledStartAt: { $gt: clock.now() } },
    { orderBy: { id: 'asc' }, ...lockIf(dryRun) },
  );
  const gone = found.filter((session) => !names.has(session.externalId!));
  const marked = await markedAmong(
    em,
    gone.map((session) => session.id),
  );
  const free = gone.filter((session) => isUntouched(session, marked));
  if (!dryRun)
    await updateRows(
      em,
      Session,
      free.map((session) =>
        changeOf(session, { status: 'cancelled', extraData: withWhy(session.extraData, { left_calendar: true }) })!,
      ),
    );
  return { cancelled: free.length, left_alone: gone.length - free.length };
}
