import type { ExtraData } from './drafts.js';
import { shown, type RowProblem } from './problem.js';
import { readDate } from './read-date.js';
import type { Column } from './recognise.js';

/** Control characters, and the mark that decoders leave where bytes were no character. */
const unreadable = /[\p{Cc}\u{FFFD}]/u;
/** The same where a value may have several lines. */
const unreadableInLines = /(?![\t\r\n])[\p{Cc}\u{FFFD}]/u;
const plain = /^[\x20-\x7e]*$/;
const email = /^[^\s@,;:<>()[\]"\\]+@[^\s@,;:<>()[\]"\\.]+(\.[^\s@,;:<>()[\]"\\.]+)+$/;
const flags = new Map(
  Object.entries({
    true: true,
    yes: true,
    '1': true,
    active: true,
    false: false,
    no: false,
    '0': false,
    inactive: false,
  }),
);

/** Most characters (code points) of a value in extra_data. */
const MOST_EXTRA = 2000;

/**
 * The cells of one row, asked for by field. Every question notes in `errors` what is wrong with the value, so that a
 * person hears everything about a row at once; the answer is then the harmless one of its type.
 * `undefined`: the file has no column for it; `null`: the cell is empty (or was refused).
 */
export class RowCells {
  readonly errors: RowProblem[] = [];
  readonly warnings: RowProblem[] = [];
  twoDigitYears = 0;

  constructor(
    private readonly row: number,
    private readonly cells: string[],
    private readonly columns: RowColumns,
  ) {}

  /** One line of text, trimmed and in Unicode form NFC; at most `most` code points. */
  text(field: string, most: number): string | null | undefined {
    const at = this.columns.fields.get(field);
    return at === undefined ? undefined : this.clean(at, field, most);
  }

  /** Text that every row must have. */
  required(field: string, most: number): string {
    const value = this.text(field, most);
    // Only an empty cell is missing: a refused one has had its sentence.
    if (value == null && !this.errors.some((error) => error.field === field)) {
      this.error(field, 'required', 'This row needs {field}.', { field });
    }
    return value ?? '';
  }

  /** Lower-cased; the shape of an address, not whether it exists. */
  email(field: string): string | null | undefined {
    const value = this.text(field, 255);
    return value == null ? value : this.shapedEmail(field, value);
  }

  /** An address that every row must have. */
  requiredEmail(field: string): string {
    const value = this.required(field, 255);
    return value === '' ? '' : (this.shapedEmail(field, value) ?? '');
  }

  /** YYYY-MM-DD, not after `latest`. `optional`: a date that cannot be read costs the date, not the row. */
  date(field: string, latest: string, { optional = false } = {}): string | null | undefined {
    const value = this.text(field, 100);
    if (value == null) return value;
    const found = readDate(
      value,
      this.columns.list[this.columns.fields.get(field)!]!.dateFormat ?? 'YYYY-MM-DD',
      latest,
    );
    if (found.date === null) {
      if (!optional) return this.error(field, 'invalid', found.message, found.params);
      this.warnings.push({ row: this.row, field, code: 'invalid', message: found.message, params: found.params });
      return null;
    }
    if (found.twoDigits) this.twoDigitYears++;
    return found.date;
  }

  /** true, yes, 1, active or false, no, 0, inactive, in any case; an empty cell says nothing. */
  flag(field: string): boolean | undefined {
    const value = this.text(field, 100);
    if (value == null) return undefined;
    const flag = flags.get(value.toLowerCase());
    if (flag === undefined) {
      this.error(field, 'invalid', 'Write yes or no instead of {value}.', { value: shown(value) });
    }
    return flag;
  }

  /** Parts between semicolons, none empty, none twice. */
  list(field: string, most: number): string[] | undefined {
    const value = this.text(field, 5000);
    if (value === undefined) return undefined;
    const parts = (value ?? '').split(';').map((part) => part.trim());
    for (const part of parts) if (length(part) > most) this.tooLong(field, part, most);
    return [...new Set(parts.filter((part) => part !== ''))];
  }

  /** The non-empty values of a field that several columns feed, none twice. */
  many(field: string, most: number): string[] {
    const values = this.columns.all(field).map((at) => this.clean(at, field, most));
    return [...new Set(values.filter((value) => value !== null))];
  }

  /** The non-empty cells of the columns that go to extra_data; they may have several lines. */
  extra(): ExtraData {
    const entries: [string, string][] = [];
    for (const at of this.columns.all('extra_data')) {
      const { header, key } = this.columns.list[at]!;
      const value = this.clean(at, header, MOST_EXTRA, unreadableInLines);
      if (value !== null) entries.push([key, value]);
    }
    return Object.fromEntries(entries);
  }

  error(field: string | null, code: string, message: string, params: RowProblem['params'] = {}): null {
    this.errors.push({ row: this.row, field, code, message, params });
    return null;
  }

  private shapedEmail(field: string, value: string): string | null {
    if (email.test(value)) return value.toLowerCase();
    return this.error(field, 'invalid', 'This is not an e-mail address: {value}.', { value: shown(value) });
  }

  private clean(at: number, field: string, most: number, refused = unreadable): string | null {
    let value = (this.cells[at] ?? '').trim();
    if (value === '') return null;
    if (!plain.test(value)) {
      value = value.normalize('NFC');
      const bad = refused.exec(value)?.[0];
      if (bad === '\u{FFFD}')
        return this.error(field, 'invalid', 'Some characters could not be read: {value}.', { value: shown(value) });
      if (bad !== undefined) {
        return this.error(field, 'invalid', 'This value holds an invisible control character ({character}): {value}.', {
          character: `U+${bad.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`,
          value: shown(value),
        });
      }
    }
    return length(value) > most ? this.tooLong(field, value, most) : value;
  }

  private tooLong(field: string, value: string, most: number): null {
    return this.error(field, 'too_long', 'This has {length} characters; at most {most} are possible: {value}.', {
      length: length(value),
      most,
      value: shown(value),
    });
  }
}

/** Where each field stands; made once for a file. */
export class RowColumns {
  readonly fields: ReadonlyMap<string, number>;
  private readonly every = new Map<string, number[]>();

  constructor(readonly list: Column[]) {
    list.forEach(({ field }, at) => this.every.set(field, [...this.all(field), at]));
    this.fields = new Map([...this.every].map(([field, [first]]) => [field, first!]));
  }

  all(field: string): readonly number[] {
    return this.every.get(field) ?? [];
  }
}

/** Characters as people count them, nearly: code points, as MySQL's VARCHAR does. */
function length(value: string): number {
  return plain.test(value) ? value.length : [...value].length;
}
