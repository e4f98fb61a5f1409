import { kindSpec, type ImportKind } from '../import/kinds.js';
import { isErrorsColumn, recognise, sameColumn } from '../import/recognise.js';
import { extraCell } from '../import/taken.js';

/** Characters of a value that the importer takes, and of a head. */
const MOST_VALUE = 2000;
const MOST_HEAD = 200;
/** A file of the importer has at most 1,000 columns. */
const MOST_COLUMNS = 900;
const UNREADABLE = /(?![\t\r\n])[\p{Cc}\u{FFFD}]/u;

/**
 * Finds the keys of extra data that can be columns of a file which the importer reads as what it was. A key that cannot
 * be a head, or under which somebody has a value that no cell can hold, is left out as a whole: a column that were empty
 * for him would take his value away when the file comes back.
 */
export class ExtraColumns {
  private readonly keys = new Map<string, string>();
  private readonly refused = new Set<string>();

  /** @param heads of the file beside these columns */
  constructor(
    private readonly kind: ImportKind,
    private readonly heads: readonly string[],
  ) {}

  /** Looks at the extra data of one more row. */
  see(extra: Record<string, unknown>): void {
    for (const [key, value] of Object.entries(extra)) {
      if (this.refused.has(key)) continue;
      const cell = extraCell(value);
      if (!this.canBeHead(key) || [...cell].length > MOST_VALUE || UNREADABLE.test(cell) || !cell.isWellFormed()) {
        this.refused.add(key);
        if (this.keys.get(sameColumn(key)) === key) this.keys.delete(sameColumn(key));
      } else if (cell.trim() !== '') this.keys.set(sameColumn(key), key);
    }
  }

  /** @returns the keys, in the order in which they were met */
  chosen(): string[] {
    const chosen = [...this.keys.values()].slice(0, MOST_COLUMNS);
    // With some of them the file would pass for one of another system: those are left out until it does not.
    for (;;) {
      const found = recognise([...this.heads, ...chosen]).kind;
      if (found === this.kind || found === 'unknown') return chosen;
      const telling = chosen.findIndex((key) => kindSpec(found).identifiedBy.includes(sameColumn(key)));
      if (telling < 0) return chosen;
      chosen.splice(telling, 1);
    }
  }

  private canBeHead(key: string): boolean {
    const name = sameColumn(key);
    const first = this.keys.get(name);
    return (
      name !== '' &&
      key === key.trim() &&
      key.isWellFormed() &&
      key.length <= MOST_HEAD &&
      !/\p{Cc}|\u{FFFD}/u.test(key) &&
      // Heads that differ only in case or spaces are one to the importer.
      (first === undefined || first === key) &&
      !this.heads.some((head) => sameColumn(head) === name) &&
      name !== 'password' &&
      !isErrorsColumn(key)
    );
  }
}
