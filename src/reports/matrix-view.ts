import { type StateHere } from './asked.js';
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
  /** What stands behind them, column by column. */
  figures: CellValue[];
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
  const figures = columns.flatMap(({ kind }, at) => (kind === 'count' || kind === 'share' ? [at] : []));
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
    figures: figures.map((at) => row[at]!),
  }));
}

const SIGNS: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => SIGNS[sign]!);
