import { type EntityManager } from '@mikro-orm/core';
import { z } from 'zod';
import { instant, read } from '../database/read.js';
import { Problem } from '../http/problem.js';
import { canonicalJson } from '../text.js';

/** Tables whose forms tell what somebody else changed meanwhile. */
type Table = 'participants' | 'groups' | 'closing_days' | 'session_templates' | 'organizations';

/** What somebody believes to change. */
export interface Seen {
  /** The ETags of a program. */
  etag?: string | null;
  /** The version that a form was drawn from. */
  version?: number | null;
}

/** One field that became another one since a form was drawn. */
export interface ChangedField {
  /** The column, or the entry of the column `settings`: the name of the field as well. */
  field: string;
  /** Its value when the form was drawn. */
  was: unknown;
  by: string | null;
  at: Date;
}

/**
 * The version of a record that a form is drawn from: the newest line of its audit. Whoever changes the record holds it
 * locked, so its lines count up in the order in which they were committed.
 */
export async function versionOf(em: EntityManager, table: Table, id: number): Promise<number> {
  const [row] = await read<{ version: number | null }>(
    em,
    `select max(a.id) as version from audit_logs a
      where a.organization_id = :organization and a.table_name = :table and a.record_id = :id`,
    { table, id },
  );
  return Number(row?.version ?? 0);
}

/** The version that a form carries; null when it carries none that can be read. */
export const versionText = z.coerce.number().int().min(0).nullable().catch(null);

/**
 * Refuses a form that was drawn from an older version, if one of its own fields was changed since. Asked inside the
 * transaction, after the row was locked. Saving again with the new version wins knowingly.
 * @param version that the form carries; null when it carries none
 * @throws Problem 409 `stale`, with `changed` and the new `version` for the page
 */
export async function refuseStaleForm(
  tx: EntityManager,
  table: Table,
  id: number,
  version: number | null,
  fields: string[],
): Promise<void> {
  if (version === null) return;
  const changed = await changedSince(tx, table, id, version, fields);
  if (changed.length === 0) return;
  throw new Problem(
    409,
    { code: 'stale', message: 'Somebody changed this while you were typing. Look at what is new, then save again.' },
    { data: { changed, version: await versionOf(tx, table, id) } },
  );
}

async function changedSince(
  tx: EntityManager,
  table: Table,
  id: number,
  version: number,
  fields: string[],
): Promise<ChangedField[]> {
  const rows = await read<{
    old_values: string | null;
    new_values: string | null;
    changed_at: number | string;
    first_name: string | null;
    last_name: string | null;
  }>(
    tx,
    `select a.old_values, a.new_values, a.changed_at, u.first_name, u.last_name from audit_logs a
       left join users u on u.organization_id = a.organization_id and u.id = a.changed_by
      where a.organization_id = :organization and a.table_name = :table and a.record_id = :id and a.id > :version
      order by a.id`,
    { table, id, version },
  );
  const changed = new Map<string, ChangedField>();
  for (const row of rows) {
    const [before, after] = [row.old_values, row.new_values].map(fieldsIn) as [Values, Values];
    const by = `${row.first_name ?? ''} ${row.last_name ?? ''}`.trim() || null;
    for (const field of fields.filter((each) => canonicalJson(before[each]) !== canonicalJson(after[each]))) {
      const was = changed.has(field) ? changed.get(field)!.was : before[field];
      changed.set(field, { field, was, by, at: instant(row.changed_at) });
    }
  }
  return [...changed.values()];
}

type Values = Record<string, unknown>;

/** Settings count one by one: two people who change different ones do not stand in each other's way. */
function fieldsIn(audited: string | null): Values {
  const { settings, ...columns } = JSON.parse(audited ?? '{}') as { settings?: Values };
  return { ...columns, ...settings };
}

const text = (value: unknown): string => (value === null || value === undefined ? '' : String(value)).trim();

/** A field that was changed by somebody else, as the form shows it beside the own one. */
export interface Meanwhile extends ChangedField {
  /** The value as it stands now. */
  now: unknown;
  /** Whether the person typed something else there: both are shown, and his is what saving again keeps. */
  typed: boolean;
}

/**
 * What a refused form shows: everything that was typed; and where nothing was typed, what stands there now.
 * @param record as it stands now, by field
 */
export function besideTyped(
  values: Record<string, unknown>,
  changed: ChangedField[],
  record: object,
): { values: Record<string, unknown>; meanwhile: Meanwhile[] } {
  const current = record as Record<string, unknown>;
  const meanwhile = changed.map((each): Meanwhile => {
    const mine = text(values[each.field]);
    const typed = mine !== text(each.was) && mine !== text(current[each.field]);
    return { ...each, now: current[each.field], typed };
  });
  const untouched = meanwhile.filter(({ typed }) => !typed).map(({ field, now }) => [field, now]);
  return { values: { ...values, ...Object.fromEntries(untouched) }, meanwhile };
}
