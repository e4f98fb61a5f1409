import { type Chart } from '../chart.js';
import {
  figureColumns,
  figureCells,
  figureNotes,
  type Figures,
  figuresBy,
  marksOf,
  rateOf,
  sumOf,
} from '../figures.js';
import { type Asked } from '../asked.js';
import { type Column } from '../report-table.js';
import { type Report } from '../report.js';
import { marksOfScope } from '../scope.js';
import { countMarks } from '../tallies/count-marks.query.js';

const columnsFor = (asked: Asked): Column[] => [
  { key: 'weekday', head: { text: 'Weekday' }, kind: 'weekday' },
  { key: 'hour', head: { text: 'Hour' }, kind: 'text' },
  ...figureColumns(asked),
];

/** On which days of the week and at which hours people come. */
export const trend: Report = {
  code: 'trend',
  title: 'Weekdays and hours',
  about: 'On which days of the week and at which hours people come, and when they do not.',
  fields: ['from', 'to', 'group_id', 'group_type', 'participant_id', 'presence_state'],
  defaults: (today) => ({ from: Temporal.PlainDate.from(today).subtract({ days: 89 }).toString(), to: today }),
  async answer(em, asked, { skip, take }) {
    const counts = await countMarks(em, marksOfScope(asked), ['day', 'hour']);
    const weekdays = new Map<string, number>();
    const weekdayOf = (day: string) => {
      let weekday = weekdays.get(day);
      if (!weekday) weekdays.set(day, (weekday = Temporal.PlainDate.from(day).dayOfWeek));
      return weekday;
    };
    const figures = figuresBy(counts, ({ day, hour }) => weekdayOf(day!) * 24 + hour!);
    const cells = [...figures].sort(([a], [b]) => a - b);
    const total = sumOf(figures.values());
    return {
      columns: columnsFor(asked),
      rows: cells.slice(skip, skip + take).map(([key, each]) => {
        const [weekday, hour] = placeOf(key);
        return [weekday, `${String(hour).padStart(2, '0')}:00`, ...figureCells(each)];
      }),
      total: cells.length,
      isExact: true,
      totals: [null, null, ...figureCells(total)],
      notes: figureNotes(total, asked),
      chart: picture(asked, cells),
      meta: { figures: total },
    };
  },
};

/** Rates; of a choice of states, how many marks. */
const picture = ({ states }: Asked, cells: [number, Figures][]): Chart => ({
  kind: 'week',
  ...(states === null
    ? { of: 'rates', title: { text: 'Attendance rate by weekday and hour' } }
    : { of: 'marks', title: { text: 'Marks of the chosen state by weekday and hour' } }),
  cells: cells.map(([key, each]) => {
    const [weekday, hour] = placeOf(key);
    return { weekday, hour, rate: rateOf(each), marks: marksOf(each) };
  }),
});

/** 24 is Monday at midnight. */
const placeOf = (key: number): [weekday: number, hour: number] => [Math.floor(key / 24), key % 24];
