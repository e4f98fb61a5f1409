import { type EntityManager } from '@mikro-orm/core';
import { readAside } from '../../platform/database/read.js';
import { type StateCategory } from '../../tenancy/index.js';
import { type Asked } from '../asked.js';
import { type Words } from '../report-table.js';
import { sessionsInScope } from '../scope.js';
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
      ...(total === 0 && { why: await whyNobody(em, asked) }),
    };
  },
};

/** Nobody away, or nothing to be away from: that is not the same. */
async function whyNobody(em: EntityManager, asked: Asked): Promise<Words> {
  const { sql, parameters } = sessionsInScope(asked);
  const [found] = await readAside<{ sessions: number }>(
    em,
    `select count(*) as sessions from session_days d
       join sessions x on x.organization_id = d.organization_id and x.id = d.session_id where ${sql}`,
    parameters,
  );
  const count = Number(found!.sessions);
  return count === 0
    ? { text: 'There are no {sessions} in these days.' }
    : { text: 'Nobody is marked so (number of {sessions}: {count}).', params: { count } };
}

/** Without another wish: the states that count as absent. */
const ofAbsence = ({ everyState, states }: Asked): number[] =>
  everyState
    .filter(({ id, category }) =>
      states === null ? category === 'absent' : AWAY.includes(category) && states.includes(id),
    )
    .map(({ id }) => id);
