import { legend, legendRows, type Threshold, thresholdKey, thresholdLine } from './bar-chart.js';
import { draw, isRightToLeft, LETTERS, percent, shortened } from './draw.js';
import { INKS } from './palette.js';
import { type Frame } from './tidy-svg.js';

export interface RateLines extends Frame {
  /** The periods, in the order of time. */
  periods: { label: string; href?: string }[];
  /** At most four, so that each has a stroke and a sign of its own; null leaves a gap. */
  lines: { label: string; shares: (number | null)[] }[];
  threshold?: Threshold;
}

const STROKES = [
  { ink: 'rate', dash: 'solid', sign: 'circle' },
  { ink: 'rate-2', dash: [7, 3], sign: 'rect' },
  { ink: 'rate-3', dash: [2, 3], sign: 'triangle' },
  { ink: 'rate-4', dash: [9, 3, 2, 3], sign: 'diamond' },
] as const;

/** How rates went over time. */
export function rateLines(chart: RateLines): string {
  const mirrored = isRightToLeft(chart.locale);
  const written = percent(chart.locale);
  const label = { color: INKS.text, fontSize: LETTERS };
  const lines = chart.lines.slice(0, STROKES.length);
  const low = Math.min(
    1,
    ...lines.flatMap(({ shares }) => shares.filter((share) => share !== null)),
    chart.threshold?.share ?? 1,
  );
  const named = lines.length > 1;
  const names = lines.map((one) => shortened(one.label, 24));
  const foot = named ? 10 + 24 * legendRows(names) : 8;
  return draw(
    chart,
    250 + foot,
    {
      legend: named ? legend(chart.locale, names) : { show: false },
      ...(chart.threshold && { graphic: thresholdKey(chart.threshold, chart.locale) }),
      grid: {
        left: 8,
        right: 16,
        top: chart.threshold ? 28 : 18,
        bottom: foot,
        outerBoundsMode: 'same',
      },
      xAxis: {
        type: 'category',
        inverse: mirrored,
        boundaryGap: chart.periods.length < 10,
        data: chart.periods.map((period) => period.label),
        axisLabel: { ...label, hideOverlap: true },
        axisLine: { lineStyle: { color: INKS.axis } },
        axisTick: { show: false },
      },
      yAxis: {
        type: 'value',
        position: mirrored ? 'right' : 'left',
        // Rates live near the top: the axis begins at a round figure under the lowest, and says so in its labels.
        min: Math.floor(low * 10 - 0.001) / 10,
        max: 1,
        splitNumber: 4,
        axisLabel: { ...label, formatter: percent(chart.locale, 0) },
        splitLine: { lineStyle: { color: INKS.line } },
      },
      series: lines.map(({ shares }, at) => {
        const { ink, dash, sign } = STROKES[at]!;
        return {
          name: names[at]!,
          type: 'line',
          symbol: sign,
          symbolSize: 8,
          showAllSymbol: true,
          connectNulls: false,
          itemStyle: { color: INKS[ink] },
          lineStyle: { color: INKS[ink], width: 2.2, type: dash as 'solid' },
          label: {
            show: !named && chart.periods.length <= 8,
            position: 'top',
            color: INKS.text,
            fontSize: LETTERS - 1,
            formatter: ({ value }) => (typeof value === 'number' ? written(value) : ''),
          },
          data: shares,
          ...(at === 0 && chart.threshold && { markLine: thresholdLine(chart.threshold, 'yAxis') }),
        };
      }),
    },
    (_line, index) => {
      const period = chart.periods[index];
      if (!period?.href) return null;
      const said = lines.map((one) => `${named ? `${one.label} ` : ''}${shareIn(one.shares[index], written)}`);
      return { href: period.href, label: `${period.label}: ${said.join(', ')}` };
    },
  );
}

const shareIn = (share: number | null | undefined, written: (share: number) => string): string =>
  share === null || share === undefined ? '–' : written(share);
