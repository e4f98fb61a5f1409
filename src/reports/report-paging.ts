import { z } from 'zod';

const write = (page: number): string => Buffer.from(`page ${page}`).toString('base64url');
const pageIn = (cursor: string): number =>
  Number(/^page ([1-9]\d{0,5})$/.exec(Buffer.from(cursor, 'base64url').toString('utf8'))?.[1] ?? 0);

/**
 * The cursor of a report is its next page: figures are of one moment each, and have no row after which they could go on.
 */
export const pageCursor = Object.assign(
  z
    .string()
    .max(100)
    .refine((cursor) => pageIn(cursor) > 0, { error: 'This cursor is not one that was given out.' })
    .optional(),
  { write },
);

/** @returns the page that is asked for by its number or by a cursor */
export const pageOf = (query: { page: number; per_page: number; cursor?: string | undefined }) => ({
  page: query.cursor ? pageIn(query.cursor) : query.page,
  per_page: query.per_page,
});
