import { type EntityManager } from '@mikro-orm/core';
import { read } from '../../platform/database/read.js';

/** @returns the bytes of all files that are kept for the organization */
export async function keptBytes(em: EntityManager): Promise<number> {
  const [row] = await read<{ bytes: number | string | null }>(
    em,
    `select sum(e.bytes) as bytes from exports e where e.organization_id = :organization and e.status = 'done'`,
  );
  return Number(row?.bytes ?? 0);
}
