import { type EntityManager } from '@mikro-orm/core';
import { invalid } from '../../platform/http/problem.js';
import { type Asked } from '../asked.js';
import { lastDayOf } from '../chart.js';
import { figureNotes, figuresBy, marksOf, type noFigures, rateOf, sumOf } from '../figures.js';
import { type Answer, type Report, type Slice } from '../report.js';
import { marksOfScope } from '../scope.js';
import { countMarks } from '../tallies/count-marks.query.js';
import { markColumns } from './mark-columns.js';
import { listMarks } from './marks-list.js';

const LIST = markColumns(
  'starts_at',
  'session',
  'group',
  'state',
  'arrived_at',
  'left_at',
  'late_minutes',
  'note',
  'disputed',
  'presence_state',
  'category',
  'session_id',
  'group_id',
);

/** Everything that was recorded of one person. */
export const statement: Report = {
  code: 'statement',
  title: 'Statement of one {participant}',
  about: 'Everything that was recorded of one {participant}, with figures and a picture of the year.',
  fields: ['participant_id', 'from', 'to', 'group_id', 'group_type', 'presence_state'],
  defaults: (today) => ({ from: Temporal.PlainDate.from(today).subtract({ days: 364 }).toString(), to: today }),
  refuse: refuseNobody,
  async answer(em: EntityManager, asked: Asked, slice: Slice): Promise<Answer> {
    refuseNobody(em, asked);
    const { marks, total, isExact } = await listMarks(em, asked, slice);
    const days = figuresBy(await countMarks(em, marksOfScope(asked), ['day']), ({ day }) => day!);
    const sum = sumOf(days.values());
    return {
      columns: LIST.columns,
      rows: LIST.rowsOf(marks, asked),
      total,
      isExact,
      notes: figureNotes(sum, asked),
      chart: {
        kind: 'year',
        title: { text: 'The year' },
        to: lastDayOf(asked, [...days.keys()]),
        days: [...days].map(([day, figures]) => ({
          day,
          rate: rateOf(figures),
          marks: marksOf(figures),
          category: worstOf(figures),
          href: `?from=${day}&to=${day}`,
        })),
      },
      meta: {
        figures: sum,
        rate: rateOf(sum),
        first_day: isNarrowed(asked) ? null : ([...days.keys()].sort()[0] ?? null),
      },
    };
  },
};

/** Whether some of his marks are left out. */
const isNarrowed = ({ states, groups, groupType }: Asked) => states !== null || groups !== null || groupType !== null;

function refuseNobody(_em: EntityManager, { participant }: Asked): void {
  if (participant === null)
    throw invalid('participant_id', 'Choose a {participant}: this report is about one.', 'required');
}

/** What a day of one person shows when he has several marks: the one that somebody would ask about. */
function worstOf(figures: ReturnType<typeof noFigures>) {
  return (['absent', 'late', 'excused', 'present', 'neutral'] as const).find((category) => figures[category] > 0)!;
}
