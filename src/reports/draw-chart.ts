import { STATE_CATEGORIES, type StateCategory } from '../tenancy/index.js';
import { type Chart } from './chart.js';
import { categoryBars, hourMap, shareBars, yearMap } from './charts/index.js';
import { type Words } from './report-table.js';

const DESCRIPTION = { text: 'The same figures stand in the table beside it.' };

/** A class is drawn as a whole; more bars are no picture any more, and the first of them are what one looks for. */
const MOST_BARS = 40;
const FIRST_BARS = 20;
/** A picture of more is higher than a page of paper, and than a screen. */
const BARS_OF_ONE = 10;

export interface Pictures {
  /** Finished SVG. */
  pictures: string[];
  /** What the pictures leave out; null: nothing. */
  note: Words | null;
}

/**
 * The pictures of a report: one; of many bars that lie under each other as many as it takes, an even number of them, to
 * stand two by two.
 * @param words what the categories are called @param say puts words into the reader's language
 */
export function drawPictures(
  chart: Chart,
  words: Record<StateCategory, Words>,
  say: (words: Words) => string,
  locale: string,
): Pictures {
  const draw = (one: Chart) => drawChart(one, words, say, locale);
  const bars = lying(chart);
  if (bars <= BARS_OF_ONE) {
    const picture = draw(chart);
    return { pictures: picture === null ? [] : [picture], note: null };
  }
  const drawn = bars > MOST_BARS ? FIRST_BARS : bars;
  const pieces = 2 * Math.ceil(drawn / (2 * BARS_OF_ONE));
  const place = (piece: number) => Math.ceil((drawn * piece) / pieces);
  const number = new Intl.NumberFormat(locale);
  const pictures = Array.from({ length: pieces }, (_, piece) => {
    const [from, to] = [place(piece), place(piece + 1)];
    const title = { text: `${say(chart.title)} ${number.format(from + 1)}–${number.format(to)}`, literal: true };
    return draw({ ...pieceOf(chart, from, to), title })!;
  });
  return { pictures, note: drawn < bars ? { text: CUT, params: { count: FIRST_BARS } } : null };
}
const CUT = 'The picture shows the first {count} rows of the table.';

/** How many bars lie under each other; side by side they are no higher for being many. */
function lying(chart: Chart): number {
  if (chart.kind === 'rates') return chart.points.length;
  return chart.kind === 'marks' && chart.lay === 'across' ? chart.bars.length : 0;
}

function pieceOf(chart: Chart, from: number, to: number): Chart {
  if (chart.kind === 'rates') return { ...chart, points: chart.points.slice(from, to) };
  return chart.kind === 'marks' ? { ...chart, bars: chart.bars.slice(from, to), whole: chart.bars } : chart;
}

/**
 * Draws one picture, of any size.
 * @param words what the categories are called @param say puts words into the reader's language
 * @returns the SVG, or null when there is nothing to see
 */
export function drawChart(
  chart: Chart,
  words: Record<StateCategory, Words>,
  say: (words: Words) => string,
  locale: string,
): string | null {
  const frame = { title: say(chart.title), description: say(DESCRIPTION), locale };
  const categories = STATE_CATEGORIES.map((category) => ({ category, label: say(words[category]) }));
  switch (chart.kind) {
    case 'marks': {
      if (chart.bars.length === 0) return null;
      const whole = chart.whole ?? chart.bars;
      const used = categories.filter(({ category }) => whole.some(({ marks }) => (marks[category] ?? 0) > 0));
      const most = Math.max(
        ...whole.map(({ marks }) => used.reduce((sum, one) => sum + (marks[one.category] ?? 0), 0)),
      );
      const bars = chart.bars.map(({ marks, ...bar }) => ({ ...bar, counts: marks }));
      return categoryBars({ ...frame, lay: chart.lay ?? 'up', bars, categories: used, ...(chart.whole && { most }) });
    }
    case 'rates': {
      if (chart.points.length === 0) return null;
      const bars = chart.points.map(({ rate, ...bar }) => ({ ...bar, share: rate }));
      return shareBars({ ...frame, lay: 'across', bars });
    }
    case 'week': {
      const ofMarks = chart.of === 'marks';
      const most = Math.max(1, ...chart.cells.map(({ marks }) => marks));
      const cells = chart.cells.flatMap(({ rate, marks, ...cell }) => {
        const share = ofMarks ? marks / most : rate;
        return share === null ? [] : [{ ...cell, share }];
      });
      return cells.length === 0 ? null : hourMap({ ...frame, cells, ...(ofMarks && { most }) });
    }
    case 'year': {
      const from = Temporal.PlainDate.from(chart.to).subtract({ days: 364 }).toString();
      const shown = chart.days.filter(({ day }) => day >= from && day <= chart.to);
      if (shown.length === 0) return null;
      const days = shown.map(({ rate, marks: _marks, ...day }) => ({ ...day, share: rate }));
      const used = categories.filter(({ category }) => shown.some((day) => day.category === category));
      return yearMap({ ...frame, from, to: chart.to, days, ...(used.length > 0 && { categories: used }) });
    }
  }
}
