/**
 * What a plain form of a register means: for the server, and for the service worker that keeps a form when the network is
 * gone. No code in here that a browser could not carry.
 */

/** What the plain form shows of each row: the base on which its radios stand. */
export interface Shown {
  participant: number;
  revision: number;
  state: string | null;
}

/** A row whose radio differs from the one that was shown. */
export interface ChangedRow {
  participant: number;
  revision: number;
  /** What was chosen: a state, or null (take the mark away). */
  state: string | null;
  /** The state that the page showed. */
  shown: string | null;
}

/** One text for the whole form: `participant:revision:state|…`. One field instead of one a row. */
export const shownText = (rows: { id: number; revision: number; state: string | null }[]): string =>
  rows.map((row) => `${row.id}:${row.revision}:${row.state ?? ''}`).join('|');

/** @returns null when the text is not one that we wrote */
export function parseShown(text: unknown): Shown[] | null {
  if (typeof text !== 'string' || text.length > 1_000_000) return null;
  if (text === '') return [];
  const rows: Shown[] = [];
  for (const part of text.split('|')) {
    const match = /^([1-9]\d{0,14}):(\d{1,9}):([^:|]{0,50})$/.exec(part);
    if (!match) return null;
    rows.push({ participant: Number(match[1]), revision: Number(match[2]), state: match[3] || null });
  }
  return rows;
}

/**
 * @param body the form: `shown`, `s<participant>` = state code or '' (take away), and `complete=1` at its end
 * @returns only the rows that were changed; null when the form did not arrive whole
 */
export function changedRows(body: Record<string, unknown>): ChangedRow[] | null {
  const shown = body.complete === '1' ? parseShown(body.shown) : null;
  if (!shown) return null;
  const known = new Set(shown.map((row) => `s${row.participant}`));
  if (Object.keys(body).some((name) => /^s\d+$/.test(name) && !known.has(name))) return null;
  const changed: ChangedRow[] = [];
  for (const { participant, revision, state: was } of shown) {
    const value = body[`s${participant}`];
    if (value === undefined) continue;
    if (typeof value !== 'string') return null;
    const state = value === '' ? null : value;
    if (state !== was) changed.push({ participant, revision, state, shown: was });
  }
  return changed;
}
