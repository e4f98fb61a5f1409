/**
 * Spreadsheets take a cell of a text file for a formula when it begins with one of these, also behind white space, and run
 * it when the file is opened; the wide forms of the signs count as well. Apostrophes in front do not end here: what begins
 * with some already gets one more, so that exactly one can be taken away again.
 */
const LIVE = /^'*\s*[=+\-@＝＋－＠\t\r\n]/;
const MASKED = /^'+\s*[=+\-@＝＋－＠\t\r\n]/;

/** @returns the text as a cell of a CSV file in which nothing is live: where it could be a formula, an apostrophe leads it */
export const inert = (text: string): string => (LIVE.test(text) ? `'${text}` : text);

/** @returns what `inert` was given */
export const uninert = (text: string): string =>
  text.charCodeAt(0) === 39 && MASKED.test(text) ? text.slice(1) : text;
