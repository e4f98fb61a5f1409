import { type EntityManager } from '@mikro-orm/core';
import { read } from '../../platform/database/read.js';

/** @returns who made this operation, whatever became of his account; null when there is no such operation here */
export async function authorOf(em: EntityManager, opId: string): Promise<{ id: number; name: string } | null> {
  const [row] = await read<{ id: number; first_name: string; last_name: string }>(
    em,
    `select u.id, u.first_name, u.last_name from presence_operations o
       join users u on u.organization_id = o.organization_id and u.id = o.author_id
      where o.organization_id = :organization and o.op_id = :op and o.outcome = 'parked'`,
    { op: opId },
  );
  return row ? { id: Number(row.id), name: `${row.first_name} ${row.last_name}`.trim() } : null;
}
