import { z } from 'zod';

/** A whole number of a query or of JSON. */
export const count = (min: number, max: number) =>
  z
    .union([z.int(), z.string().regex(/^\d{1,9}$/)], { error: `A whole number from ${min} to ${max} belongs here.` })
    .transform(Number)
    .pipe(
      z
        .int()
        .min(min, `A whole number from ${min} to ${max} belongs here.`)
        .max(max, `A whole number from ${min} to ${max} belongs here.`),
    );

/** `?page=1&per_page=50` or `?cursor=...`: a cursor never skips or repeats a row while others write. */
export const pagingFields = {
  page: count(1, 1_000_000).default(1),
  per_page: count(1, 500).default(50),
  cursor: z
    .string()
    .max(100)
    .refine((cursor) => afterCursor(cursor) > 0, { error: 'This cursor is not one that was given out.' })
    .optional(),
};

export interface Paging {
  page: number;
  per_page: number;
  cursor?: string | undefined;
}

export interface PageMeta {
  page: number;
  per_page: number;
  total: number;
  next: string | null;
  total_exact?: boolean;
}

/** The cursor after a row of a list that is ordered by id. */
export const cursorOf = (id: number): string => Buffer.from(String(id)).toString('base64url');

/** @returns the id after which the list goes on; 0 when the cursor cannot be read */
export function afterCursor(cursor: string | undefined): number {
  if (!cursor) return 0;
  const id = Number(Buffer.from(cursor, 'base64url').toString('utf8'));
  return Number.isSafeInteger(id) && id > 0 ? id : 0;
}
