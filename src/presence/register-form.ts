import { uuidV5 } from '../platform/text.js';
import { uuid } from '../platform/http/parse.js';
import { Problem } from '../platform/http/problem.js';
import { type Mark } from './mark.js';

/** What the plain form shows of each row: the base on which its radios stand. */
export interface Shown {
  participant: number;
  revision: number;
  state: string | null;
}

/** One text for the whole form: `participant:revision:state|…`. One field instead of one a row. */
export const shownText = (rows: { id: number; revision: number; state: string | null }[]): string =>
  rows.map((row) => `${row.id}:${row.revision}:${row.state ?? ''}`).join('|');

const incomplete = () =>
  new Problem(422, {
    code: 'malformed',
    message: 'The form did not arrive whole, so nothing was saved. Please go back, reload the page and save again.',
  });

/** @throws Problem 422 when the text is not one that we wrote */
export function parseShown(text: unknown): Shown[] {
  if (typeof text !== 'string' || text.length > 1_000_000) throw incomplete();
  if (text === '') return [];
  return text.split('|').map((part) => {
    const match = /^([1-9]\d{0,14}):(\d{1,9}):([^:|]{0,50})$/.exec(part);
    if (!match) throw incomplete();
    return { participant: Number(match[1]), revision: Number(match[2]), state: match[3] || null };
  });
}

/**
 * The acts in a plain form: only rows whose radio differs from the one that was shown. The operation id follows from the
 * page's nonce, the person, the base and the choice: a double submit collapses, Back with another choice is another act.
 * @param body the form: `nonce`, `shown`, `s<participant>` = state code or '' (take away), and `complete=1` at its end
 * @throws Problem 422 when the end is missing, so that a form that was cut is refused whole
 */
export function marksOfForm(body: Record<string, unknown>): Mark[] {
  const nonce = String(body.nonce ?? '');
  if (body.complete !== '1' || !uuid.safeParse(nonce).success) throw incomplete();
  const shown = parseShown(body.shown);
  const known = new Set(shown.map((row) => `s${row.participant}`));
  if (Object.keys(body).some((name) => /^s\d+$/.test(name) && !known.has(name))) throw incomplete();
  return shown.flatMap((row): Mark[] => {
    const value = body[`s${row.participant}`];
    if (value === undefined) return [];
    if (typeof value !== 'string') throw incomplete();
    const state = value === '' ? null : value;
    if (state === row.state) return [];
    const name = `${row.participant}:${row.revision}:${value}`;
    return [{ opId: uuidV5(nonce, name), participant: row.participant, state, base: row.revision }];
  });
}
