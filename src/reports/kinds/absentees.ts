import { type EntityManager } from '@mikro-orm/core';
import { type StateCategory } from '../../tenancy/index.js';
import { type Asked } from '../asked.js';
import { nameOf } from '../people.query.js';
import { type Column, type Words } from '../report-table.js';
import { type Answer, type Report, type Slice } from '../report.js';
import { GROUP_ID, PARTICIPANT_ID, SESSION_ID } from './id-columns.js';
import { listMarks } from './marks-list.js';

const COLUMNS: Column[] = [
  { key: 'participant', head: { text: '{participant}' }, kind: 'text' },
  { key: 'identifier', head: { text: 'Identifier' }, kind: 'text' },
  { key: 'starts_at', head: { text: 'Begins' }, kind: 'time' },
  { key: 'session', head: { text: '{session}' }, kind: 'text' },
  { key: 'group', head: { text: '{group}' }, kind: 'text' },
  { key: 'state', head: { text: 'State' }, kind: 'text' },
  { key: 'note', head: { text: 'Note' }, kind: 'text' },
  { key: 'disputed', head: { text: 'Disputed' }, kind: 'yes' },
  { key: 'presence_state', head: { text: 'Code' }, kind: 'text', hidden: true },
  PARTICIPANT_ID,
  SESSION_ID,
  GROUP_ID,
];

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
    const { marks, total, isExact } = await listMarks(em, { ...asked, states: ofAbsence(asked) }, slice);
    const disputed = marks.filter((mark) => mark.disputed).length;
    const notes: Words[] = [
      asked.states === null
        ? { text: 'Listed is whoever was marked absent. Who was not marked at all stands in the summary.' }
        : { text: 'Listed is whoever was away and has the chosen state.' },
    ];
    if (disputed > 0)
      notes.push({
        text: 'Disputed among these rows: {count}. Somebody says otherwise, and nobody has decided.',
        params: { count: disputed },
      });
    return {
      columns: COLUMNS,
      rows: marks.map((mark) => [
        nameOf({ first_name: mark.firstName, last_name: mark.lastName }),
        mark.identifier,
        mark.startsAt,
        mark.session,
        mark.group,
        mark.label,
        mark.note,
        mark.disputed,
        mark.code,
        mark.participantId,
        mark.sessionId,
        mark.groupId,
      ]),
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
