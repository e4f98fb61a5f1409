import { type EntityManager } from '@mikro-orm/core';
import { type StateCategory } from '../../tenancy/index.js';
import { type Asked } from '../asked.js';
import { type Words } from '../report-table.js';
import { type Answer, type Report, type Slice } from '../report.js';
import { markColumns } from './mark-columns.js';
import { listMarks } from './marks-list.js';

const LIST = markColumns(
  'participant',
  'identifier',
  'starts_at',
  'session',
  'group',
  'state',
  'note',
  'disputed',
  'presence_state',
  'participant_id',
  'session_id',
  'group_id',
);

/** Who was not there; excused only where somebody asks for it. */
const AWAY: readonly StateCategory[] = ['absent', 'excused'];

/** Who was absent, the newest day first. */
export const absentees: Report = {
  code: 'absentees',
  title: 'Absentees',
  about: 'Who was absent on a day, with the note that was left.',
  fields: ['from', 'to', 'group_id', 'group_type', 'presence_state', 'participant_id'],
  states: AWAY,
  defaults: (today) => ({ from: today, to: today }),
  async answer(em: EntityManager, asked: Asked, slice: Slice): Promise<Answer> {
    const { marks, total, isExact, disputed } = await listMarks(em, { ...asked, states: ofAbsence(asked) }, slice);
    const notes: Words[] = [
      asked.states === null
        ? { text: 'Listed is whoever was marked absent. Who was not marked at all stands in the summary.' }
        : { text: 'Listed is whoever was away and has the chosen state.' },
    ];
    if (disputed > 0)
      notes.push({
        text: 'Disputed among all that are listed: {count}. Somebody says otherwise, and nobody has decided.',
        params: { count: disputed },
      });
    return {
      columns: LIST.columns,
      rows: LIST.rowsOf(marks, asked),
      total,
      isExact,
      notes,
    };
  },
};

/** Without another wish: the states that count as absent. */
const ofAbsence = ({ everyState, states }: Asked): number[] =>
  everyState
    .filter(({ id, category }) =>
      states === null ? category === 'absent' : AWAY.includes(category) && states.includes(id),
    )
    .map(({ id }) => id);
