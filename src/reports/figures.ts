import { rateOf } from '../presence/index.js';
import { STATE_CATEGORIES, type StateCategory } from '../tenancy/index.js';
import { type Asked } from './asked.js';
import { categoryWords, countAs } from './category-words.js';
import { type CellValue, type Column, type Words } from './report-table.js';

/** One formula for every page of the product: excused, neutral and unmarked stay outside, a disputed mark counts as it stands. */
export { rateOf };

/** How many marks are of each category, and how many of all these are disputed. */
export interface Figures extends Record<StateCategory, number> {
  disputed: number;
}

export const noFigures = (): Figures => ({ present: 0, late: 0, excused: 0, absent: 0, neutral: 0, disputed: 0 });

const FIGURES = [...STATE_CATEGORIES, 'disputed'] as const;

/** Adds figures to those of whatever they belong to. */
export function addTo(sum: Figures, figures: Figures): void {
  for (const key of FIGURES) sum[key] += figures[key];
}

/** @returns the figures of each key, from counts that say to which they belong */
export function figuresBy<K, C extends Figures>(counts: C[], keyOf: (count: C) => K): Map<K, Figures> {
  const all = new Map<K, Figures>();
  for (const count of counts) {
    const key = keyOf(count);
    let figures = all.get(key);
    if (!figures) all.set(key, (figures = noFigures()));
    addTo(figures, count);
  }
  return all;
}

export function sumOf(all: Iterable<Figures>): Figures {
  const sum = noFigures();
  for (const figures of all) addTo(sum, figures);
  return sum;
}

export const marksOf = (figures: Figures): number =>
  STATE_CATEGORIES.reduce((sum, category) => sum + figures[category], 0);

/** What figures are made of: which states there are, and which of them count. */
type Counted = Pick<Asked, 'everyState' | 'states'>;

/** In the order of `figureCells`. */
const COLUMNS = ['present', 'late', 'absent', 'excused', 'neutral'] as const;

/**
 * The columns of figures, in the order in which `figureCells` gives them. A person is shown those that may hold something,
 * and no rate of a choice of states: it would tell of nobody how often he was there.
 */
export function figureColumns({ everyState, states }: Counted): Column[] {
  const counted = states === null ? everyState : everyState.filter(({ id }) => states.includes(id));
  const words = categoryWords(everyState);
  const ofCategory = COLUMNS.map((category): Column => ({
    key: category,
    head: words[category],
    kind: 'count',
    hidden: !counted.some((state) => state.category === category),
  }));
  return [
    ...ofCategory,
    { key: 'disputed', head: { text: 'Disputed' }, kind: 'count' },
    { key: 'rate', head: { text: 'Rate' }, kind: 'share', hidden: states !== null },
  ];
}

export const figureCells = (figures: Figures): CellValue[] => [
  figures.present,
  figures.late,
  figures.absent,
  figures.excused,
  figures.neutral,
  figures.disputed,
  rateOf(figures),
];

/** What a rate is a share of, and which states are meant; and how many marks are not settled. */
export function figureNotes({ disputed }: Figures, { everyState, states }: Counted): Words[] {
  const notes: Words[] =
    states === null
      ? [
          {
            text: 'The rate is (present + late) / (present + late + absent). Excused, neutral and unmarked stay outside.',
          },
          ...countAs(everyState),
        ]
      : [
          {
            text: 'Counted are the marks of the chosen states alone. A rate is a share of all marks, so none is shown.',
          },
        ];
  if (disputed > 0)
    notes.push({
      text: 'Disputed marks count as they stand. Disputed among those counted here: {count}.',
      params: { count: disputed },
    });
  return notes;
}
