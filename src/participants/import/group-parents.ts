import { type EntityManager } from '@mikro-orm/core';
import { read } from '../../platform/database/read.js';

/** @returns the parent of every group that has one */
export async function parentsOf(tx: EntityManager): Promise<Map<number, number>> {
  const rows = await read<{ id: number; parent_id: number }>(
    tx,
    'select g.id, g.parent_id from `groups` g where g.organization_id = :organization and g.parent_id is not null',
  );
  return new Map(rows.map((row) => [Number(row.id), Number(row.parent_id)]));
}

/** @returns whether a group is the other one, or lies inside it at any depth */
export function liesInside(group: number, other: number, parents: Map<number, number>): boolean {
  const seen = new Set<number>();
  for (let id: number | undefined = group; id !== undefined && !seen.has(id); id = parents.get(id)) {
    if (id === other) return true;
    seen.add(id);
  }
  return false;
}
