import { type EntityManager } from '@mikro-orm/core';
import { readAside } from '../../platform/database/read.js';
import { type Asked } from '../asked.js';
import {
  addTo,
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
import { type Chart } from '../chart.js';
import { groupsById, groupsInOrder, inOrderOfNames, nameOf, peopleById } from '../people.query.js';
import { cutNotes, periodColumns, periodsOf } from '../periods.js';
import { type CellValue, type Column, type Row } from '../report-table.js';
import { type Answer, type Report, type Slice } from '../report.js';
import { marksOfScope } from '../scope.js';
import { countMarks, type Dimension } from '../tallies/count-marks.query.js';
import { GROUP_ID, PARTICIPANT_ID } from './id-columns.js';
import { recordsInSessions } from './records.js';

const PERSON: Column[] = [
  { key: 'participant', head: { text: '{participant}' }, kind: 'text' },
  { key: 'identifier', head: { text: 'Identifier' }, kind: 'text' },
];
const GROUP: Column[] = [{ key: 'group', head: { text: '{group}' }, kind: 'text' }];

/** How often each person, or each group, was there. */
export const attendance: Report = {
  code: 'attendance',
  title: 'Attendance rate',
  about: 'How often each {participant} or each {group} was there, in all or by day, week, month or term.',
  fields: ['from', 'to', 'by', 'period', 'order', 'group_id', 'group_type', 'participant_id', 'presence_state'],
  defaults: (today) => ({ from: Temporal.PlainDate.from(today).subtract({ days: 29 }).toString(), to: today }),
  answer: (em, asked, slice) =>
    asked.query.period === 'session' ? recordsInSessions(em, asked, slice) : rates(em, asked, slice),
};

async function rates(em: EntityManager, asked: Asked, slice: Slice): Promise<Answer> {
  const by = asked.query.by ?? 'participant';
  const all = figuresBy(await countMarks(em, marksOfScope(asked), [by]), (count) => count[by]!);
  const byName =
    by === 'group' ? await groupsInOrder(em, new Set(all.keys())) : await inOrderOfNames(em, new Set(all.keys()));
  const ids = inOrder(byName, all, asked);
  const total = sumOf(all.values());
  const { period } = asked.query;
  const [own, id] = by === 'group' ? [GROUP, GROUP_ID] : [PERSON, PARTICIPANT_ID];
  const cellsOf = (some: number[]) => (by === 'group' ? groupCells(em, some) : personCells(em, some));
  const part = period && period !== 'session' ? await byPeriods(em, asked, { by, period, ids }, slice) : null;
  const shown = part?.ids ?? ids.slice(slice.skip, slice.skip + slice.take);
  const name = await cellsOf(shown);
  const told = (cells: typeof name, of: PeriodRow[]): Row[] =>
    of.map((row) => [
      ...cells(row.id),
      row.period.key,
      row.period.from,
      row.period.to,
      ...figureCells(row.figures),
      row.id,
    ]);
  const rows = part
    ? told(name, part.rows)
    : shown.map((each): Row => [...name(each), ...figureCells(all.get(each)!), each]);
  const parents = by === 'group' && !part ? await withGroupsBelow(em, shown) : new Set<number>();
  const bars = part
    ? part.rows.map(({ id, period, figures }) => ({ label: `${name(id)[0] as string} · ${period.key}`, figures }))
    : shown.map((id) => ({
        label: name(id)[0] as string,
        figures: all.get(id)!,
        // The sessions of a group are shown with those of the groups below it, which are not in this figure.
        ...(!parents.has(id) && {
          href: by === 'group' ? `sessions?group_id=${id}` : `statement?participant_id=${id}`,
        }),
      }));
  const when = part ? periodColumns(part.period) : [];
  const blank: CellValue[] = [...own, ...when].map(() => null);
  return {
    columns: [...own, ...when, ...figureColumns(asked), id],
    rows,
    ...(part && {
      rest: async function* () {
        for (let next = await part.next(); next; next = await next.next())
          yield told(await cellsOf(next.ids), next.rows);
      },
    }),
    total: part?.total ?? ids.length,
    isExact: !part,
    totals: [...blank, ...figureCells(total), null],
    notes: [
      ...figureNotes(total, asked),
      ...cutNotes(
        asked,
        (part?.rows ?? []).map((row) => row.period),
      ),
    ],
    chart: bars.length > 0 ? picture(asked, bars) : null,
    meta: { figures: total },
  };
}

/** Those of the same rate, or with as many absences, stay in the order of their names. */
function inOrder(byName: number[], all: Map<number, Figures>, { query: { order }, states }: Asked): number[] {
  if (order === undefined || order === 'name') return byName;
  const most = (of: (figures: Figures) => number) => byName.toSorted((a, b) => of(all.get(b)!) - of(all.get(a)!));
  // Of a choice of states there is nothing else to put in order.
  if (states !== null) return most(marksOf);
  if (order === 'absences') return most((figures) => figures.absent);
  if (order === 'late') return most((figures) => figures.late);
  // Who has no rate has nothing to be asked about.
  const rate = (id: number) => rateOf(all.get(id)!) ?? 2;
  return byName.toSorted((a, b) => rate(a) - rate(b));
}

/** Rates; of a choice of states, how many marks. */
function picture({ states }: Asked, bars: { label: string; figures: Figures; href?: string }[]): Chart {
  if (states !== null)
    return {
      kind: 'marks',
      title: { text: 'Marks of the chosen state' },
      lay: 'across',
      bars: bars.map(({ figures, ...bar }) => ({ ...bar, marks: figures })),
    };
  return {
    kind: 'rates',
    title: { text: 'Attendance rate' },
    points: bars.map(({ figures, ...bar }) => ({ ...bar, rate: rateOf(figures) })),
  };
}

interface PeriodRow {
  id: number;
  period: { key: string; from: string | null; to: string | null };
  figures: Figures;
}

/** Some people or groups, told by periods. */
interface Part {
  period: 'day' | 'week' | 'month' | 'term';
  ids: number[];
  rows: PeriodRow[];
  /** At least so many rows in all. */
  total: number;
  /** @returns those behind these; null when there are none */
  next: () => Promise<Part | null>;
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
  of: { by: 'participant' | 'group'; period: Part['period']; ids: number[] },
  { skip, take }: Slice,
): Promise<Part> {
  const { by, period, ids } = of;
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
      // Two terms may have one name, each in its own year.
      const key = `${count[by]}/${of.from}/${of.key}`;
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
  const next = async () => (first + people < ids.length ? byPeriods(em, asked, of, { skip: skip + take, take }) : null);
  return { period, rows, ids: shown, total: Math.ceil(ids.length / people) * take, next };
}

/** About how many days a question covers; without a limit, some years. */
const daysOf = ({ firstDay, lastDay, today }: Asked): number => {
  const days = Temporal.PlainDate.from(firstDay ?? '2020-01-01')
    .until(lastDay ?? today)
    .total('days');
  return Math.max(0, days) + 1;
};

/** @returns those of these groups that have groups below them */
async function withGroupsBelow(em: EntityManager, groups: number[]): Promise<Set<number>> {
  if (groups.length === 0) return new Set();
  const rows = await readAside<{ id: number }>(
    em,
    'select distinct g.parent_id as id from `groups` g where g.organization_id = :organization and g.parent_id in (:groups)',
    { groups },
  );
  return new Set(rows.map(({ id }) => Number(id)));
}

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
