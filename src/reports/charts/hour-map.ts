import { draw, isRightToLeft, LETTERS } from './draw.js';
import { DARK_INKS, INKS, stepOf } from './palette.js';
import { type Frame } from './tidy-svg.js';
import { firstDayOf, key, stepNames, weekdays } from './year-map.js';

export interface HourMap extends Frame {
  /** weekday: 1 Monday to 7 Sunday; hour: 0 to 23, local. What is not named had nothing to count. */
  cells: { weekday: number; hour: number; share: number }[];
  /** How many the share 1 is: squares then say how many there are, not how many percent; the more, the darker. */
  most?: number;
}

/**
 * On which weekdays and at which hours people come, or how many marks there are then. A square says its figure, where there
 * is room: it does not live by its colour.
 */
export function hourMap(map: HourMap): string {
  const mirrored = isRightToLeft(map.locale);
  const names = weekdays(map.locale);
  const first = firstDayOf(map.locale);
  const busy = new Set(map.cells.map((cell) => cell.weekday % 7));
  const days = Array.from({ length: 7 }, (_, at) => (first + at) % 7).filter((day) => busy.has(day));
  const hours = map.cells.map((cell) => cell.hour);
  const from = Math.min(...hours, 23);
  const shown = Array.from({ length: Math.max(1, Math.max(...hours, from) - from + 1) }, (_, at) => from + at);
  const hour = new Intl.DateTimeFormat(map.locale, { hour: 'numeric', timeZone: 'UTC' });
  const hourName = (at: number) => hour.format(new Date(Date.UTC(2023, 0, 1, at)));
  const figure = new Intl.NumberFormat(map.locale, { maximumFractionDigits: 0 });
  const { most } = map;
  const told = (share: number) => figure.format(share * (most ?? 100));
  const label = { color: INKS.text, fontSize: LETTERS - 1 };
  const rows = Math.max(1, days.length) * 28;
  // Steps are named by rates: how many a colour stands for is said by the square itself.
  const foot = most === undefined ? 18 * 2 : 0;
  return draw(
    map,
    rows + 46 + foot,
    {
      grid: { left: 8, right: 12, top: 8, bottom: foot + 8, outerBoundsMode: 'same' },
      xAxis: {
        type: 'category',
        inverse: mirrored,
        data: shown.map(hourName),
        axisLabel: { ...label, hideOverlap: true },
        axisTick: { show: false },
        axisLine: { show: false },
      },
      yAxis: {
        type: 'category',
        inverse: true,
        position: mirrored ? 'right' : 'left',
        data: days.map((day) => names[day]!),
        axisLabel: { ...label, interval: 0 },
        axisTick: { show: false },
        axisLine: { show: false },
      },
      visualMap: { show: false, min: 0, max: 1, inRange: { opacity: 1 } },
      series: [
        {
          type: 'heatmap',
          data: map.cells.map((cell) => {
            const ink = stepOf(most === undefined ? cell.share : 1 - cell.share);
            return {
              value: [shown.indexOf(cell.hour), days.indexOf(cell.weekday % 7), cell.share],
              itemStyle: { color: INKS[ink], borderColor: INKS.none, borderWidth: 1.5 },
              label: {
                show: most !== undefined || shown.length <= 15,
                color: DARK_INKS.has(ink) ? INKS.none : INKS.edge,
                fontSize: LETTERS - 1,
                formatter: told(cell.share),
              },
            };
          }),
        },
      ],
      ...(most === undefined && { graphic: key(stepNames(map.locale), rows + 50, map.locale) as never }),
    },
    // There is no report of one weekday at one hour that a square could lead to.
    () => null,
  );
}
