import { type EntityManager } from '@mikro-orm/core';
import { type Asked } from '../asked.js';
import {
  addTo,
  FIGURE_COLUMNS,
  figureCells,
  figureNotes,
  type Figures,
  figuresBy,
  noFigures,
  rateOf,
  sumOf,
} from '../figures.js';
import { groupsById, groupsInOrder, inOrderOfNames, nameOf, peopleById } from '../people.query.js';
import { periodColumns, periodsOf } from '../periods.js';
import { type CellValue, type Column, type Row } from '../report-table.js';
import { type Answer, type Report, type Slice } from '../report.js';
import { marksOfScope } from '../scope.js';
import { countMarks, type Dimension } from '../tallies/count-marks.query.js';
import { recordsInSessions } from './records.js';

/** Bars of one picture. */
const MOST_BARS = 60;

const PERSON: Column[] = [
  { key: 'participant', head: { text: '{participant}' }, kind: 'text' },
  { key: 'identifier', head: { text: 'Identifier' }, kind: 'text' },
];
const PERSON_ID: Column = { key: 'participant_id', head: { text: 'Id' }, kind: 'id' };
const GROUP: Column[] = [{ key: 'group', head: { text: '{group}' }, kind: 'text' }];
const GROUP_ID: Column = { key: 'group_id', head: { text: 'Id' }, kind: 'id' };

/** How often each person, or each group, was there. */
export const attendance: Report = {
  code: 'attendance',
  title: 'Attendance rate',
  about: 'How often each {participant} or each {group} was there, in all or by day, week, month or term.',
  fields: ['from', 'to', 'by', 'period', 'group_id', 'group_type', 'participant_id', 'presence_state'],
  defaults: (today) => ({ from: Temporal.PlainDate.from(today).subtract({ days: 29 }).toString(), to: today }),
  answer: (em, asked, slice) =>
    asked.query.period === 'session' ? recordsInSessions(em, asked, slice) : rates(em, asked, slice),
};

async function rates(em: EntityManager, asked: Asked, slice: Slice): Promise<Answer> {
  const by = asked.query.by ?? 'participant';
  const all = figuresBy(await countMarks(em, marksOfScope(asked), [by]), (count) => count[by]!);
  const ids =
    by === 'group' ? await groupsInOrder(em, new Set(all.keys())) : await inOrderOfNames(em, new Set(all.keys()));
  const total = sumOf(all.values());
  const { period } = asked.query;
  const part = period && period !== 'session' ? await byPeriods(em, asked, by, period, ids, slice) : null;
  const shown = part?.ids ?? ids.slice(slice.skip, slice.skip + slice.take);
  const name = by === 'group' ? await groupCells(em, shown) : await personCells(em, shown);
  const [own, id] = by === 'group' ? [GROUP, GROUP_ID] : [PERSON, PERSON_ID];
  const rows: Row[] = part
    ? part.rows.map(({ id, period, figures }) => [
        ...name(id),
        period.key,
        period.from,
        period.to,
        ...figureCells(figures),
        id,
      ])
    : shown.map((id) => [...name(id), ...figureCells(all.get(id)!), id]);
  const when = part ? periodColumns(part.period) : [];
  const blank: CellValue[] = [...own, ...when].map(() => null);
  return {
    columns: [...own, ...when, ...FIGURE_COLUMNS, id],
    rows,
    total: part?.total ?? ids.length,
    isExact: !part,
    totals: [...blank, ...figureCells(total), null],
    notes: figureNotes(total),
    chart:
      rows.length > 0 && rows.length <= MOST_BARS
        ? {
            kind: 'rates',
            title: { text: 'Attendance rate' },
            points: part
              ? part.rows.map(({ id, period, figures }) => ({
                  label: `${name(id)[0] as string} · ${period.key}`,
                  rate: rateOf(figures),
                }))
              : shown.map((id) => ({
                  label: name(id)[0] as string,
                  rate: rateOf(all.get(id)!),
                  href: by === 'group' ? `sessions?group_id=${id}` : `statement?participant_id=${id}`,
                })),
          }
        : null,
    meta: { figures: total },
  };
}

interface PeriodRow {
  id: number;
  period: { key: string; from: string | null; to: string | null };
  figures: Figures;
}

/** How many people or groups are told by periods at a time; each has as many rows as there are periods. */
const AT_ONCE = 200;
const DAYS = { day: 1, week: 7, month: 30, term: 90 };

/**
 * A row for each period of each person or group. How many periods somebody has is not known before they are counted, so
 * a page holds whole people: as many as fit if each had all of them.
 */
async function byPeriods(
  em: EntityManager,
  asked: Asked,
  by: 'participant' | 'group',
  period: 'day' | 'week' | 'month' | 'term',
  ids: number[],
  { skip, take }: Slice,
) {
  const periodOf = await periodsOf(em, period);
  const people = Math.max(1, Math.floor(take / (daysOf(asked) / DAYS[period] + 1)));
  const first = (skip / take) * people;
  const shown = ids.slice(first, first + people);
  const rows: PeriodRow[] = [];
  const unit: Dimension = period === 'month' ? 'month' : 'day';
  for (let at = 0; at < shown.length; at += AT_ONCE) {
    const some = shown.slice(at, at + AT_ONCE);
    const scope = marksOfScope(asked);
    const counts = await countMarks(
      em,
      by === 'participant' ? { ...scope, participants: some } : { ...scope, groups: some },
      [by, unit],
    );
    const found = new Map<string, PeriodRow>();
    for (const count of counts) {
      const of = periodOf((count.day ?? count.month)!);
      const key = `${count[by]}/${of.key}`;
      let row = found.get(key);
      if (!row) found.set(key, (row = { id: count[by]!, period: of, figures: noFigures() }));
      addTo(row.figures, count);
    }
    const place = new Map(some.map((id, index) => [id, index]));
    rows.push(
      ...[...found.values()].sort(
        (a, b) => place.get(a.id)! - place.get(b.id)! || ((a.period.from ?? '~') < (b.period.from ?? '~') ? -1 : 1),
      ),
    );
  }
  return { period, rows, ids: shown, total: Math.ceil(ids.length / people) * take };
}

/** About how many days a question covers; without a limit, some years. */
const daysOf = ({ firstDay, lastDay, today }: Asked): number =>
  Temporal.PlainDate.from(firstDay ?? '2020-01-01')
    .until(lastDay ?? today)
    .total('days') + 1;

async function personCells(em: EntityManager, ids: number[]) {
  const people = await peopleById(em, ids);
  return (id: number): CellValue[] => {
    const person = people.get(id);
    return person ? [nameOf(person), person.identifier] : ['', null];
  };
}

async function groupCells(em: EntityManager, ids: number[]) {
  const groups = await groupsById(em, ids);
  return (id: number): CellValue[] => [groups.get(id) ?? ''];
}
