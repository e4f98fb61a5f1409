import { type CellKind, type CellValue } from '../report-table.js';
import { type Look } from './look.js';

/** How values are written in this organization's language and zone. */
export class Values {
  readonly #number: Intl.NumberFormat;
  readonly #percent: Intl.NumberFormat;
  readonly #day: Intl.DateTimeFormat;
  readonly #time: Intl.DateTimeFormat;
  readonly #clock: Intl.DateTimeFormat;
  readonly #weekday: Intl.DateTimeFormat;
  readonly #long: Intl.DateTimeFormat;

  constructor(private readonly look: Look) {
    const { locale, timeZone } = look;
    this.#number = new Intl.NumberFormat(locale);
    this.#percent = new Intl.NumberFormat(locale, {
      style: 'percent',
      minimumFractionDigits: 1,
      maximumFractionDigits: 1,
    });
    this.#day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' });
    this.#weekday = new Intl.DateTimeFormat(locale, { weekday: 'long', timeZone: 'UTC' });
    this.#long = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' });
    this.#time = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone });
    this.#clock = new Intl.DateTimeFormat(locale, { timeStyle: 'short', timeZone });
  }

  cell(value: CellValue, kind: CellKind): string {
    if (value === null) return kind === 'share' ? '–' : '';
    switch (kind) {
      case 'count':
      case 'minutes':
        return this.#number.format(Number(value));
      case 'share':
        return this.#percent.format(Number(value));
      case 'day':
        return this.day(String(value));
      case 'time':
        return value instanceof Date ? this.time(value) : String(value);
      case 'yes':
        return this.look.words(value ? YES.text : NO.text);
      case 'weekday':
        // 2024-01-01 was a Monday.
        return this.#weekday.format(new Date(Date.UTC(2024, 0, Number(value))));
      case 'state': {
        const [code = '', disputed] = String(value).split(' ');
        return `${this.look.states?.[code]?.sign ?? code}${disputed ?? ''}`;
      }
      case 'text':
      case 'id':
        return String(value);
    }
  }

  count = (count: number): string => this.#number.format(count);
  share = (share: number): string => this.#percent.format(share);
  /** @param day `2026-11-20` */
  day = (day: string): string => this.#day.format(new Date(day));
  longDay = (day: string): string => this.#long.format(new Date(day));
  time = (time: Date): string => this.#time.format(time);
  /** The hour alone, where the day is known. */
  clock = (time: Date): string => this.#clock.format(time);
}

const YES = { text: 'Yes' };
const NO = { text: 'No' };
