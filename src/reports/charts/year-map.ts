import { type StateCategory } from '../../tenancy/index.js';
import { keyText } from './bar-chart.js';
import { type ChartOptions, draw, isRightToLeft, LETTERS, percent } from './draw.js';
import { type Ink, INKS, STEPS, stepOf } from './palette.js';
import { type Frame, type Target } from './tidy-svg.js';

/** What a day was: the rate of a group, or the state of one person. */
export interface YearDay {
  /** `2026-11-20` */
  day: string;
  share?: number | null;
  category?: StateCategory;
  /** What a reader hears of the day, for example the labels of its states; without it its share. */
  said?: string;
  href?: string;
}

export interface YearMap extends Frame {
  /** First and last local day, at most 366 days. */
  from: string;
  to: string;
  days: YearDay[];
  /** What the organization calls each category, when days are drawn by category; otherwise steps of shares are named. */
  categories?: { category: StateCategory; label: string }[];
}

/** A square of a day, in the units of the picture. */
const CELL = 15;

/**
 * A year as squares, half a year per row so that a square can still be seen at 360 px. Weeks run from left to right in
 * every language, as in all calendars of this form.
 */
export function yearMap(map: YearMap): string {
  const halves = halvesOf(map.from, map.to);
  const inks: { ink: Ink; label: string }[] = map.categories
    ? map.categories.map(({ category, label }) => ({ ink: category, label }))
    : stepNames(map.locale);
  const written = percent(map.locale);
  const inkOf = (day: YearDay): Ink | null =>
    day.category ?? (day.share === null || day.share === undefined ? null : stepOf(day.share));
  const known = map.days.filter((day) => inkOf(day));
  const of = (half: { from: string; to: string }) => known.filter(({ day }) => day >= half.from && day <= half.to);
  const top = (at: number) => 26 + at * (7 * CELL + 34);
  const options: ChartOptions = {
    calendar: halves.map(({ from, to }, at) => ({
      range: [from, to],
      left: 46,
      top: top(at),
      cellSize: [CELL, CELL],
      orient: 'horizontal' as const,
      itemStyle: { color: INKS.none, borderColor: INKS.line, borderWidth: 1 },
      splitLine: { lineStyle: { color: INKS.axis, width: 1 } },
      yearLabel: { show: false },
      dayLabel: { ...letters, firstDay: firstDayOf(map.locale), nameMap: weekdays(map.locale), margin: 6 },
      monthLabel: { ...letters, nameMap: months(map.locale) },
    })),
    series: halves.map((half, at) => ({
      type: 'heatmap',
      coordinateSystem: 'calendar',
      calendarIndex: at,
      data: of(half).map((day) => ({
        value: [day.day, 0],
        itemStyle: { color: INKS[inkOf(day)!], borderColor: INKS.edge, borderWidth: 0.5 },
      })),
    })),
    // The heat map asks for one; the inks are set above.
    visualMap: { show: false, min: 0, max: 1, inRange: { opacity: 1 } },
    graphic: key(inks, top(halves.length) - 8, map.locale) as ChartOptions['graphic'],
  };
  const date = new Intl.DateTimeFormat(map.locale, { dateStyle: 'medium', timeZone: 'UTC' });
  return draw(
    map,
    top(halves.length) + 18 * Math.ceil(inks.length / KEY_COLUMNS),
    options,
    (series, index): Target | null => {
      const day = of(halves[series]!)[index];
      if (!day?.href) return null;
      const said = day.said ?? (day.share === null || day.share === undefined ? '–' : written(day.share));
      return { href: day.href, label: `${date.format(new Date(day.day))}: ${said}`, passedByTab: true };
    },
  );
}

const letters = { color: INKS.text, fontSize: LETTERS - 1 };
const KEY_COLUMNS = 3;

/** What each ink means, under the picture. */
export function key(inks: { ink: Ink; label: string }[], top: number, locale: string) {
  const mirrored = isRightToLeft(locale);
  return inks.flatMap(({ ink, label }, at) => {
    const column = at % KEY_COLUMNS;
    const x = 46 + (mirrored ? KEY_COLUMNS - 1 - column : column) * 142;
    const y = top + 18 * Math.floor(at / KEY_COLUMNS);
    return [
      {
        type: 'rect' as const,
        shape: { x: mirrored ? x + 128 : x, y, width: 14, height: 12 },
        style: { fill: INKS[ink], stroke: INKS.edge, lineWidth: 0.6 },
      },
      keyText(label, mirrored ? x + 122 : x + 20, y + 6, mirrored),
    ];
  });
}

/** `95% – 100%`: both ends, in letters that every font has. */
export function stepNames(locale: string): { ink: Ink; label: string }[] {
  const format = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
  return STEPS.map(({ from, ink }, at) => ({ ink, label: format.formatRange(from, STEPS[at - 1]?.from ?? 1) }));
}

/** The first six months, and the rest: what fits beside each other. */
function halvesOf(from: string, to: string): { from: string; to: string }[] {
  const second = Temporal.PlainDate.from(from).add({ months: 6 });
  if (second.toString() > to) return [{ from, to }];
  return [
    { from, to: second.subtract({ days: 1 }).toString() },
    { from: second.toString(), to },
  ];
}

export function weekdays(locale: string, style: 'short' | 'narrow' = 'short'): string[] {
  const format = new Intl.DateTimeFormat(locale, { weekday: style, timeZone: 'UTC' });
  // 2023-01-01 was a Sunday: ECharts counts from there.
  return Array.from({ length: 7 }, (_, day) => format.format(new Date(Date.UTC(2023, 0, 1 + day))));
}

function months(locale: string): string[] {
  const format = new Intl.DateTimeFormat(locale, { month: 'short', timeZone: 'UTC' });
  return Array.from({ length: 12 }, (_, month) => format.format(new Date(Date.UTC(2023, month, 1))));
}

/** 0 is Sunday. */
export const firstDayOf = (locale: string): number => (new Intl.Locale(locale).getWeekInfo?.().firstDay ?? 1) % 7;
