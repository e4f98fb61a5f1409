import { type EntityManager } from '@mikro-orm/core';
import { inOwnGroups, type OwnGroups, ownGroupsParameters } from '../../participants/index.js';
import { readAside, type Parameters } from '../../platform/database/read.js';
import { joinInOrder } from '../../platform/database/dialect.js';
import { STATE_CATEGORIES, type StateCategory } from '../../tenancy/index.js';
import { type Figures, marksOf } from '../figures.js';
import { stretchesOf, type Stretch } from './calendar-spans.js';
import { type Days, daysOf, unmeantOf, widened } from './days-read.query.js';

/** Which marks are counted. */
export interface MarkScope {
  /** Planned starts, from inclusive, to exclusive. */
  from: Date | undefined;
  to: Date | undefined;
  timeZone: string;
  own: OwnGroups;
  /** null: all. */
  groups: number[] | null;
  groupType: string | null;
  participants: number[] | null;
  states: number[] | null;
}

/** What counts are told apart by. `month` is its first day. */
export type Dimension = 'participant' | 'group' | 'day' | 'hour' | 'month';

/** How many marks there are of each category, how many are disputed, and what they were told apart by. */
export interface MarkCount extends Figures {
  participant?: number;
  group?: number;
  day?: string;
  hour?: number;
  month?: string;
}

/** People whose marks are looked for by the person. */
const FEW = 250;

/** Names of the columns that the parts below have in common. */
const COLUMN: Record<Dimension, string> = {
  participant: 'participant_id',
  group: 'group_id',
  day: 'day',
  hour: 'hour',
  month: 'day',
};

/**
 * Counts marks by their states' categories as these are now, in one statement and so at one moment: whole months, quarters
 * and years from the tallies with what has yet to be folded into them, and what no tally tells from the marks themselves.
 * Sessions that are cancelled do not count. Cells without a state are nobody's mark.
 */
export async function countMarks(em: EntityManager, scope: MarkScope, by: Dimension[]): Promise<MarkCount[]> {
  if (scope.groups?.length === 0 || scope.participants?.length === 0 || scope.states?.length === 0) return [];
  const days = await daysOf(em, scope);
  if (!days) return [];
  const sums = await sumsByCategory(em);
  const isInSpans = isAboutPeople(scope, by) && !isByDay(by);
  // While this is asked, somebody may mark where nothing was a moment ago: then it is asked again of just these days.
  return (
    (isInSpans && (await countIn(em, scope, await widened(em, days), by, sums))) ||
    (await countIn(em, scope, days, by, sums))!
  );
}

const isAboutPeople = ({ participants }: MarkScope, by: Dimension[]) =>
  participants !== null || by.includes('participant');
const isByDay = (by: Dimension[]) => by.includes('day') || by.includes('hour');

/** @returns null when there are marks on days that are not meant */
async function countIn(
  em: EntityManager,
  scope: MarkScope,
  days: Days,
  by: Dimension[],
  sums: Awaited<ReturnType<typeof sumsByCategory>>,
): Promise<MarkCount[] | null> {
  const { sql, parameters } = sourceOf(em, scope, days, by);
  const unmeant = unmeantOf(days);
  const columns = by.map((each) => `m.${COLUMN[each]} as ${each}_`);
  const grouping = by.length > 0 ? `group by ${by.map((each) => `m.${COLUMN[each]}`).join(', ')}` : '';
  const rows = await readAside<Record<string, number | string | null>>(
    em,
    `select ${[...columns, ...sums.columns].join(', ')}, sum(m.disputed * 1e0) as disputed, ${unmeant.sql} as unmeant
       from (${sql}) m ${grouping}`,
    { ...parameters, ...sums.parameters, ...ownGroupsParameters(scope.own), ...unmeant.parameters },
  );
  if (rows.some((row) => Number(row.unmeant))) return null;
  return rows.flatMap((row) => {
    const count = { disputed: Number(row.disputed) } as MarkCount & Record<string, number | string>;
    for (const category of STATE_CATEGORIES) count[category] = Number(row[category]);
    if (marksOf(count) === 0) return [];
    for (const each of by)
      (count as Record<string, unknown>)[each] =
        each === 'day' || each === 'month' ? row[`${each}_`] : Number(row[`${each}_`]);
    return [count];
  });
}

/**
 * A column for each category: a state counts as its category says now. Summed as floating-point numbers, which are exact as
 * far as anybody counts: MySQL adds whole numbers as decimals, and takes twice as long for it.
 */
async function sumsByCategory(em: EntityManager): Promise<{ columns: string[]; parameters: Parameters }> {
  const states = await readAside<{ id: number; category: StateCategory }>(
    em,
    'select s.id, s.category from presence_states s where s.organization_id = :organization',
  );
  const parameters: Parameters = {};
  const columns = STATE_CATEGORIES.map((category) => {
    // A list must not be empty; no state has the id 0.
    parameters[`states_${category}`] = [0, ...states.filter((each) => each.category === category).map(({ id }) => id)];
    return `sum(case when m.presence_state_id in (:states_${category}) then m.marks else 0e0 end) as ${category}`;
  });
  return { columns, parameters };
}

function sourceOf(
  em: EntityManager,
  scope: MarkScope,
  days: Days,
  by: Dimension[],
): { sql: string; parameters: Parameters } {
  const parameters: Parameters = {};
  const bind = (value: Parameters[string]) => {
    const name = `v_${letters(Object.keys(parameters).length)}`;
    parameters[name] = value;
    return `:${name}`;
  };
  const groups = scope.groups && bind(scope.groups);
  const participants = scope.participants && bind(scope.participants);
  const states = scope.states && bind(scope.states);
  const groupType = scope.groupType === null ? null : bind(scope.groupType);
  const narrowed = (alias: string, has: { participant: boolean }, state = `${alias}.presence_state_id`) =>
    [
      inOwnGroups(scope.own, `${alias}.group_id`),
      groups && `${alias}.group_id in (${groups})`,
      groupType && ofType(`${alias}.group_id`, groupType),
      states && `${state} in (${states})`,
      participants && has.participant && `${alias}.participant_id in (${participants})`,
    ]
      .filter((part) => part && part !== '1 = 1')
      .map((part) => ` and ${part}`)
      .join('');

  const parts: string[] = [];
  const wanted = new Set<Dimension>(by.map((each) => (each === 'month' ? 'day' : each)));
  const select = (columns: Partial<Record<Dimension, string>>) =>
    [...wanted].map((each) => `${columns[each]} as ${COLUMN[each]}`).concat('');

  const same = 'r.organization_id = d.organization_id and r.session_id = d.session_id';
  // A few people are found by their own marks, everybody by the days.
  const isAboutFew = scope.participants !== null && scope.participants.length <= FEW;
  const tables = isAboutFew
    ? `presence_records r ${joinInOrder(em)} session_days d on ${same}`
    : `session_days d join presence_records r on ${same}`;

  /** The marks themselves. */
  const raw = (where: string, joins = '') => {
    const columns = {
      participant: 'r.participant_id',
      group: 'd.group_id',
      day: by.includes('month') ? `concat(substr(d.day, 1, 7), '-01')` : 'd.day',
      hour: 'd.hour',
      session: 'd.session_id',
    };
    parts.push(
      `select ${select(columns).join(', ')} r.presence_state_id, 1 as marks, r.disputed
         from ${tables} ${joins}
        where d.organization_id = :organization and r.organization_id = :organization
          and r.presence_state_id is not null and ${where}
        ${narrowed('d', { participant: false }, 'r.presence_state_id')}
        ${participants ? `and r.participant_id in (${participants})` : ''}`,
    );
  };
  const starts = 'join sessions x on x.organization_id = d.organization_id and x.id = d.session_id';
  for (const day of days.parts) {
    const edges = [
      scope.from && `x.scheduled_start_at >= ${bind(scope.from)}`,
      scope.to && `x.scheduled_start_at < ${bind(scope.to)}`,
    ];
    raw([`d.day = ${bind(day)}`, ...edges.filter(Boolean)].join(' and '), starts);
  }
  const within = (day: string, from: string, to: string) => `${day} >= ${bind(from)} and ${day} <= ${bind(to)}`;
  const ofDays = (alias: string, from: string, to: string) => within(`${alias}.day`, from, to);
  // Found by the marks of a few people, a session is not looked for by its day: SQLite would go through all of these days.
  const rawOfDays = (from: string, to: string) => within(isAboutFew ? `coalesce(d.day, '')` : 'd.day', from, to);
  if (days.from > days.to) {
    // Nothing but parts of days.
  } else if (isAboutPeople(scope, by) && isByDay(by)) raw(rawOfDays(days.from, days.to));
  else if (isAboutPeople(scope, by))
    for (const stretch of stretchesOf(days.from, days.to)) {
      if (stretch.span === 'D') {
        raw(rawOfDays(stretch.from, stretch.to));
        continue;
      }
      for (const span of by.includes('month') ? monthsOf(stretch) : [stretch])
        parts.push(
          `select ${select({ participant: 't.participant_id', group: 't.group_id', day: 't.starts_on' }).join(', ')}
                  t.presence_state_id, t.marks, t.disputed from participant_tallies t
            where t.organization_id = :organization and t.span = ${bind(span.span)}
              and t.starts_on >= ${bind(span.from)} and t.starts_on <= ${bind(span.to)}
              ${narrowed('t', { participant: true })}`,
        );
      changes(ofDays('c', stretch.from, lastDayOf(stretch)));
    }
  else {
    parts.push(
      `select ${select({ group: 't.group_id', day: monthly('t.day'), hour: 't.hour' }).join(', ')}
              t.presence_state_id, t.marks, t.disputed from group_tallies t
        where t.organization_id = :organization and ${ofDays('t', days.from, days.to)}
          ${narrowed('t', { participant: false })}`,
    );
    changes(ofDays('c', days.from, days.to));
  }
  return { sql: parts.join('\n union all \n') || nothing(), parameters };

  function monthly(column: string): string {
    return by.includes('month') ? `concat(substr(${column}, 1, 7), '-01')` : column;
  }

  /** What has yet to be folded into the tallies. */
  function changes(where: string): void {
    const columns = { participant: 'c.participant_id', group: 'c.group_id', day: monthly('c.day'), hour: 'c.hour' };
    parts.push(
      `select ${select(columns).join(', ')} c.presence_state_id, c.marks, c.disputed from tally_changes c
        where c.organization_id = :organization and ${where} ${narrowed('c', { participant: true })}`,
    );
  }

  function nothing(): string {
    return `select ${select({ participant: '0', group: '0', day: `''`, hour: '0' }).join(', ')}
      0 as presence_state_id, 0 as marks, 0 as disputed from organizations o where o.id = :organization and 1 = 0`;
  }
}

/** @param column SQL of a group's id @param type the parameter of the type */
export const ofType = (column: string, type: string): string =>
  `exists (select 1 from \`groups\` gt
     where gt.organization_id = :organization and gt.id = ${column} and gt.group_type = ${type})`;

/** Parameters are named by letters: a, b, ... aa. */
function letters(at: number): string {
  return (at >= 26 ? letters(Math.floor(at / 26) - 1) : '') + String.fromCharCode(97 + (at % 26));
}

const MONTHS = { D: 0, M: 1, Q: 3, Y: 12 } as const;

/** The months of quarters and years. */
function monthsOf({ span, from, to }: Stretch): Stretch[] {
  const last = Temporal.PlainDate.from(to).add({ months: MONTHS[span] - 1 });
  return [{ span: 'M', from, to: last.toString() }];
}

function lastDayOf({ span, to }: Stretch): string {
  return Temporal.PlainDate.from(to).add({ months: MONTHS[span] }).subtract({ days: 1 }).toString();
}
