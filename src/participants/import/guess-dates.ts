import { formatByName, guessOf } from './guess-heads.js';
import { kindSpec, type ImportKind } from './kinds.js';
import { TableRefused } from './problem.js';
import { type DateFormat } from './read-date.js';
import { readRows, type TableShape } from './read-table.js';
import { recognise } from './recognise.js';

/** So many rows are looked at: days after the 12th are among them, if there are any dates at all. */
const ROWS = 200;

/**
 * How dates are written, as far as these values tell.
 * @returns null when they do not: there are none, they begin with the year, or day and month could be either
 */
export function formatOf(values: Iterable<string>): DateFormat | null {
  let found: DateFormat | null = null;
  for (const value of values) {
    const [, first, sign, second] = /^\s*(\d{1,2})([/.-])(\d{1,2})\2(?:\d{4}|\d{2})\s*$/.exec(value) ?? [];
    if (sign === '.') return 'DD.MM.YYYY';
    if (Number(first) > 12) found ??= 'DD/MM/YYYY';
    else if (Number(second) > 12) found ??= 'MM/DD/YYYY';
  }
  return found;
}

/**
 * A mapping in which each column of dates says how its first values are written, where nobody said it and they tell.
 * @param file the path of the uploaded file
 * @param mapping {"CSV header": "field"}
 */
export async function withDateFormats(
  file: string,
  shape: TableShape,
  kind: ImportKind,
  mapping: Record<string, string>,
): Promise<Record<string, string>> {
  const { fields } = kindSpec(kind);
  const dates = shape.header.flatMap((name, at) => (fields[mapping[name] ?? '']?.date ? [{ name, at }] : []));
  if (dates.length === 0) return mapping;
  const values = dates.map((): string[] => []);
  try {
    let rows = 0;
    for await (const { cells } of readRows(file, shape)) {
      dates.forEach(({ at }, which) => values[which]!.push(cells[at] ?? ''));
      if (++rows === ROWS) break;
    }
  } catch (error) {
    // Where the file breaks off, the preview says so.
    if (!(error instanceof TableRefused)) throw error;
  }
  const dated = dates.flatMap(({ name }, which): [string, string][] => {
    const format = formatOf(values[which]!) ?? formatByName(name);
    return format ? [[name, `${mapping[name]}:${format}`]] : [];
  });
  return { ...mapping, ...Object.fromEntries(dated) };
}

/**
 * What a file with a list of people is taken for on the page, before anybody says otherwise: where its columns go by their
 * names, and how its dates are written.
 * @returns null when it is no list of people: then its head says what it is
 */
export async function guessFor(file: string, shape: TableShape) {
  const guess = guessOf(shape.header);
  const { kind, columns } = recognise(shape.header, guess ?? {});
  if (kind !== 'participants') return null;
  const dates = columns.flatMap(({ header, field, dateFormat }) => (dateFormat ? [[header, field] as const] : []));
  const mapping = { ...guess?.mapping, ...Object.fromEntries(dates) };
  const dated = await withDateFormats(file, shape, kind, mapping);
  const isSaid = ([header, field]: [string, string]) => Boolean(guess?.mapping[header]) || field.includes(':');
  return { kind, mapping: Object.fromEntries(Object.entries(dated).filter(isSaid)) };
}
