import { type StateHere } from './asked.js';
import { type MatrixSession } from './kinds/matrix.js';
import { type CellValue, type Column, type Row } from './report-table.js';

/** A sign of one letter stands for a state; its key is the first choice, because people know it from the roll call. */
export const signOf = ({ shortcut, label }: Pick<StateHere, 'shortcut' | 'label'>): string =>
  (shortcut ?? [...label][0] ?? '').toLocaleUpperCase();

/** A row of the table of everybody and every session, as its page draws it. */
export interface MatrixRow {
  name: CellValue;
  identifier: CellValue;
  /** The cells of the sessions as markup: a month of 500 people has 11,000, and there are only a few different ones. */
  cells: string;
  /** All values, by column. */
  values: Row;
}

/**
 * The heads of the sessions, each as narrow as its cells: the day of the month and the month stand under each other, and all
 * of it in one sentence for whoever points at it or hears it.
 */
export function matrixHeads(sessions: MatrixSession[], locale: string) {
  const as = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' });
  const [day, month, whole] = [as({ day: 'numeric' }), as({ month: 'short' }), as({ dateStyle: 'full' })];
  return sessions.map((session) => {
    const date = new Date(session.day);
    return {
      id: session.id,
      name: session.name,
      time: session.time,
      day: day.format(date),
      month: month.format(date),
      whole: `${whole.format(date)}, ${session.time} · ${session.name}`,
    };
  });
}

/** @param states by code */
export function matrixRows(columns: Column[], rows: Row[], states: Record<string, StateHere>): MatrixRow[] {
  const markup = new Map<CellValue, string>([['', '<td></td>']]);
  const drawn = (value: CellValue): string => {
    let cell = markup.get(value);
    if (cell === undefined) {
      const [code, star = ''] = String(value).split(' ');
      const state = states[code!];
      cell = state
        ? `<td><b class="sign sign-${state.category}">${escaped(signOf(state))}${star}</b></td>`
        : '<td></td>';
      markup.set(value, cell);
    }
    return cell;
  };
  const first = columns.findIndex(({ kind }) => kind === 'state');
  const last = columns.findLastIndex(({ kind }) => kind === 'state');
  return rows.map((row) => ({
    name: row[0]!,
    identifier: row[1]!,
    cells:
      first < 0
        ? ''
        : row
            .slice(first, last + 1)
            .map(drawn)
            .join(''),
    values: row,
  }));
}

const SIGNS: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => SIGNS[sign]!);
