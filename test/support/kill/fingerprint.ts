import { type EntityManager } from '@mikro-orm/core';
import { GroupMembership, Participant } from '../../../src/participants/index.js';
import { inOrganization } from '../../../src/platform/database/in-organization.js';
import { type Orm } from '../../../src/platform/database/orm.js';
import { AuditLog } from '../../../src/platform/ledger/audit-log.entity.js';
import { PresenceOperation, PresenceRecord, PresenceState, SyncConflict } from '../../../src/presence/index.js';
import { type Register } from './lanes.js';

/** One register and the operations that were sent to it. */
export interface Trace {
  register: Register;
  stranger: number;
  ops: { op_id: string }[];
}

/** Every row of one organization that a sync may write, read once. */
interface Rows {
  cells: PresenceRecord[];
  receipts: PresenceOperation[];
  conflicts: SyncConflict[];
  people: Participant[];
  memberships: GroupMembership[];
  states: Map<number, string>;
  audit: Map<string, AuditLog[]>;
}

export function rowsOf(orm: Orm, organization: number): Promise<Rows> {
  return inOrganization(orm, { organizationId: organization, source: 'cli' }, async (em: EntityManager) => {
    const audit = new Map<string, AuditLog[]>();
    for (const row of await em.find(AuditLog, {}, { orderBy: { id: 'asc' } })) {
      const key = `${row.tableName} ${row.recordId}`;
      audit.set(key, [...(audit.get(key) ?? []), row]);
    }
    const byId = { orderBy: { id: 'asc' } } as const;
    return {
      cells: await em.find(PresenceRecord, {}, byId),
      receipts: await em.find(PresenceOperation, {}, byId),
      conflicts: await em.find(SyncConflict, {}, byId),
      people: await em.find(Participant, { externalId: { $like: 'spot:%' } }, byId),
      memberships: await em.find(GroupMembership, {}, byId),
      states: new Map((await em.find(PresenceState, {})).map((state) => [state.id, state.code])),
      audit,
    };
  });
}

/**
 * What stands in the tables of one register and in the audit of it, without ids and times: two registers in which the same
 * was done have the same fingerprint, whatever interrupted the one of them.
 */
export function fingerprint(rows: Rows, { register, stranger, ops }: Trace): string[] {
  const person = (id: number | null | undefined) =>
    id == null
      ? 'nobody'
      : id === stranger
        ? 'stranger'
        : register.people.includes(id)
          ? `person ${register.people.indexOf(id)}`
          : 'somebody new';
  const op = (id: string | null | undefined) => {
    const at = ops.findIndex((each) => each.op_id === id);
    return id == null ? 'none' : at < 0 ? 'another' : `op ${at}`;
  };
  const lines: string[] = [];
  const tell = (name: string, table: string, id: number, values: object) => {
    lines.push(`${name}: ${JSON.stringify(values)}`);
    // Table by table, in the order of writing: who wrote, and by which fact.
    for (const { action, fact, opId, newValues } of rows.audit.get(`${table} ${id}`) ?? []) {
      const columns = Object.keys(JSON.parse(newValues ?? '{}') as object).sort();
      lines.push(`${name} audit: ${action} ${fact} ${op(opId)} ${action === 'create' ? '' : columns.join(' ')}`);
    }
  };
  for (const cell of rows.cells.filter((each) => each.session === register.session)) {
    const { revision, presenceState, note, disputed, reason, opId } = cell;
    tell(`cell of ${person(cell.participant)}`, 'presence_records', cell.id, {
      revision,
      state: presenceState && rows.states.get(presenceState),
      note,
      disputed,
      reason,
      op: op(opId),
    });
  }
  const mine = new Set(ops.map((each) => each.op_id));
  const receipts = rows.receipts.filter((each) => each.session === register.session || mine.has(each.opId));
  for (const receipt of receipts.sort((a, b) => op(a.opId).localeCompare(op(b.opId)) || a.id - b.id)) {
    const { kind, outcome, code, flags, revision, settlement, settledReason, waitsFor, conflict, participant } =
      receipt;
    tell(`receipt of ${op(receipt.opId)}`, 'presence_operations', receipt.id, {
      kind,
      outcome,
      code,
      flags,
      revision,
      settlement,
      settledReason,
      waitsFor: op(waitsFor),
      conflict: conflict !== null,
      participant: person(participant),
    });
  }
  for (const conflict of rows.conflicts.filter((each) => each.session === register.session)) {
    const { status, isOpen, resolution, revision, suggestion, reason } = conflict;
    tell(`conflict of ${person(conflict.participant)}`, 'sync_conflicts', conflict.id, {
      status,
      isOpen,
      resolution,
      revision,
      suggestion,
      reason,
      taken: conflict.resolvedWith !== null,
    });
  }
  for (const { id, externalId, firstName } of rows.people.filter((each) => mine.has(each.externalId!.slice(5)))) {
    tell('somebody new', 'participants', id, { by: op(externalId!.slice(5)), firstName });
    for (const { id: membership, group } of rows.memberships.filter((each) => each.participant === id))
      tell('membership', 'group_memberships', membership, { here: group === register.group });
  }
  return lines;
}

/** What must hold of every register by itself, whatever was done in it. @returns one sentence for each breach */
export function breaches(rows: Rows, { register, ops }: Trace): string[] {
  const found: string[] = [];
  for (const { op_id } of ops) {
    const receipts = rows.receipts.filter((each) => each.opId === op_id).length;
    if (receipts !== 1) found.push(`operation ${op_id} has ${receipts} receipts`);
  }
  for (const cell of rows.cells.filter((each) => each.session === register.session)) {
    const revisions = (rows.audit.get(`presence_records ${cell.id}`) ?? [])
      .map((row) => (JSON.parse(row.newValues ?? '{}') as { revision?: number }).revision)
      .filter((revision) => revision !== undefined);
    const expected = Array.from({ length: cell.revision }, (_, at) => at + 1);
    if (revisions.join() !== expected.join())
      found.push(`the cell of ${cell.participant} went through the revisions ${revisions.join()}`);
  }
  const cells = rows.cells.filter((each) => each.session === register.session).map((each) => each.participant);
  if (new Set(cells).size !== cells.length) found.push('somebody has two cells');
  return found;
}
