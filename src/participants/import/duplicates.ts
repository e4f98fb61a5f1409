import type { Draft } from './drafts.js';
import { shown, type RowProblem } from './problem.js';

/**
 * Notes what must be unique within one file and tells of the second one. Give it every draft in the file's order; it
 * answers null, or the error for this row (code `taken`, naming the first row). Memberships may repeat (the second changes
 * nothing), also those on rows of a groups file.
 * Memory: one string for each value.
 */
export function duplicateFinder(): (row: number, draft: Draft) => RowProblem | null {
  const firstRows = new Map<string, Map<string, number>>();
  return (row, draft) => {
    const claims = uniqueValues(draft);
    for (const [field, value] of claims) {
      const first = firstRows.get(field)?.get(value);
      if (first !== undefined) return taken(row, field, value, first);
    }
    for (const [field, value] of claims) {
      const rows = firstRows.get(field) ?? new Map<string, number>();
      firstRows.set(field, rows.set(value, row));
    }
    return null;
  };
}

const taken = (row: number, field: string, value: string, first: number): RowProblem => ({
  row,
  field,
  code: 'taken',
  message: '{value} stands in row {first} already. Each {field} may stand in one row only.',
  params: { value: shown(value), first, field },
});

/** The values nobody else in the file may have, each with the field it is told by; compared byte for byte (schema.md). */
function uniqueValues(draft: Draft): [field: string, value: string][] {
  switch (draft.type) {
    case 'participant':
      return present(['identifier', draft.identifier], ['external_id', draft.external_id]);
    case 'user':
      return present(['external_id', draft.external_id], ['email', draft.email || null]);
    case 'group':
      return draft.member ? [] : present(['external_id', draft.external_id]);
    case 'person':
      return present(['external_id', draft.external_id]);
    case 'enrollment':
      return present(['enrollment_id', draft.enrollment_id]);
    case 'membership':
      return [];
  }
}

function present(...values: [string, string | null | undefined][]): [string, string][] {
  return values.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
}
