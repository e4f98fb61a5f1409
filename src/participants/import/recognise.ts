import { uninert } from '../../platform/inert.js';
import { importKinds, kindSpec, type ImportKind } from './kinds.js';
import type { Told } from './problem.js';
import { dateFormats, type DateFormat } from './read-date.js';

/** What becomes of one column of the file. */
export interface Column {
  /** As written in the file. */
  header: string;
  /** A field of the kind; `extra_data`: kept beside the fields; `left_out`: not taken at all. */
  field: string;
  /** Key of the value in extra_data. */
  key: string;
  /** How dates in this column are written; only columns of a date field have it. */
  dateFormat?: DateFormat;
  /** A secret: never kept whatever anybody chooses, and its values are shown to nobody. */
  secret?: true;
}

/** What a file was recognised as: shown to a person, who may change the mapping and have it recognised again. */
export interface Recognition {
  kind: ImportKind | 'unknown';
  /** One for each column of the file, in the file's order. */
  columns: Column[];
  /** The same as {"CSV header": "field"}; a date that is not YYYY-MM-DD says so: "date_of_birth:DD.MM.YYYY". */
  mapping: Record<string, string>;
  /** Headers whose values go to extra_data. */
  extraData: string[];
  /** Headers that are not taken: not needed, sensitive on purpose, or the person's choice. */
  leftOut: string[];
  /** Fields that are known for this kind but have no column: an import leaves them as they are. */
  absent: string[];
  /** Empty, or why this mapping cannot be used. `field` is a field or a header. */
  problems: (Told & { field: string })[];
}

/** The person's word over the guess. `kind` without `mapping` takes the known headers of that kind. */
export interface RecogniseChoice {
  kind?: ImportKind;
  /** {"CSV header": "field" | "field:DATE FORMAT" | "extra_data" | "left_out"}; columns not named are guessed. */
  mapping?: Record<string, string>;
}

/** Columns of any file that are never kept, whatever anybody chooses. */
const SECRETS = new Set(['password']);

/** The column that a file of rows that were not taken ends with (errors/error-file.ts): it says why, and is ours. */
export const ERRORS_COLUMN = 'import_errors';

export const isErrorsColumn = (header: string): boolean => sameColumn(header) === ERRORS_COLUMN;

/** Any order and case; spaces, underscores and hyphens equal (contract, "CSV columns"). */
export function sameColumn(header: string): string {
  return header
    .normalize('NFC')
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, '_')
    .replace(/^_+|_+$/g, '');
}

/**
 * Decides from the header (TableShape.header) what kind of file this is and where each column goes. Never throws:
 * what is wrong stands in `problems`. Rules: contract, "CSV columns"; files of Clever and OneRoster by their heads.
 */
export function recognise(header: string[], choice: RecogniseChoice = {}): Recognition {
  const names = header.map(sameColumn);
  const kind = choice.kind ?? importKinds.find((known) => kindSpec(known).identifiedBy.every((h) => names.includes(h)));
  if (!kind) return unknown(header);

  const { fields, leftOut, others, kept = {} } = kindSpec(kind);
  const clever = kind.startsWith('clever_');
  const problems: Recognition['problems'] = [];
  const chosen = readChoice(names, choice.mapping ?? {}, problems);
  const taken = new Set([...chosen.values()].map(({ field }) => field));

  const columns = header.map((name, at): Column => {
    const keptAs = Object.hasOwn(kept, names[at]!) ? kept[names[at]!] : undefined;
    const column = { header: name, key: keptAs ?? (clever ? names[at]! : uninert(name)) };
    if (name === '') return { ...column, field: 'left_out' };
    if (SECRETS.has(names[at]!)) return { ...column, field: 'left_out', secret: true };
    const own = chosen.get(names[at]!);
    if (own) return { ...column, ...own };
    if (leftOut.includes(names[at]!) || isErrorsColumn(name)) return { ...column, field: 'left_out' };
    const guess = Object.entries(fields).find(([field, spec]) => {
      return spec.headers.includes(names[at]!) && (spec.many || !taken.has(field));
    })?.[0];
    if (guess) taken.add(guess);
    return { ...column, field: guess ?? (keptAs ? 'extra_data' : others) };
  });

  for (const column of columns) {
    const spec = Object.hasOwn(fields, column.field) ? fields[column.field] : undefined;
    if (spec?.date) column.dateFormat ??= clever ? 'MM/DD/YYYY' : 'YYYY-MM-DD';
    else if (column.dateFormat) problems.push(noDate(column));
    if (!spec && !isPlace(column.field)) problems.push(noField(column));
    const twin = columns.find((other) => other !== column && other.field === column.field);
    if (spec && !spec.many && twin && columns.indexOf(twin) < columns.indexOf(column))
      problems.push(twice(column, twin));
  }
  const absent = Object.keys(fields).filter((field) => !columns.some((column) => column.field === field));
  for (const field of absent) {
    if (fields[field]!.required) problems.push(noColumn(field));
  }
  return { ...summary(columns), kind, absent, problems };
}

const isPlace = (field: string) => field === 'extra_data' || field === 'left_out';

function readChoice(names: string[], mapping: Record<string, string>, problems: Recognition['problems']) {
  const chosen = new Map<string, Pick<Column, 'field' | 'dateFormat'>>();
  for (const [header, value] of Object.entries(mapping)) {
    const name = sameColumn(header);
    if (name === '' || !names.includes(name)) {
      problems.push({
        field: header,
        code: 'unknown_field',
        message: 'The file has no column {column}.',
        params: { column: header },
      });
      continue;
    }
    const [field = '', ...format] = value.trim().split(':');
    const dateFormat = dateFormats.find((known) => known === format.join(':').trim().toUpperCase());
    if (format.length > 0 && !dateFormat) {
      problems.push({
        field: header,
        code: 'invalid',
        message: 'The date format {format} is not known. Known are: {known}.',
        params: { format: format.join(':'), known: dateFormats.join(', ') },
      });
    }
    chosen.set(name, { field: field.trim() || 'left_out', ...(dateFormat && { dateFormat }) });
  }
  return chosen;
}

function summary(columns: Column[]) {
  const named = columns.filter((column) => column.header !== '');
  const withFormat = ({ field, dateFormat }: Column) =>
    dateFormat && dateFormat !== 'YYYY-MM-DD' ? `${field}:${dateFormat}` : field;
  return {
    columns,
    mapping: Object.fromEntries(named.map((column) => [column.header, withFormat(column)])),
    extraData: named.filter(({ field }) => field === 'extra_data').map(({ header }) => header),
    leftOut: named.filter(({ field }) => field === 'left_out').map(({ header }) => header),
  };
}

function unknown(header: string[]): Recognition {
  const columns = header.map((name): Column => {
    const column = { header: name, key: name, field: 'left_out' };
    return SECRETS.has(sameColumn(name)) ? { ...column, secret: true } : column;
  });
  const message =
    'The columns of this file are not known. A list of {participants} needs first_name and last_name, a list of {groups} needs group_name.';
  const problems = [{ field: 'header', code: 'invalid', message, params: {} }];
  return { ...summary(columns), kind: 'unknown', absent: [], problems };
}

const noColumn = (field: string) => ({
  field,
  code: 'required',
  message: 'No column holds {field}, which every row needs. Choose the column.',
  params: { field },
});
const noField = ({ header, field }: Column) => ({
  field: header,
  code: 'unknown_field',
  message: 'The column {column} cannot go to {field}: there is no such field.',
  params: { column: header, field },
});
const noDate = ({ header, field }: Column) => ({
  field: header,
  code: 'invalid',
  message: 'The column {column} goes to {field}, which is no date, so it has no date format.',
  params: { column: header, field },
});
const twice = ({ header, field }: Column, other: Column) => ({
  field,
  code: 'taken',
  message: 'The columns {first} and {second} both go to {field}. Choose one of them.',
  params: { first: other.header, second: header, field },
});
