/**
 * What is told to a person about a file, a column or a row. `message` is an English sentence that is also the key of
 * its translation; `{name}` in it stands for `params.name`.
 */
export interface Told {
  code: string;
  message: string;
  params: Record<string, string | number>;
}

/** Something wrong (or worth knowing) about one row. `field` is our field, or the column's header for extra data. */
export interface RowProblem extends Told {
  /** Record number in the file; the header is record 1, blank lines are not records. */
  row: number;
  field: string | null;
}

/** The sentence with its values put in: for logs and for whoever has no translation. */
export function sentence({ message, params }: Pick<Told, 'message' | 'params'>): string {
  return message.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}

/** A value as it may stand in a sentence: at most 60 characters, nothing invisible. */
export function shown(value: string): string {
  const clean = value.replace(/\p{Cc}/gu, '\u{FFFD}');
  const points = clean.length > 60 ? [...clean] : [];
  return points.length > 60 ? `${points.slice(0, 59).join('')}…` : clean;
}

/** The refusals of a whole file: code → HTTP status (contract: not CSV 415, over 50 MB 413, empty 422) and sentence. */
const refusals = {
  empty: [422, 'This file is empty. Choose the file that holds your list.'],
  only_header: [422, 'This file has a first line with column names, but no rows below it.'],
  no_header: [422, 'The first line of this file must hold the names of the columns.'],
  duplicate_column: [422, 'The column {column} stands twice in the first line. Rename or remove one of the two.'],
  too_many_columns: [422, 'Row {row} has more than {most} columns. Check the separators of this file.'],
  quote_not_closed: [422, 'Row {row} opens a quotation mark that is never closed. Close it and upload the file again.'],
  row_too_long: [
    422,
    'Row {row} is too long, perhaps because a quotation mark is never closed. Correct it and upload again.',
  ],
  not_csv: [415, 'This is {what}, not a CSV file. Save your list as CSV and upload that file.'],
  broken_archive: [422, 'This archive cannot be opened. Make it again, or send the files one by one.'],
  locked_archive: [422, 'This file is locked by a password. Save it without one.'],
  archive_too_large: [413, 'Unpacked this file holds more than {most} MB. Split it into smaller files.'],
  too_many_files: [422, 'This archive holds more than {most} CSV files. Send the ones that count.'],
  nothing_needed: [
    422,
    'Nothing in this archive is needed: it holds no organizations, classes, users or enrollments of OneRoster.',
  ],
  only_in_archive: [
    422,
    'This is a file of OneRoster that is not imported by itself. Where it is needed it is read from the ZIP archive of all of them.',
  ],
  broken_workbook: [422, 'This workbook cannot be read. Save it again as .xlsx, or as CSV.'],
  too_many_rows: [422, 'This sheet has more rows than a sheet can have ({most}). Save the rows that count as CSV.'],
  too_large: [413, 'This file is larger than {most} MB. Split it into smaller files.'],
} as const satisfies Record<string, readonly [number, string]>;

/** The one error the reader of files throws: the file as a whole cannot be taken. */
export class TableRefused extends Error implements Told {
  readonly status: number;
  /** The sentence before its values are put in (`message` has them): the key of the translation. */
  readonly template: string;
  constructor(
    readonly code: keyof typeof refusals,
    readonly params: Told['params'] = {},
  ) {
    const [status, template] = refusals[code];
    super(sentence({ message: template, params }));
    this.name = 'TableRefused';
    this.status = status;
    this.template = template;
  }
}
