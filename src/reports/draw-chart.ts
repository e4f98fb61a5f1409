import { STATE_CATEGORIES, type StateCategory } from '../tenancy/index.js';
import { type Chart } from './chart.js';
import { categoryBars, hourMap, shareBars, yearMap } from './charts/index.js';
import { type Words } from './report-table.js';

const DESCRIPTION = { text: 'The same figures stand in the table beside it.' };

/**
 * Draws the picture of a report.
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
      const used = categories.filter(({ category }) => chart.bars.some(({ marks }) => (marks[category] ?? 0) > 0));
      const bars = chart.bars.map(({ marks, ...bar }) => ({ ...bar, counts: marks }));
      return categoryBars({ ...frame, lay: chart.lay ?? 'up', bars, categories: used });
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
