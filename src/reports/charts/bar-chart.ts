import { type StateCategory, STATE_CATEGORIES } from '../../tenancy/index.js';
import { type ChartOptions, draw, isRightToLeft, LETTERS, percent, shortened, WIDTH, widthOf } from './draw.js';
import { INKS } from './palette.js';
import { type Frame, type Target } from './tidy-svg.js';

export interface Bar {
  label: string;
  /** Where the rows of this bar are. */
  href?: string;
}

/** `across`: bars lie under each other, for names; `up`: they stand side by side, for days, weeks, months. */
export type Lay = 'across' | 'up';

export interface CategoryBars extends Frame {
  lay: Lay;
  bars: (Bar & { counts: Partial<Record<StateCategory, number>> })[];
  /** The end of the scale; absent: as far as the bars reach. */
  most?: number;
  /** What the organization calls each category; only these are drawn. */
  categories: { category: StateCategory; label: string }[];
}

/** How many marks of each category, on top of each other. */
export function categoryBars(chart: CategoryBars): string {
  const number = new Intl.NumberFormat(chart.locale);
  const categories = STATE_CATEGORIES.flatMap((category) =>
    chart.categories.filter((one) => one.category === category),
  );
  const rows = legendRows(categories.map(({ label }) => label));
  const options: ChartOptions = {
    legend: legend(
      chart.locale,
      categories.map(({ label }) => label),
    ),
    ...axes(chart, { foot: 10 + 24 * rows, head: 14 }, (value) => number.format(value), {
      minInterval: 1,
      ...(chart.most !== undefined && { max: chart.most }),
    }),
    series: categories.map(({ category, label }) => ({
      name: label,
      type: 'bar',
      stack: 'marks',
      barMaxWidth: 26,
      itemStyle: { color: INKS[category], borderColor: INKS.edge, borderWidth: 0.6 },
      data: chart.bars.map(({ counts }) => counts[category] || null),
    })),
  };
  const said = chart.bars.map(({ label, counts }) => {
    const parts = categories.map((one) => `${one.label} ${number.format(counts[one.category] ?? 0)}`);
    return `${label}: ${parts.join(', ')}`;
  });
  return draw(chart, heightOf(chart, 10 + 24 * rows), options, targetsOf(chart.bars, said));
}

export interface ShareBars extends Frame {
  lay: Lay;
  /** Share 0 to 1; null: nothing to take a share of. */
  bars: (Bar & { share: number | null })[];
  /** Drawn as a line across, with its name. */
  threshold?: Threshold;
}

/** A rate per group, person or period. */
export function shareBars(chart: ShareBars): string {
  const written = percent(chart.locale);
  const few = chart.lay === 'across' || chart.bars.length <= 8;
  const head = chart.threshold ? 26 : 14;
  const options: ChartOptions = {
    legend: { show: false },
    ...(chart.threshold && { graphic: thresholdKey(chart.threshold, chart.locale) }),
    ...axes(chart, { foot: 8, head }, percent(chart.locale, 0), { min: 0, max: 1, interval: 0.25 }),
    series: [
      {
        type: 'bar',
        barMaxWidth: 26,
        itemStyle: { color: INKS.rate },
        label: {
          show: few,
          position: chart.lay === 'up' ? 'insideTop' : isRightToLeft(chart.locale) ? 'insideRight' : 'insideLeft',
          color: INKS.none,
          fontSize: LETTERS - 1,
          formatter: ({ value }) => (typeof value === 'number' ? written(value) : ''),
        },
        data: chart.bars.map(({ share }) => share),
        ...(chart.threshold && { markLine: thresholdLine(chart.threshold, chart.lay === 'up' ? 'yAxis' : 'xAxis') }),
      },
    ],
  };
  const said = chart.bars.map(({ label, share }) => `${label}: ${share === null ? '–' : written(share)}`);
  return draw(chart, heightOf(chart, head), options, targetsOf(chart.bars, said));
}

export interface Threshold {
  share: number;
  label: string;
}

export const thresholdLine = ({ share }: Threshold, axis: 'xAxis' | 'yAxis') => ({
  silent: true,
  symbol: 'none',
  lineStyle: { color: INKS.threshold, type: [6, 4], width: 1.6 },
  label: { show: false },
  data: [{ [axis]: share }],
});

/** The name of the threshold over the picture, where no bar and no point can hide it. */
export function thresholdKey({ label }: Threshold, locale: string): ChartOptions['graphic'] {
  const mirrored = isRightToLeft(locale);
  const x = mirrored ? WIDTH - 44 : 16;
  const style = { stroke: INKS.threshold, lineWidth: 1.6, lineDash: [6, 4] };
  return [
    { type: 'line', shape: { x1: x, y1: 9, x2: x + 28, y2: 9 }, style },
    keyText(label, mirrored ? x - 6 : x + 34, 9, mirrored),
  ];
}

export const keyText = (text: string, x: number, y: number, mirrored: boolean) => ({
  type: 'text' as const,
  x,
  y,
  style: {
    text,
    fill: INKS.text,
    font: `${LETTERS - 1}px sans-serif`,
    textVerticalAlign: 'middle' as const,
    textAlign: mirrored ? ('right' as const) : ('left' as const),
  },
});

const LEGEND_WIDTH = 430;

/** How many rows the names take. */
export function legendRows(labels: string[]): number {
  let rows = 1;
  let used = 0;
  for (const label of labels) {
    const width = widthOf(label) + 38;
    if (used && used + width > LEGEND_WIDTH) {
      rows += 1;
      used = 0;
    }
    used += width;
  }
  return rows;
}

/** The names of the series under the picture; in the middle they fit either reading direction. */
export const legend = (locale: string, names: string[]) => ({
  data: isRightToLeft(locale) ? names.toReversed() : names,
  bottom: 0,
  left: 'center',
  align: isRightToLeft(locale) ? ('right' as const) : ('left' as const),
  itemWidth: 16,
  itemHeight: 12,
  itemGap: 14,
  itemStyle: { borderWidth: 0.6 },
  width: LEGEND_WIDTH,
  textStyle: { color: INKS.text, fontSize: LETTERS },
});

/** One link around all parts of a bar. */
const targetsOf =
  (bars: Bar[], said: string[]) =>
  (_series: number, index: number): Target | null => {
    const href = bars[index]?.href;
    return href ? { href, label: said[index]! } : null;
  };

const heightOf = ({ lay, bars }: { lay: Lay; bars: unknown[] }, around: number): number =>
  lay === 'up' ? 240 + around : Math.max(1, bars.length) * 32 + 30 + around;

/** The two axes; where reading begins at the right, they begin there too. */
function axes(
  { lay, bars, locale }: { lay: Lay; bars: Bar[]; locale: string },
  { foot, head }: { foot: number; head: number },
  written: (value: number) => string,
  scale: object,
): ChartOptions {
  const mirrored = isRightToLeft(locale);
  const label = { color: INKS.text, fontSize: LETTERS };
  const values = {
    type: 'value' as const,
    ...scale,
    axisLabel: { ...label, formatter: written, hideOverlap: true },
    splitLine: { lineStyle: { color: INKS.line } },
    splitNumber: 4,
  };
  const names = {
    type: 'category' as const,
    data: bars.map((bar) => shortened(bar.label, lay === 'up' ? 14 : 22)),
    axisLabel: { ...label, hideOverlap: true, ...(lay === 'across' && { interval: 0 }) },
    axisLine: { lineStyle: { color: INKS.axis } },
    axisTick: { show: false },
  };
  const grid = { left: 8, right: 16, top: head, bottom: foot, outerBoundsMode: 'same' as const };
  if (lay === 'up')
    return {
      grid,
      xAxis: { ...names, inverse: mirrored },
      yAxis: { ...values, position: mirrored ? 'right' : 'left' },
    };
  return {
    grid,
    xAxis: { ...values, inverse: mirrored },
    // The first stands on top.
    yAxis: { ...names, inverse: true, position: mirrored ? 'right' : 'left' },
  };
}
