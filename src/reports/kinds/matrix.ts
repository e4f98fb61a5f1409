import { type EntityManager } from '@mikro-orm/core';
import { instant, readAside } from '../../platform/database/read.js';
import { invalid } from '../../platform/http/problem.js';
import { type Asked } from '../asked.js';
import { figureColumns, figureCells, figureNotes, type Figures, figuresBy, noFigures, sumOf } from '../figures.js';
import { inOrderOfNames, nameOf, peopleById } from '../people.query.js';
import { type CellValue, type Column } from '../report-table.js';
import { type Report } from '../report.js';
import { marksInScope, marksOfScope, SESSIONS, sessionsInScope } from '../scope.js';
import { countMarks } from '../tallies/count-marks.query.js';
import { PARTICIPANT_ID } from './id-columns.js';

/** Columns of sessions: a month of five lessons a day. */
const MOST_SESSIONS = 160;
/** People of one statement. */
const AT_ONCE = 1000;
const TOO_WIDE = 'A table of more than {most} {sessions} cannot be read. Choose a {group} or a shorter time.';

/** Everybody and every session: who was what when. */
export const matrix: Report = {
  code: 'matrix',
  title: '{participants} and {sessions}',
  about: 'A table of everybody and every {session}: who was what when.',
  fields: ['group_id', 'from', 'to', 'group_type', 'presence_state', 'participant_id'],
  defaults: (today) => ({ from: `${today.slice(0, 7)}-01`, to: today }),
  async refuse(em, asked) {
    await sessionsOf(em, asked);
  },
  async answer(em, asked, { skip, take }) {
    const sessions = await sessionsOf(em, asked);
    const counts = await countMarks(em, marksOfScope(asked), ['participant']);
    const figures = figuresBy(counts, (count) => count.participant!);
    const ids = await inOrderOfNames(em, new Set(figures.keys()));
    const shown = ids.slice(skip, skip + take);
    const people = await peopleById(em, shown);
    const cells = await cellsOf(em, asked, sessions, shown);
    const total = sumOf(figures.values());
    const columns: Column[] = [
      { key: 'participant', head: { text: '{participant}' }, kind: 'text' },
      { key: 'identifier', head: { text: 'Identifier' }, kind: 'text' },
      ...sessions.map((session): Column => ({
        key: `session_${session.id}`,
        head: { text: `${session.day} ${session.time} ${session.name}`, literal: true },
        kind: 'state',
      })),
      ...figureColumns(asked),
      PARTICIPANT_ID,
    ];
    return {
      columns,
      rows: shown.map((id) => {
        const person = people.get(id)!;
        const own = cells.get(id);
        return [
          nameOf(person),
          person.identifier,
          ...sessions.map((session): CellValue => own?.get(session.id) ?? ''),
          ...figureCells(figures.get(id) ?? noFigures()),
          id,
        ];
      }),
      total: ids.length,
      isExact: true,
      totals: [null, null, ...sessions.map(() => null), ...figureCells(total as Figures), null],
      notes: [...figureNotes(total, asked), { text: 'A star means disputed; an empty cell, not marked.' }],
      meta: { figures: total, sessions },
    };
  },
};

/** A session as the report tells of it: its local day and time. */
export interface MatrixSession {
  id: number;
  /** With its group, where another of the name begins at the same time. */
  name: string;
  day: string;
  time: string;
}

async function sessionsOf(em: EntityManager, asked: Asked): Promise<MatrixSession[]> {
  const { sql, parameters } = sessionsInScope(asked);
  const rows = await readAside<{ id: number; name: string; group_name: string; starts_at: number | string }>(
    em,
    `select x.id, x.name, g.name as group_name, x.scheduled_start_at as starts_at from ${SESSIONS}
      where ${sql} order by x.scheduled_start_at, x.id limit :take`,
    { ...parameters, take: MOST_SESSIONS + 1 },
  );
  if (rows.length > MOST_SESSIONS) {
    // Of a whole organization it was never meant: which group is asked for, rather than what is wrong.
    const [field, code] = asked.query.group_id === undefined ? ['group_id', 'required'] : ['from', 'invalid'];
    throw invalid(field!, TOO_WIDE, code, { most: MOST_SESSIONS });
  }
  const sessions = rows.map((row) => {
    const local = instant(row.starts_at).toLocaleString('sv-SE', { timeZone: asked.timeZone });
    const [day, time] = [local.slice(0, 10), local.slice(11, 16)];
    return { id: Number(row.id), name: row.name, group: row.group_name, day, time, head: `${day} ${time} ${row.name}` };
  });
  const heads = Map.groupBy(sessions, ({ head }) => head);
  return sessions.map(({ group, head, ...session }) =>
    heads.get(head)!.length > 1 ? { ...session, name: `${session.name} (${group})` } : session,
  );
}

/** @returns what stands in the cells, by participant and session: the code of the state, with a star when it is disputed */
async function cellsOf(em: EntityManager, asked: Asked, sessions: MatrixSession[], shown: number[]) {
  const cells = new Map<number, Map<number, string>>();
  if (sessions.length === 0 || shown.length === 0) return cells;
  const { sql, parameters } = marksInScope(asked);
  const names = new Map(asked.everyState.map((state) => [state.id, state.code]));
  for (let at = 0; at < shown.length; at += AT_ONCE) {
    const some = shown.slice(at, at + AT_ONCE);
    const rows = await readAside<{ session_id: number; participant_id: number; state: number; disputed: number }>(
      em,
      `select d.session_id, r.participant_id, r.presence_state_id as state, r.disputed from session_days d
       join sessions x on x.organization_id = d.organization_id and x.id = d.session_id
       join presence_records r on r.organization_id = d.organization_id and r.session_id = d.session_id
      where ${sql} and r.participant_id in (:shown)`,
      { ...parameters, shown: some },
    );
    for (const row of rows) {
      const id = Number(row.participant_id);
      let own = cells.get(id);
      if (!own) cells.set(id, (own = new Map()));
      own.set(Number(row.session_id), `${names.get(Number(row.state)) ?? ''}${row.disputed ? ' *' : ''}`);
    }
  }
  return cells;
}
