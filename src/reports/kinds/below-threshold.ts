import { figureColumns, figureCells, figureNotes, figuresBy, rateOf, sumOf } from '../figures.js';
import { inOrderOfNames, nameOf, peopleById } from '../people.query.js';
import { type Asked } from '../asked.js';
import { type Column } from '../report-table.js';
import { type Report } from '../report.js';
import { marksOfScope } from '../scope.js';
import { countMarks } from '../tallies/count-marks.query.js';
import { PARTICIPANT_ID } from './id-columns.js';

/** Percent. */
const THRESHOLD = 90;

const columnsFor = (asked: Asked): Column[] => [
  { key: 'participant', head: { text: '{participant}' }, kind: 'text' },
  { key: 'identifier', head: { text: 'Identifier' }, kind: 'text' },
  ...figureColumns(asked),
  PARTICIPANT_ID,
];

/** Whose rate is below a threshold, the lowest first. */
export const belowThreshold: Report = {
  code: 'below-threshold',
  title: 'Rate below a threshold',
  about: 'Whose attendance rate is below a threshold, the lowest first: in time to do something about it.',
  fields: ['from', 'to', 'threshold', 'group_id', 'group_type'],
  // Of some states alone there is no rate.
  never: ['presence_state', 'category'],
  defaults: (today) => ({ from: Temporal.PlainDate.from(today).subtract({ days: 89 }).toString(), to: today }),
  async answer(em, asked, { skip, take }) {
    const threshold = asked.query.threshold ?? THRESHOLD;
    const all = figuresBy(
      await countMarks(em, { ...marksOfScope(asked), states: null }, ['participant']),
      (count) => count.participant!,
    );
    const below = [...all].flatMap(([id, figures]) => {
      const rate = rateOf(figures);
      // In whole numbers: 0.29 * 100 is a hair more or less than 29.
      const there = figures.present + figures.late;
      const isBelow = there * 100 < threshold * (there + figures.absent);
      return rate !== null && isBelow ? [{ id, figures, rate }] : [];
    });
    const place = new Map(
      (await inOrderOfNames(em, new Set(below.map(({ id }) => id)))).map((id, index) => [id, index]),
    );
    below.sort((a, b) => a.rate - b.rate || place.get(a.id)! - place.get(b.id)!);
    const shown = below.slice(skip, skip + take);
    const people = await peopleById(
      em,
      shown.map(({ id }) => id),
    );
    const total = sumOf(below.map(({ figures }) => figures));
    return {
      columns: columnsFor(asked),
      rows: shown.map(({ id, figures }) => {
        const person = people.get(id)!;
        return [nameOf(person), person.identifier, ...figureCells(figures), id];
      }),
      total: below.length,
      isExact: true,
      notes: [
        {
          text: 'Below {threshold} %: {count} of {all} who have a rate.',
          params: {
            all: [...all.values()].filter((figures) => rateOf(figures) !== null).length,
            count: below.length,
            threshold,
          },
        },
        ...figureNotes(total, asked),
      ],
      chart:
        shown.length > 0
          ? {
              kind: 'rates',
              title: { text: 'Attendance rate' },
              points: shown.map(({ id, rate }) => ({
                label: nameOf(people.get(id)!),
                rate,
                href: `statement?participant_id=${id}`,
              })),
            }
          : null,
    };
  },
};
