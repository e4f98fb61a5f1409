/*
 * The whole of ECharts as one ready file, not its parts: measured on Node 26, the parts are 700 small files that take
 * 930 ms and 93 MB to load, the one file takes 140 ms and 15 MB. It is loaded with the first picture.
 */
import { createRequire } from 'node:module';
import type * as ECharts from 'echarts';
import { INKS } from './palette.js';
import { type Frame, type Target, tidySvg } from './tidy-svg.js';

export type ChartOptions = ECharts.EChartsOption;

const load = createRequire(import.meta.url);
let echarts: typeof ECharts | null = null;

/** Letters in the units of the picture: it is drawn 480 wide and may be shown at 330, where they are still 9 px high. */
export const LETTERS = 13;
export const WIDTH = 480;

function loaded(): typeof ECharts {
  const found = load('echarts/dist/echarts.min.js') as typeof ECharts;
  found.setPlatformAPI({
    measureText: (text: string, font?: string) => ({
      width: widthOf(text, Number(/(\d+(?:\.\d+)?)px/.exec(font ?? '')?.[1] ?? LETTERS)),
    }),
  });
  return found;
}

/** How wide a text will be, about: nothing on a server can measure it, and which font a browser takes is not known. */
export function widthOf(text: string, size = LETTERS): number {
  let width = 0;
  for (const letter of text) width += WIDE.test(letter) ? 1 : NARROW.test(letter) ? 0.3 : MARK.test(letter) ? 0 : 0.58;
  return width * size;
}
const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff00-\uff60MW@]/u;
const NARROW = /[ .,:;!|'iljI]/u;
const MARK = /\p{M}/u;

/** Draws and throws the canvas away: nothing is kept between two pictures. */
export function draw(
  frame: Frame,
  height: number,
  options: ChartOptions,
  targets: (series: number, index: number) => Target | null = () => null,
): string {
  echarts ??= loaded();
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  try {
    chart.setOption({
      animation: false,
      // On the server nobody hovers: without these ECharts writes rules for it into the picture.
      textStyle: { fontFamily: 'sans-serif', fontSize: LETTERS, color: INKS.text },
      ...options,
    });
    return tidySvg(chart.renderToSVGString(), frame, targets);
  } finally {
    chart.dispose();
  }
}

export const isRightToLeft = (locale: string): boolean => new Intl.Locale(locale).getTextInfo?.().direction === 'rtl';

export const percent = (locale: string, digits = 1): ((share: number) => string) => {
  const format = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: digits });
  return (share) => format.format(share);
};

/** As much of a long name as fits beside an axis. */
export const shortened = (text: string, letters: number): string => {
  const all = [...text];
  return all.length > letters ? `${all.slice(0, letters - 1).join('')}…` : text;
};
