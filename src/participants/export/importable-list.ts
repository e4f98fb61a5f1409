/** A list that the importer reads: heads in the file's words, and cells as it reads them, piece by piece. */
export interface ImportableList {
  heads: string[];
  /** How many rows there are. */
  total: number;
  rows: AsyncIterable<(string | null)[][]>;
}

/** Whose rows a list holds. */
export interface ListScope {
  /** Only these groups, or the people in them; null: all. */
  groups: number[] | null;
  /** The organization's day: memberships of today count. */
  today: string;
}

/** Rows that are read at a time. */
export const CHUNK = 1000;
