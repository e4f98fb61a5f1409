import { type EntityManager } from '@mikro-orm/core';
import { instant, readAside } from '../../platform/database/read.js';
import { type Asked } from '../asked.js';
import { type StateCategory } from '../../tenancy/index.js';
import { figureColumns, figureCells, figureNotes, type Figures, noFigures, sumOf } from '../figures.js';
import { type Column } from '../report-table.js';
import { type Answer, type Report, type Slice } from '../report.js';
import { marksInScope, marksOfScope, sessionsByStart, sessionsInScope } from '../scope.js';
import { countMarks } from '../tallies/count-marks.query.js';
import { registersOf } from '../tallies/unmarked.query.js';
import { GROUP_ID, SESSION_ID } from './id-columns.js';

const columnsFor = (asked: Asked): Column[] => [
  { key: 'starts_at', head: { text: 'Begins' }, kind: 'time' },
  { key: 'session', head: { text: '{session}' }, kind: 'text' },
  { key: 'group', head: { text: '{group}' }, kind: 'text' },
  ...figureColumns(asked),
  { key: 'unmarked', head: { text: 'Unmarked' }, kind: 'count' },
  { key: 'people', head: { text: 'On the register' }, kind: 'count' },
  { key: 'completed', head: { text: 'Completed' }, kind: 'yes' },
  SESSION_ID,
  GROUP_ID,
];

/** Each session with its figures. */
export const sessions: Report = {
  code: 'sessions',
  title: '{sessions} one by one',
  about: 'Each {session} with its figures, and how many were not marked.',
  fields: ['from', 'to', 'group_id', 'group_type', 'presence_state', 'participant_id'],
  defaults: (today) => ({ from: Temporal.PlainDate.from(today).subtract({ days: 6 }).toString(), to: today }),
  answer: bySession,
};

interface SessionRow {
  id: number;
  name: string;
  group_id: number;
  group_name: string;
  starts_at: number | string;
  completed_at: number | string | null;
}

export async function bySession(em: EntityManager, asked: Asked, { skip, take }: Slice): Promise<Answer> {
  const { sql, parameters } = sessionsInScope(asked);
  const listed = readAside<SessionRow>(
    em,
    `select x.id, x.name, d.group_id, g.name as group_name, x.scheduled_start_at as starts_at,
            x.register_completed_at as completed_at
       from ${sessionsByStart(em)} where x.organization_id = :organization and ${sql}
      order by x.scheduled_start_at, x.id limit :take offset :skip`,
    { ...parameters, take, skip },
  );
  const counted = readAside<{ total: number }>(
    em,
    `select count(*) as total from session_days d
       join sessions x on x.organization_id = d.organization_id and x.id = d.session_id where ${sql}`,
    parameters,
  );
  const [rows, [count], marks] = await Promise.all([listed, counted, countMarks(em, marksOfScope(asked), [])]);
  const sum = sumOf(marks);
  const ids = rows.map((row) => Number(row.id));
  const [figures, registers] = await Promise.all([
    figuresOfSessions(em, asked, ids),
    registersOf(em, ids, asked.today),
  ]);
  return {
    columns: columnsFor(asked),
    rows: rows.map((row) => {
      const id = Number(row.id);
      const register = registers.get(id);
      return [
        instant(row.starts_at),
        row.name,
        row.group_name,
        ...figureCells(figures.get(id) ?? noFigures()),
        // Before it begins nobody is missing.
        instant(row.starts_at) <= asked.now ? (register?.unmarked ?? 0) : null,
        register?.people ?? 0,
        row.completed_at !== null,
        id,
        Number(row.group_id),
      ];
    }),
    total: Number(count!.total),
    isExact: true,
    totals: [null, null, null, ...figureCells(sum), null, null, null, null, null],
    notes: figureNotes(sum, asked),
    meta: { figures: sum },
  };
}

async function figuresOfSessions(em: EntityManager, asked: Asked, sessions: number[]): Promise<Map<number, Figures>> {
  const all = new Map<number, Figures>();
  if (sessions.length === 0) return all;
  const { sql, parameters } = marksInScope(asked);
  const counts = await readAside<{ session: number; category: StateCategory; marks: number; disputed: number }>(
    em,
    `select d.session_id as session, s.category, count(*) as marks, sum(r.disputed) as disputed
       from session_days d
       join sessions x on x.organization_id = d.organization_id and x.id = d.session_id
       join presence_records r on r.organization_id = d.organization_id and r.session_id = d.session_id
       join presence_states s on s.organization_id = r.organization_id and s.id = r.presence_state_id
      where ${sql} and d.session_id in (:sessions) group by d.session_id, s.category`,
    { ...parameters, sessions },
  );
  for (const { session, category, marks, disputed } of counts) {
    const figures = all.get(Number(session)) ?? noFigures();
    figures[category] += Number(marks);
    figures.disputed += Number(disputed);
    all.set(Number(session), figures);
  }
  return all;
}
