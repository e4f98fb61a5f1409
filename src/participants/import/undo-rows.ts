import { setTimeout as sleep } from 'node:timers/promises';
import { LockMode, type EntityClass, type EntityManager } from '@mikro-orm/core';
import { User } from '../../auth/index.js';
import { transact } from '../../platform/database/transaction.js';
import { deleteRows, updateRows } from '../../platform/ledger/audited-rows.js';
import { GroupAssignment } from '../group-assignment.entity.js';
import { GroupMembership } from '../group-membership.entity.js';
import { Group, sortNameOf } from '../group.entity.js';
import { foldedNames, Participant } from '../participant.entity.js';
import { ImportRow } from './import-row.entity.js';
import { saveJob, type Job } from './job.js';
import { shown, type RowProblem } from './problem.js';
import { sameValue, type ImportedTable } from './taken.js';
import { HOLDS_OTHERS, inUse, type Use } from './undo-hooks.js';

const ENTITIES: Record<ImportedTable, EntityClass<any>> = {
  participants: Participant,
  groups: Group,
  group_memberships: GroupMembership,
  users: User,
  group_assignments: GroupAssignment,
};

/** Links are taken away first, then what they linked. */
const ORDER: ImportedTable[] = ['group_assignments', 'group_memberships', 'users', 'participants', 'groups'];
const CHUNK = 200;

type Values = Record<string, unknown>;
interface Step {
  entry: ImportRow;
  before: Values | null;
  after: Values;
}

/**
 * Takes back what an import did, newest first: what it made is deactivated (people, groups, accounts) or removed (links),
 * what it changed gets its old values back. What was changed or used since is passed over and named.
 * @returns false when the worker was asked to stop on the way
 */
export async function undoRows(
  em: EntityManager,
  job: Job,
  options: { stopping?: () => boolean; onChunk?: (processed: number) => void } = {},
): Promise<boolean> {
  let done = 0;
  for (const table of ORDER) {
    for (;;) {
      if (options.stopping?.()) return false;
      const started = performance.now();
      const found = await transact(em, 'import.undone', async (tx) => {
        const entries = await tx.find(
          ImportRow,
          { import: job.id, table, undone: null },
          { orderBy: { id: 'desc' }, limit: CHUNK, disableIdentityMap: true },
        );
        if (entries.length === 0) return 0;
        await undoChunk(tx, table, entries);
        await saveJob(tx, job, {});
        return entries.length;
      });
      if (found === 0) break;
      options.onChunk?.((done += found));
      await sleep(Math.max(5, (performance.now() - started) / 2));
    }
  }
  return true;
}

async function undoChunk(tx: EntityManager, table: ImportedTable, entries: ImportRow[]): Promise<void> {
  const ids = [...new Set(entries.map((entry) => Number(entry.record)))];
  // Held until the commit: what somebody changes meanwhile is either seen here, or comes after.
  const rows = await tx.find(ENTITIES[table], { id: { $in: ids } } as never, {
    orderBy: { id: 'asc' } as never,
    lockMode: LockMode.PESSIMISTIC_WRITE,
    disableIdentityMap: true,
  });
  const current = new Map<number, Values>(rows.map((row: any) => [Number(row.id), row as Values]));
  const used = await inUse(tx, table, [...current.values()]);

  const kept: { id: number; note: RowProblem }[] = [];
  const undone: number[] = [];
  const steps: Step[] = [];
  // One record may stand here twice (a group that two rows changed): the older change is undone after the newer one.
  const working = new Map<number, Values>();
  const keptParents = new Set<number>();
  for (const entry of entries) {
    const id = Number(entry.record);
    const before = entry.before ? (JSON.parse(entry.before) as Values) : null;
    const after = JSON.parse(entry.after ?? '{}') as Values;
    const row = working.get(id) ?? current.get(id);
    if (!row) {
      // Somebody removed it: there is nothing left to take back.
      undone.push(entry.id);
      continue;
    }
    const changed = Object.keys(after).find((name) => !sameValue(row[name], after[name]));
    const reason = changed
      ? changedSince(changed)
      : before === null
        ? (used.get(id) ?? (keptParents.has(id) ? HOLDS_OTHERS : null))
        : null;
    if (reason) {
      if (table === 'groups' && row.parent) keptParents.add(Number(row.parent));
      kept.push({
        id: entry.id,
        note: { row: entry.row, field: null, ...reason, params: { name: nameOf(row), ...reason.params } },
      });
      continue;
    }
    working.set(id, { ...row, ...(before ?? {}) });
    steps.push({ entry, before, after });
    undone.push(entry.id);
  }
  await takeBack(tx, table, steps, current);
  if (undone.length > 0) await tx.nativeUpdate(ImportRow, { id: { $in: undone } }, { undone: 'undone' });
  for (const { id, note } of kept) {
    const entry = entries.find((each) => each.id === id)!;
    const notes = [...(JSON.parse(entry.errors ?? '[]') as RowProblem[]), note];
    await tx.nativeUpdate(ImportRow, { id }, { undone: 'kept', errors: JSON.stringify(notes) });
  }
}

async function takeBack(
  tx: EntityManager,
  table: ImportedTable,
  steps: Step[],
  current: Map<number, Values>,
): Promise<void> {
  const entity = ENTITIES[table];
  const isLink = table === 'group_memberships' || table === 'group_assignments';
  const created = steps.filter(({ before }) => before === null);
  if (isLink && created.length > 0)
    await deleteRows(
      tx,
      entity,
      created.map(({ entry }) => ({ ...plain(current.get(Number(entry.record))!), id: Number(entry.record) })),
    );

  const next = new Map<number, Values>();
  for (const { entry, before } of steps) {
    const id = Number(entry.record);
    if (before !== null) next.set(id, { ...next.get(id), ...before });
    else if (table === 'users') next.set(id, { ...next.get(id), status: 'disabled' });
    else if (!isLink) next.set(id, { ...next.get(id), isActive: false });
  }
  const changes = [...next].map(([id, after]) => {
    const row = current.get(id)!;
    const names = Object.keys(after).filter((name) => !sameValue(row[name], after[name]));
    const pick = (from: Values) => Object.fromEntries(names.map((name) => [name, from[name] ?? null]));
    return { id, before: pick(row), after: { ...pick(after), ...derived(table, { ...row, ...after }, names) } };
  });
  await updateRows(
    tx,
    entity,
    changes.filter(({ after }) => Object.keys(after).length > 0),
  );
}

/** The folded columns follow the names. */
function derived(table: ImportedTable, row: Values, changed: string[]): Values {
  if (table === 'participants' && changed.some((name) => ['firstName', 'lastName', 'identifier'].includes(name)))
    return foldedNames(row as never);
  if (table === 'groups' && changed.includes('name')) return { sortName: sortNameOf(row.name as string) };
  return {};
}

const plain = (row: Values): Values => ({ ...row });

function changedSince(property: string): Use {
  const field = property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return {
    code: 'changed',
    message: '{name} was changed since ({field}), so it was left as it is.',
    params: { field },
  };
}

function nameOf(row: Values): string {
  if (typeof row.name === 'string') return shown(row.name);
  if (typeof row.firstName === 'string') return shown(`${row.firstName} ${String(row.lastName)}`);
  return `#${String(row.id)}`;
}
