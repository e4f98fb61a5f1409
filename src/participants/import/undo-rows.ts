import { setTimeout as sleep } from 'node:timers/promises';
import { LockMode, type EntityClass, type EntityManager } from '@mikro-orm/core';
import { endAccess, User, voidLinks } from '../../auth/index.js';
import { transact } from '../../platform/database/transaction.js';
import { deleteRows, insertRows, updateRows } from '../../platform/ledger/audited-rows.js';
import { GroupAssignment } from '../group-assignment.entity.js';
import { GroupMembership } from '../group-membership.entity.js';
import { Group, sortNameOf } from '../group.entity.js';
import { oneMoveAtATime } from '../group-input.js';
import { foldedNames, Participant } from '../participant.entity.js';
import { ImportRow } from './import-row.entity.js';
import { saveJob, type Job } from './job.js';
import { shown, type RowProblem } from './problem.js';
import { sameValue, type ImportedTable } from './taken.js';
import { clashOf } from './undo-clash.js';
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
        await undoChunk(tx, job.id, table, entries);
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

async function undoChunk(tx: EntityManager, job: number, table: ImportedTable, entries: ImportRow[]): Promise<void> {
  const ids = [...new Set(entries.map((entry) => Number(entry.record)))];
  if (table === 'groups') await oneMoveAtATime(tx);
  // Held until the commit: what somebody changes meanwhile is either seen here, or comes after.
  const rows = await tx.find(ENTITIES[table], { id: { $in: ids } } as never, {
    orderBy: { id: 'asc' } as never,
    lockMode: LockMode.PESSIMISTIC_WRITE,
    disableIdentityMap: true,
  });
  const current = new Map<number, Values>(rows.map((row: any) => [Number(row.id), row as Values]));
  const used = await inUse(tx, table, [...current.values()]);

  const isRemoved = (entry: ImportRow) => entry.before !== null && entry.after === null;
  const removed = new Map(
    entries
      .filter(isRemoved)
      .map((entry) => [entry, { ...(JSON.parse(entry.before!) as Values), id: Number(entry.record) } as Values]),
  );
  const olderOf = (entry: ImportRow): Values => {
    const row = current.get(Number(entry.record));
    const older = JSON.parse(entry.before!) as Values;
    return table === 'group_memberships' ? { ...row, ...older } : { ...older, id: Number(entry.record) };
  };
  const changes = entries.filter((entry) => entry.before && entry.after && current.has(Number(entry.record)));
  const clash = await clashOf(tx, job, table, ENTITIES[table], [...changes.map(olderOf), ...removed.values()]);

  const kept: { id: number; note: RowProblem }[] = [];
  const undone: number[] = [];
  const steps: Step[] = [];
  // One record may stand here twice (a group that two rows changed): the older change is undone after the newer one.
  const working = new Map<number, Values>();
  const keptParents = new Set<number>();
  const keep = (entry: ImportRow, row: Values, reason: Use) => {
    const params = { name: nameOf(row), ...reason.params };
    kept.push({ id: entry.id, note: { row: entry.row, field: null, ...reason, params } });
  };
  for (const entry of entries) {
    const link = removed.get(entry);
    if (link) {
      const reason = clash(link);
      if (reason) {
        removed.delete(entry);
        keep(entry, link, reason);
      } else undone.push(entry.id);
      continue;
    }
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
        : row.mergedInto
          ? MERGED
          : clash(olderOf(entry));
    if (reason) {
      if (table === 'groups' && row.parent) keptParents.add(Number(row.parent));
      keep(entry, row, reason);
      continue;
    }
    working.set(id, { ...row, ...(before ?? {}) });
    steps.push({ entry, before, after });
    undone.push(entry.id);
  }
  await takeBack(tx, table, steps, current);
  await putBack(tx, table, [...removed.values()]);
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
  if (table !== 'users') return;
  for (const { id, after } of changes) {
    if (after.status === 'disabled') await endAccess(tx, { id });
    // What was sent to the address that is given up must not open the account any more.
    else if ('email' in after) await voidLinks(tx, { id });
  }
}

/** Links that the import took away come back, unless somebody made the same one since. */
async function putBack(tx: EntityManager, table: ImportedTable, links: Values[]): Promise<void> {
  if (links.length === 0) return;
  const keys = table === 'group_memberships' ? ['group', 'participant', 'joinedOn'] : ['group', 'user'];
  const keyOf = (row: Values) => keys.map((name) => String(row[name])).join(' ');
  const where = Object.fromEntries(
    keys.slice(0, 2).map((name) => [name, { $in: [...new Set(links.map((link) => link[name]))] }]),
  );
  const standing = await tx.find(ENTITIES[table], where as never, { disableIdentityMap: true });
  const here = new Set(standing.map((row) => keyOf(row as Values)));
  const missing = links.filter((link) => !here.has(keyOf(link)));
  const ids = await insertRows(
    tx,
    ENTITIES[table],
    missing.map(({ id: _, ...values }) => values),
  );
  // Imports that made or changed the link before know it by its old id.
  for (const [at, { id }] of missing.entries())
    await tx.nativeUpdate(ImportRow, { table, record: id as number }, { record: ids[at]! });
}

const MERGED: Use = { code: 'merged', message: '{name} was merged into another record already.' };

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
