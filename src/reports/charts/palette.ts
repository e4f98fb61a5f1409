import { type StateCategory } from '../../tenancy/index.js';

/**
 * The inks of all pictures. The colours here are those of paper, and of light pages; on a page the class that goes with
 * each lets css/charts.css put another one in its place in the dark. Neighbours differ in lightness, and where that is not
 * much, in pattern: whoever prints in grey can still tell them apart.
 */
export const INKS = {
  text: '#333a4c',
  line: '#d9dde7',
  axis: '#7b8396',
  edge: '#3f4658',
  rate: '#5d63c4',
  threshold: '#a02020',
  'rate-2': '#b0650d',
  'rate-3': '#12777f',
  'rate-4': '#6a6a6a',
  present: '#3d9a66',
  late: '#e3a32e',
  excused: '#a9c6f2',
  absent: '#8a1c1c',
  neutral: '#dfe3ec',
  none: '#ffffff',
  'step-1': '#d9eedf',
  'step-2': '#c3d49a',
  'step-3': '#e2ac51',
  'step-4': '#c9663d',
  'step-5': '#84202a',
} as const;
export type Ink = keyof typeof INKS;

/** What is drawn over a fill so that it does not live by its colour alone: strokes within a square of `size`. */
export const PATTERNS: Partial<Record<Ink, { size: number; path: string }>> = {
  late: { size: 6, path: 'M-1 7L7 -1M-1 1L1 -1M5 7L7 5' },
  excused: { size: 5, path: 'M2 2h1.2v1.2h-1.2Z' },
  absent: { size: 7, path: 'M-1 -1L8 8M-1 6L1 8M6 -1L8 1' },
} satisfies Partial<Record<StateCategory, unknown>>;

/** A share of the year's and week's maps falls into one of five steps: the lower, the darker on paper. */
export const STEPS: readonly { from: number; ink: Ink }[] = [
  { from: 0.95, ink: 'step-1' },
  { from: 0.9, ink: 'step-2' },
  { from: 0.8, ink: 'step-3' },
  { from: 0.6, ink: 'step-4' },
  { from: 0, ink: 'step-5' },
];

export const stepOf = (share: number): Ink => STEPS.find(({ from }) => share >= from)?.ink ?? 'step-5';

/** Whether letters on this ink are light on paper. */
export const DARK_INKS: ReadonlySet<Ink> = new Set(['step-4', 'step-5', 'absent', 'rate']);
