import { type Words } from '../report-table.js';

/** How a document of this organization looks, and for whom it was made. */
export interface Look {
  organization: string;
  /** IANA name: every time is shown in it. */
  timeZone: string;
  /** BCP 47: the language of the product's words, and how numbers, days and times are written. */
  locale: string;
  letterhead: {
    name: string;
    /** Address, telephone and the like, one per line. */
    lines: string[];
    /** Any usual picture; null: none. */
    logo: Buffer | null;
  };
  /** Translates a text of the product and fills its places. */
  words: (text: string, params?: Record<string, string | number>) => string;
  /** For a matrix: by the code of a state, the sign that stands in its cells, and what it means. */
  states?: Record<string, { sign: string; label: string }>;
  generatedAt: Date;
  /** The name of the person; null: made by a schedule. */
  generatedBy: string | null;
}

/** Texts of the product begin with a capital letter, also where the organization's own word comes first. */
export function said(look: Look, { text, params, literal }: Words): string {
  if (literal) return text;
  const [first = '', ...rest] = look.words(text, params);
  return first.toLocaleUpperCase(look.locale) + rest.join('');
}
