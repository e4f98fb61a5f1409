import { type CellValue, type Column, type Row } from './report-table.js';

/** A value as JSON has it: times are RFC 3339 in UTC. */
export const jsonValue = (value: CellValue): string | number | boolean | null =>
  value instanceof Date ? value.toISOString() : value;

/** @returns the rows as objects by the columns' keys */
export const jsonRows = (columns: Column[], rows: Row[]): Record<string, string | number | boolean | null>[] =>
  rows.map((row) => Object.fromEntries(columns.map(({ key }, at) => [key, jsonValue(row[at] ?? null)])));
