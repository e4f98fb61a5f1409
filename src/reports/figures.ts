import { rateOf } from '../presence/index.js';
import { STATE_CATEGORIES, type StateCategory } from '../tenancy/index.js';
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

/** The columns of figures, in the order in which `figureCells` gives them. */
export const FIGURE_COLUMNS: Column[] = [
  { key: 'present', head: { text: 'Present' }, kind: 'count' },
  { key: 'late', head: { text: 'Late' }, kind: 'count' },
  { key: 'absent', head: { text: 'Absent' }, kind: 'count' },
  { key: 'excused', head: { text: 'Excused' }, kind: 'count' },
  { key: 'neutral', head: { text: 'Neutral' }, kind: 'count' },
  { key: 'disputed', head: { text: 'Disputed' }, kind: 'count' },
  { key: 'rate', head: { text: 'Rate' }, kind: 'share' },
];

export const figureCells = (figures: Figures): CellValue[] => [
  figures.present,
  figures.late,
  figures.absent,
  figures.excused,
  figures.neutral,
  figures.disputed,
  rateOf(figures),
];

/** What a rate is a share of; and how many marks are not settled. */
export function figureNotes({ disputed }: Figures): Words[] {
  const notes: Words[] = [
    {
      text: 'The rate is (present + late) / (present + late + absent). Excused, neutral and unmarked stay outside.',
    },
  ];
  if (disputed > 0)
    notes.push({
      text: 'Disputed marks count as they stand; of those counted here, {count} are disputed.',
      params: { count: disputed },
    });
  return notes;
}
