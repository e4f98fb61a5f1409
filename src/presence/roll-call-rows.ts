import { type Views, type PageContext } from '../platform/views.js';
import { type Dispute } from './disputes.query.js';
import { type RollCallRow } from './roll-call.query.js';
import { type State } from './states.query.js';

interface Cached extends RollCallRow {
  /** As bytes: encoding a page of 500 anew costs more than reading its rows from the database. */
  html: Buffer;
}

/** What all rows of one drawing have in common. */
export interface RowSetting {
  session: number;
  states: State[];
  editable: boolean;
}

/** A mark that was refused: what stands in the row instead, and what the person wanted. */
export interface RowProblem {
  message: string;
  /** Code of the state that the person wanted ('' = take away), offered as "use mine"; absent when it cannot help. */
  mine?: string;
  mine_label?: string;
}

/** How many rows are kept drawn: 40 registers of 500, about 15 MB. */
const ROWS_KEPT = 20_000;

/**
 * Draws the rows of registers, and keeps what it drew by what it shows: a page of 500 is then put together, not drawn.
 * A row is a function of its setting and its data alone, so nothing can be stale; rows of two organizations never meet,
 * because a session belongs to one.
 */
export class RollCallRows {
  private readonly drawn = new Map<string, Map<number, Cached>>();
  private kept = 0;

  constructor(private readonly views: Views) {}

  /** @returns the HTML of all rows, in their order, as UTF-8 */
  draw(rows: RollCallRow[], setting: RowSetting, page: PageContext, problems?: Map<number, RowProblem>): Buffer {
    const cache = this.cacheOf(setting, page);
    return Buffer.concat(
      rows.map((row) => {
        const problem = problems?.get(row.id);
        if (problem) return Buffer.from(this.drawProblem(row, setting, page, problem));
        return this.drawOne(row, setting, page, cache);
      }),
    );
  }

  /** One row with what went wrong on it; never kept. */
  drawProblem(row: RollCallRow, setting: RowSetting, page: PageContext, problem: RowProblem): string {
    return this.render(row, setting, page, problem);
  }

  private drawOne(row: RollCallRow, setting: RowSetting, page: PageContext, cache: Map<number, Cached>): Buffer {
    const known = cache.get(row.id);
    if (
      known &&
      known.revision === row.revision &&
      known.state === row.state &&
      known.state_label === row.state_label &&
      known.first_name === row.first_name &&
      known.last_name === row.last_name &&
      known.identifier === row.identifier &&
      known.has_note === row.has_note &&
      sameDispute(known.dispute, row.dispute)
    )
      return known.html;
    const html = Buffer.from(this.render(row, setting, page));
    if (!known) this.kept++;
    cache.set(row.id, { ...row, html });
    return html;
  }

  private render(row: RollCallRow, setting: RowSetting, page: PageContext, problem?: RowProblem): string {
    const inUse = row.state === null || setting.states.some((state) => state.code === row.state);
    return this.views.render(
      'presence/_roll-call-row.njk',
      {
        row: {
          id: row.id,
          first: row.first_name,
          last: row.last_name,
          initials: initialsOf(row),
          identifier: row.identifier,
          revision: row.revision,
          state: row.state,
          note: row.has_note,
          other_label: inUse ? null : row.state_label,
          others: row.dispute?.others.map(({ name, state }) => ({
            name,
            state: state === null ? null : (setting.states.find(({ code }) => code === state)?.label ?? state),
          })),
          problem: problem ?? null,
        },
        session_id: setting.session,
        states: setting.states,
        editable: setting.editable,
      },
      page,
    );
  }

  private cacheOf(setting: RowSetting, page: PageContext): Map<number, Cached> {
    const states = setting.states.map((state) => `${state.code}=${state.label}`).join('|');
    const key = `${setting.session}\n${page.locale}\n${setting.editable}\n${states}`;
    let cache = this.drawn.get(key);
    if (cache) this.drawn.delete(key);
    else cache = new Map();
    this.drawn.set(key, cache);
    for (const [oldest, rows] of this.drawn) {
      if (this.kept <= ROWS_KEPT || oldest === key) break;
      this.kept -= rows.size;
      this.drawn.delete(oldest);
    }
    return cache;
  }
}

/** A row of a disputed mark tells who says otherwise: it is drawn anew when that changes. */
function sameDispute(a: Dispute | null, b: Dispute | null): boolean {
  if (a === null || b === null) return a === b;
  const told = ({ others }: Dispute) => JSON.stringify(others.map(({ name, state }) => [name, state]));
  return told(a) === told(b);
}

/** First letters of first and last name, as whole characters. */
function initialsOf(row: { first_name: string; last_name: string }): string {
  const first = (text: string) => [...text.trim()][0] ?? '';
  return (first(row.first_name) + first(row.last_name)).toUpperCase();
}
