import { fold } from '../text.js';
import { type Parameters } from './read.js';

const WORDS = 6;

/**
 * A condition for `read()`: every word of the search is somewhere in the folded column.
 * @param column SQL of a column that holds folded text
 * @param q what the person typed; at most six words count
 * @returns SQL and its values; `1 = 1` when nothing was typed
 */
export function searchCondition(column: string, q: string | undefined): { sql: string; parameters: Parameters } {
  const words = fold(q ?? '')
    .split(' ')
    .filter(Boolean)
    .slice(0, WORDS);
  if (words.length === 0) return { sql: '1 = 1', parameters: {} };
  const name = (at: number) => `word_${'abcdef'[at]}`;
  return {
    sql: words.map((_, at) => `${column} like :${name(at)} escape '!'`).join(' and '),
    parameters: Object.fromEntries(words.map((word, at) => [name(at), `%${word.replace(/[!%_]/g, '!$&')}%`])),
  };
}
