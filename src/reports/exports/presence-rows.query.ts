import { type EntityManager } from '@mikro-orm/core';
import { isMySql, joinInOrder } from '../../platform/database/dialect.js';
import { instant, read } from '../../platform/database/read.js';
import { lateMinutes } from '../../presence/index.js';
import { type Asked } from '../asked.js';
import { marksOf, sumOf } from '../figures.js';
import { nameOf } from '../people.query.js';
import { RECORD_FILE_COLUMNS } from '../kinds/records.js';
import { type Row } from '../report-table.js';
import { marksOfScope, meantBy, sessionsInScope } from '../scope.js';
import { countMarks } from '../tallies/count-marks.query.js';
import { type WholeTable } from './whole-table.js';

/**
 * Records that are read at a time: enough that asking costs little, and so few that they are forgotten while they are young
 * (of 4,000 the worker took 90 MB more, and was slower).
 */
const CHUNK = 500;
/** Where each question has a way to go. */
const CHUNK_FROM_AFAR = 2000;
/** Sessions of one statement at most. */
const MOST_SESSIONS = 500;
/** People whose names are remembered from one piece to the next. */
const MOST_PEOPLE = 50_000;

interface SessionRow {
  id: number;
  name: string;
  group_id: number;
  group_name: string;
  start: Date;
  end: Date;
}

interface PersonRow {
  id: number;
  name: string;
  identifier: string | null;
}

type RawTime = number | string | Date;

interface MarkRow {
  id: number;
  session_id: number;
  participant_id: number;
  presence_state_id: number;
  recorded_at: RawTime;
  arrived_at: RawTime | null;
  left_at: RawTime | null;
  note: string | null;
  disputed: number | boolean;
}

/**
 * Every mark that the question is about, in the order of the sessions' starts: the rows behind the figures of the same
 * question. So cancelled sessions are left out, and cells without a state, which are nobody's mark. The rows are read piece by piece, a run of
 * sessions each, by the key of the cells: the last piece costs what the first one does. What many marks have in common
 * (names, states) is looked up once, not joined a million times.
 * @param em in one transaction that sees one moment, so that the pieces fit together
 */
export async function presenceRows(em: EntityManager, asked: Asked): Promise<WholeTable> {
  const counts = await countMarks(em, marksOfScope(asked), []);
  const sizes = await sessionsWithCells(em, asked);
  const total = marksOf(sumOf(counts));
  return { columns: RECORD_FILE_COLUMNS, total, rows: rows(em, asked, sizes) };
}

/**
 * The sessions in the order of their starts, with how many cells each has at most: these are counted in an index, and which
 * of them hold a mark that is meant is seen when they are read.
 */
async function sessionsWithCells(em: EntityManager, asked: Asked): Promise<{ id: number; cells: number }[]> {
  if (asked.states?.length === 0) return [];
  const { sql, parameters } = sessionsInScope(asked);
  const person = asked.participant === null ? '' : 'and r.participant_id = :person';
  const rows = await read<{ id: number; cells: number }>(
    em,
    `select x.id, (select count(*) from presence_records r
        where r.organization_id = d.organization_id and r.session_id = d.session_id ${person}) as cells
       from session_days d join sessions x on x.organization_id = d.organization_id and x.id = d.session_id
      where ${sql} order by x.scheduled_start_at, x.id`,
    person ? { ...parameters, person: asked.participant } : parameters,
  );
  return rows.map((row) => ({ id: Number(row.id), cells: Number(row.cells) })).filter(({ cells }) => cells > 0);
}

async function* rows(em: EntityManager, asked: Asked, sizes: { id: number; cells: number }[]): AsyncGenerator<Row[]> {
  const { lateness } = asked;
  const meant = meantBy(asked);
  const states = new Map(asked.everyState.map((state) => [state.id, state]));
  const people = new Map<number, PersonRow>();
  const runs = runsOf(sizes, isMySql(em) ? CHUNK_FROM_AFAR : CHUNK);
  const nextPiece = () => {
    const { value } = runs.next();
    const piece = value ? pieceOf(value) : null;
    // Whoever stops reading in between does not wait for it; who reads on is told.
    piece?.catch(() => {});
    return piece;
  };
  // The database looks for the next ones while these are written.
  for (let piece = nextPiece(); piece;) {
    const found = await piece;
    piece = nextPiece();
    yield found;
  }

  async function pieceOf(ids: number[]): Promise<Row[]> {
    const sessions = await sessionsById(em, ids);
    const found = await read<MarkRow>(
      em,
      `select r.id, r.session_id, r.participant_id, r.presence_state_id, r.recorded_at, r.arrived_at, r.left_at, r.note,
              r.disputed
         from presence_records r
        where r.organization_id = :organization and r.session_id in (:ids) and ${meant.sql}
        order by r.session_id, r.participant_id`,
      { ...meant.parameters, ids },
    );
    await addPeople(em, people, found);
    const bySession = new Map<number, Row[]>(ids.map((id) => [id, []]));
    for (const mark of found) {
      const session = sessions.get(Number(mark.session_id))!;
      const person = people.get(Number(mark.participant_id))!;
      const state = states.get(Number(mark.presence_state_id))!;
      const arrived = instant(mark.arrived_at);
      const recorded = instant(mark.recorded_at);
      const mayBeLate = arrived !== null || state.category === 'late';
      bySession.get(session.id)!.push([
        recorded,
        person.name,
        session.name,
        state.code,
        Number(mark.id),
        person.id,
        session.id,
        session.group_id,
        person.identifier,
        session.group_name,
        session.start,
        state.category,
        arrived,
        instant(mark.left_at),
        mayBeLate
          ? lateMinutes(
              {
                category: state.category,
                arrived_at: arrived?.toISOString() ?? null,
                recorded_at: recorded.toISOString(),
              },
              session,
              lateness,
            )
          : null,
        mark.note,
        Boolean(mark.disputed),
      ]);
    }
    return [...bySession.values()].flat();
  }
}

/** Sessions that are read together, in their order. */
function* runsOf(sizes: { id: number; cells: number }[], most: number): Generator<number[], undefined> {
  let run: number[] = [];
  let sum = 0;
  for (const { id, cells } of sizes) {
    if (run.length > 0 && (run.length >= MOST_SESSIONS || sum + cells > most)) {
      yield run;
      run = [];
      sum = 0;
    }
    run.push(id);
    sum += cells;
  }
  if (run.length > 0) yield run;
  return undefined;
}

async function sessionsById(em: EntityManager, ids: number[]): Promise<Map<number, SessionRow>> {
  const rows = await read<Omit<SessionRow, 'start' | 'end'> & { starts_at: RawTime; ends_at: RawTime }>(
    em,
    `select x.id, x.name, x.group_id, g.name as group_name, x.scheduled_start_at as starts_at,
            x.scheduled_end_at as ends_at
       from sessions x ${joinInOrder(em)} \`groups\` g on g.organization_id = x.organization_id and g.id = x.group_id
      where x.organization_id = :organization and x.id in (:ids)`,
    { ids },
  );
  return new Map(
    rows.map((row) => [
      Number(row.id),
      {
        ...row,
        id: Number(row.id),
        group_id: Number(row.group_id),
        start: instant(row.starts_at as number),
        end: instant(row.ends_at as number),
      },
    ]),
  );
}

/** Looks up who is not known yet. */
async function addPeople(em: EntityManager, known: Map<number, PersonRow>, marks: MarkRow[]): Promise<void> {
  if (known.size > MOST_PEOPLE) known.clear();
  const missing = [...new Set(marks.map((mark) => Number(mark.participant_id)))].filter((id) => !known.has(id));
  for (let at = 0; at < missing.length; at += 1000) {
    const rows = await read<{
      id: number;
      first_name: string;
      last_name: string;
      identifier: string | null;
    }>(
      em,
      `select p.id, p.first_name, p.last_name, p.identifier from participants p
        where p.organization_id = :organization and p.id in (:ids)`,
      { ids: missing.slice(at, at + 1000) },
    );
    for (const { id, first_name, last_name, identifier } of rows)
      known.set(Number(id), { id: Number(id), name: nameOf({ first_name, last_name }), identifier });
  }
}
