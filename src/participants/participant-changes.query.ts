import { type EntityManager } from '@mikro-orm/core';
import { instant, read } from '../platform/database/read.js';
import { type PageMeta } from '../platform/http/paging.js';

/** One change of a record, as its page tells it. */
export interface RecordChange {
  /** What was done: `participant.changed`. */
  fact: string;
  at: Date;
  by: string | null;
  fields: { field: string; was: string | null; now: string | null }[];
}

/** What a page tells by name; the rest is told by the fact, or has its own place. */
const TOLD = new Set([
  ...['first_name', 'last_name', 'identifier', 'external_id', 'date_of_birth', 'email', 'phone', 'is_active'],
  'extra_data',
]);

const shown = (value: unknown): string | null =>
  value === null || value === undefined || value === ''
    ? null
    : typeof value === 'object'
      ? JSON.stringify(value)
      : typeof value === 'boolean'
        ? value
          ? 'yes'
          : 'no'
        : String(value);

/** Who changed what of a person, and when; the newest first. Two statements. */
export async function changesOf(
  em: EntityManager,
  participant: number,
  paging: { page: number; per_page: number },
): Promise<{ rows: RecordChange[]; meta: PageMeta }> {
  const where = `a.organization_id = :organization and a.table_name = 'participants' and a.record_id = :participant`;
  const rows = await read<{
    fact: string;
    action: string;
    old_values: string | null;
    new_values: string | null;
    changed_at: number | string;
    first_name: string | null;
    last_name: string | null;
  }>(
    em,
    `select a.fact, a.action, a.old_values, a.new_values, a.changed_at, u.first_name, u.last_name from audit_logs a
       left join users u on u.organization_id = a.organization_id and u.id = a.changed_by
      where ${where} order by a.id desc limit :take offset :skip`,
    { participant, take: paging.per_page, skip: (paging.page - 1) * paging.per_page },
  );
  const [count] = await read<{ total: number }>(em, `select count(*) as total from audit_logs a where ${where}`, {
    participant,
  });
  return {
    rows: rows.map((row) => {
      const [before, after] = [row.old_values, row.new_values].map((text) => JSON.parse(text ?? '{}'));
      // Who is new has no earlier values: the facts above tell what they are.
      const names = row.action === 'update' ? Object.keys(after).filter((name) => TOLD.has(name)) : [];
      return {
        fact: row.fact,
        at: instant(row.changed_at),
        by: `${row.first_name ?? ''} ${row.last_name ?? ''}`.trim() || null,
        fields: names.map((field) => ({ field, was: shown(before[field]), now: shown(after[field]) })),
      };
    }),
    meta: { ...paging, total: Number(count!.total), next: null },
  };
}
