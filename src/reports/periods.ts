import { type EntityManager } from '@mikro-orm/core';
import { currentOrganization } from '../platform/current.js';
import { Organization, settingsOf } from '../tenancy/index.js';
import { type Asked, type Period } from './asked.js';
import { type Column, type Words } from './report-table.js';

/** A stretch of days by which figures are told. */
export interface PeriodOf {
  /** 2026-11-20, 2026-W47, 2026-11, or the name of the term; '' for days that lie in no term. */
  key: string;
  /** First and last day, both inclusive; null where there are none. */
  from: string | null;
  to: string | null;
}

/**
 * What says which period a row is of. A person reads no more than he needs: a day and a month say themselves when they
 * begin and end, and a week is called by its Monday.
 */
export const periodColumns = (period: Exclude<Period, 'session'>): Column[] => [
  {
    key: 'period',
    head: { text: period === 'day' ? 'Day' : 'Period' },
    kind: period === 'day' ? 'day' : 'text',
    hidden: period === 'week',
  },
  {
    key: 'from',
    head: period === 'week' ? { text: 'Week of' } : { text: 'From' },
    kind: 'day',
    hidden: period === 'day' || period === 'month',
  },
  { key: 'to', head: { text: 'To' }, kind: 'day', hidden: period !== 'term' },
];

/** What is to be said when periods reach beyond the days that were asked about. */
export function cutNotes({ firstDay, lastDay }: Asked, periods: Pick<PeriodOf, 'from' | 'to'>[]): Words[] {
  const isCut = ({ from, to }: Pick<PeriodOf, 'from' | 'to'>) =>
    (from !== null && firstDay !== null && from < firstDay) || (to !== null && lastDay !== null && to > lastDay);
  return periods.some(isCut)
    ? [{ text: 'Periods that reach beyond the chosen days are counted for the chosen days alone.' }]
    : [];
}

/** @returns what says in which period a day lies */
export async function periodsOf(
  em: EntityManager,
  period: Exclude<Period, 'session'>,
): Promise<(day: string) => PeriodOf> {
  if (period === 'day') return (day) => ({ key: day, from: day, to: day });
  if (period === 'week') return weekOf;
  if (period === 'month') return monthOf;
  const organization = await em.findOneOrFail(Organization, { id: currentOrganization() });
  const terms = settingsOf(organization).reporting_periods;
  return (day) => {
    const term = terms.find(({ from, to }) => from <= day && day <= to);
    return term ? { key: term.name, from: term.from, to: term.to } : { key: '', from: null, to: null };
  };
}

/** Weeks begin on Monday and are counted as ISO 8601 counts them. */
function weekOf(day: string): PeriodOf {
  const date = Temporal.PlainDate.from(day);
  const monday = date.subtract({ days: date.dayOfWeek - 1 });
  return {
    key: `${date.yearOfWeek}-W${String(date.weekOfYear).padStart(2, '0')}`,
    from: monday.toString(),
    to: monday.add({ days: 6 }).toString(),
  };
}

function monthOf(day: string): PeriodOf {
  const first = Temporal.PlainDate.from(day).with({ day: 1 });
  return {
    key: day.slice(0, 7),
    from: first.toString(),
    to: first.add({ months: 1 }).subtract({ days: 1 }).toString(),
  };
}
