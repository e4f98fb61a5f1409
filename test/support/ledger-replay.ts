import { type EntityManager } from '@mikro-orm/core';
import { type Orm } from '../../src/platform/database/orm.js';
import { AuditLog } from '../../src/platform/ledger/audit-log.entity.js';
import { auditDigest, isAudited, valuesOf, type Values } from '../../src/platform/ledger/ledger.js';
import { canonicalJson, sha256 } from '../../src/platform/text.js';

/** Tables whose rows have an audit row only where no other table tells of them: what is told must be true. */
const PARTLY_AUDITED = new Set(['presence_operations']);
/** Tables that are a memory, of which the audit tells one act of a person (a device was revoked, a file was asked for), not the row's life. */
const TOLD_OF = new Set(['sync_clients', 'exports']);

/**
 * The proof that nothing is written past the ledger: replays the audit rows of an organization and compares the result
 * with its tables, row for row and column for column. Every world runs it when it closes, so every database test
 * proves it for the write paths that it used.
 * @returns one sentence for each difference; empty when the ledger tells the whole truth
 */
export async function ledgerDifferences(orm: Orm, organization: number): Promise<string[]> {
  const em = orm.em.fork({ disableContextResolution: true, clear: true }) as EntityManager;
  em.setFilterParams('tenant', { organization });
  const differences: string[] = [];
  const told = new Map<string, Values | null>();
  for (const row of await em.find(AuditLog, {}, { orderBy: { id: 'asc' } })) {
    if (row.oldValues && sha256(row.oldValues) !== row.oldDigest) differences.push(`audit ${row.id}: old digest`);
    if (row.newValues && sha256(row.newValues) !== row.newDigest) differences.push(`audit ${row.id}: new digest`);
    if (auditDigest(row) !== row.digest) differences.push(`audit ${row.id}: digest`);
    if (TOLD_OF.has(row.tableName)) continue;
    const key = `${row.tableName} ${row.recordId}`;
    const before = told.get(key) ?? {};
    for (const [column, value] of Object.entries(row.oldValues ? (JSON.parse(row.oldValues) as Values) : {}))
      if (row.action === 'update' && canonicalJson(before[column] ?? null) !== canonicalJson(value))
        differences.push(
          `${key}: audit ${row.id} says ${column} was ${canonicalJson(value)}, not ${canonicalJson(before[column] ?? null)}`,
        );
    told.set(key, row.action === 'delete' ? null : { ...before, ...(JSON.parse(row.newValues ?? '{}') as Values) });
  }
  const seen = new Set<string>();
  for (const meta of orm.getMetadata().getAll().values()) {
    const partly = PARTLY_AUDITED.has(meta.tableName);
    if (!isAudited(meta.tableName) && !partly) continue;
    const where = meta.tableName === 'organizations' ? { id: organization } : {};
    for (const entity of await em.find(meta.class as any, where)) {
      const key = `${meta.tableName} ${(entity as any).id}`;
      seen.add(key);
      const actual = valuesOf(meta, entity as any);
      const expected = told.get(key);
      if (!expected && partly) continue;
      if (!expected) {
        differences.push(`${key} stands in the table, but no audit row tells of it`);
        continue;
      }
      // A row that was told of only when it changed has told only what changed.
      for (const column of Object.keys(partly ? expected : actual))
        if (canonicalJson(actual[column] ?? null) !== canonicalJson(expected[column] ?? null))
          differences.push(
            `${key}: ${column} is ${canonicalJson(actual[column])}, the audit says ${canonicalJson(expected[column] ?? null)}`,
          );
    }
  }
  for (const [key, values] of told)
    if (values && !seen.has(key)) differences.push(`${key} is told of, but does not stand in the table`);
  return differences;
}
