import { STATE_CATEGORIES, type StateCategory } from '../tenancy/index.js';
import { type Chart } from './chart.js';
import { categoryBars, hourMap, shareBars, yearMap } from './charts/index.js';
import { type Words } from './report-table.js';

/** English; keys of the translation. */
export const CATEGORY_WORDS: Record<StateCategory, Words> = {
  present: { text: 'Present' },
  late: { text: 'Late' },
  excused: { text: 'Excused' },
  absent: { text: 'Absent' },
  neutral: { text: 'Neutral' },
};

const DESCRIPTION = { text: 'The same figures stand in the table beside it.' };

/** More bars are no picture any more: the table says the rest. */
const MOST_BARS = 60;
/** A picture of more is higher than a page of paper, and than a screen. */
const BARS_OF_ONE = 10;

export interface Pictures {
  /** Finished SVG. */
  pictures: string[];
  /** What the pictures leave out; null: nothing. */
  note: Words | null;
}

/**
 * The pictures of a report: one; of many bars as many as it takes, an even number of them, to stand two by two.
 * @param say puts words into the reader's language
 */
export function drawPictures(chart: Chart, say: (words: Words) => string, locale: string): Pictures {
  if (chart.kind !== 'rates' || chart.points.length <= BARS_OF_ONE) {
    const picture = drawChart(chart, say, locale);
    return { pictures: picture === null ? [] : [picture], note: null };
  }
  const points = chart.points.slice(0, MOST_BARS);
  const pieces = 2 * Math.ceil(points.length / (2 * BARS_OF_ONE));
  const place = (piece: number) => Math.ceil((points.length * piece) / pieces);
  const number = new Intl.NumberFormat(locale);
  const pictures = Array.from({ length: pieces }, (_, piece) => {
    const [from, to] = [place(piece), place(piece + 1)];
    const title = `${say(chart.title)} ${number.format(from + 1)}–${number.format(to)}`;
    return drawChart({ ...chart, title: { text: title, literal: true }, points: points.slice(from, to) }, say, locale)!;
  });
  const isCut = points.length < chart.points.length;
  return { pictures, note: isCut ? { text: FIRST_BARS, params: { count: MOST_BARS } } : null };
}
const FIRST_BARS = 'The picture shows the first {count} rows of the table.';

/**
 * Draws one picture, of any size.
 * @param say puts words into the reader's language
 * @returns the SVG, or null when there is nothing to see
 */
export function drawChart(chart: Chart, say: (words: Words) => string, locale: string): string | null {
  const frame = { title: say(chart.title), description: say(DESCRIPTION), locale };
  const categories = STATE_CATEGORIES.map((category) => ({ category, label: say(CATEGORY_WORDS[category]) }));
  switch (chart.kind) {
    case 'marks': {
      if (chart.bars.length === 0) return null;
      const used = categories.filter(({ category }) => chart.bars.some(({ marks }) => (marks[category] ?? 0) > 0));
      const bars = chart.bars.map(({ marks, ...bar }) => ({ ...bar, counts: marks }));
      return categoryBars({ ...frame, lay: 'up', bars, categories: used });
    }
    case 'rates': {
      if (chart.points.length === 0) return null;
      const bars = chart.points.map(({ rate, ...bar }) => ({ ...bar, share: rate }));
      return shareBars({ ...frame, lay: 'across', bars });
    }
    case 'week': {
      const cells = chart.cells.flatMap(({ rate, ...cell }) => (rate === null ? [] : [{ ...cell, share: rate }]));
      return cells.length === 0 ? null : hourMap({ ...frame, cells });
    }
    case 'year': {
      const from = Temporal.PlainDate.from(chart.to).subtract({ days: 364 }).toString();
      const shown = chart.days.filter(({ day }) => day >= from && day <= chart.to);
      if (shown.length === 0) return null;
      const days = shown.map(({ rate, marks: _marks, ...day }) => ({ ...day, share: rate }));
      const ofOne = shown.some(({ category }) => category);
      return yearMap({ ...frame, from, to: chart.to, days, ...(ofOne && { categories }) });
    }
  }
}
