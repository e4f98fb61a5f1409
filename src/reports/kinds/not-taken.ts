import { type EntityManager } from '@mikro-orm/core';
import { instant, readAside } from '../../platform/database/read.js';
import { type Asked } from '../asked.js';
import { type Column, type Words } from '../report-table.js';
import { type Report } from '../report.js';
import { sessionsByStart, sessionsInScope } from '../scope.js';
import { registersOf } from '../tallies/unmarked.query.js';
import { GROUP_ID, SESSION_ID } from './id-columns.js';

const COLUMNS: Column[] = [
  { key: 'starts_at', head: { text: 'Begins' }, kind: 'time' },
  { key: 'session', head: { text: '{session}' }, kind: 'text' },
  { key: 'group', head: { text: '{group}' }, kind: 'text' },
  { key: 'marked', head: { text: 'Marked' }, kind: 'count' },
  { key: 'people', head: { text: 'On the register' }, kind: 'count' },
  { key: 'responsible', head: { text: 'Who should have' }, kind: 'text' },
  SESSION_ID,
  GROUP_ID,
];

/** People who are named for one register. */
const MOST_NAMES = 5;

/** Which registers are over and were not completed, and who should have. */
export const notTaken: Report = {
  code: 'not-taken',
  title: 'Registers not taken',
  about: 'Which {sessions} are over and whose register nobody completed, with who should have.',
  fields: ['from', 'to', 'group_id', 'group_type'],
  never: ['participant_id', 'presence_state', 'category'],
  defaults: (today) => ({ from: Temporal.PlainDate.from(today).subtract({ days: 6 }).toString(), to: today }),
  async answer(em, asked, { skip, take }) {
    const { sql, parameters } = sessionsInScope(asked);
    const open = `${sql} and x.register_completed_at is null and x.scheduled_end_at <= :now`;
    const values = { ...parameters, now: asked.now };
    const rows = await readAside<Row>(
      em,
      `select x.id, x.name, d.group_id, g.name as group_name, x.scheduled_start_at as starts_at
         from ${sessionsByStart(em)} where x.organization_id = :organization and ${open}
        order by x.scheduled_start_at desc, x.id desc limit :take offset :skip`,
      { ...values, take, skip },
    );
    const [count] = await readAside<{ total: number }>(
      em,
      `select count(*) as total from session_days d
         join sessions x on x.organization_id = d.organization_id and x.id = d.session_id where ${open}`,
      values,
    );
    const registers = await registersOf(
      em,
      rows.map((row) => Number(row.id)),
      asked.today,
    );
    const staff = await staffOf(em, [...new Set(rows.map((row) => Number(row.group_id)))]);
    return {
      columns: COLUMNS,
      rows: rows.map((row) => {
        const register = registers.get(Number(row.id)) ?? { people: 0, unmarked: 0 };
        return [
          instant(row.starts_at),
          row.name,
          row.group_name,
          register.people - register.unmarked,
          register.people,
          staff.get(Number(row.group_id))?.join(', ') ?? '',
          Number(row.id),
          Number(row.group_id),
        ];
      }),
      total: Number(count!.total),
      isExact: true,
      notes: [
        { text: 'A register is taken when somebody completes it; marks alone do not say that nobody was forgotten.' },
        ...staffNote(asked, rows, staff),
      ],
    };
  },
};

interface Row {
  id: number;
  name: string;
  group_id: number;
  group_name: string;
  starts_at: number | string;
}

/** Why there may be no name. Whoever sees only his own groups is assigned to them himself. */
function staffNote({ own }: Asked, rows: Row[], staff: Map<number, string[]>): Words[] {
  const isNameless = own === null && rows.some((row) => !staff.has(Number(row.group_id)));
  return isNameless
    ? [{ text: 'Where no name stands, nobody is assigned to the {group}: everybody who records presence could have.' }]
    : [];
}

/** @returns the names of those who are assigned to groups, by group */
async function staffOf(em: EntityManager, groups: number[]): Promise<Map<number, string[]>> {
  const staff = new Map<number, string[]>();
  if (groups.length === 0) return staff;
  const rows = await readAside<{ group_id: number; first_name: string; last_name: string }>(
    em,
    `select a.group_id, u.first_name, u.last_name from group_assignments a
       join users u on u.organization_id = a.organization_id and u.id = a.user_id and u.status <> 'disabled'
      where a.organization_id = :organization and a.group_id in (:groups) order by u.last_name, u.first_name, u.id`,
    { groups },
  );
  for (const row of rows) {
    const names = staff.get(Number(row.group_id)) ?? [];
    if (names.length < MOST_NAMES) names.push(`${row.first_name} ${row.last_name}`.trim());
    staff.set(Number(row.group_id), names);
  }
  return staff;
}
