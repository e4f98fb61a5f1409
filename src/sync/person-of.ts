import { type EntityManager } from '@mikro-orm/core';
import { read } from '../platform/database/read.js';
import { type Ref } from './wire.js';

export type Person =
  | { kind: 'known'; id: number; redirectedFrom: number | null }
  | { kind: 'unknown' }
  /** He was added by an operation that has not arrived, or that waits for a person itself. */
  | { kind: 'missing'; op: string };

/** People are merged in chains; a longer one is a circle. */
const LONGEST_CHAIN = 20;

/**
 * Who is meant: an id, or the operation that added him. Somebody who was merged into another is that other one (case 13).
 * @param unmerged of whom it is known already that they are there, and merged into nobody
 * @param author only his own operations can have added the person that he means
 */
export async function personOf(tx: EntityManager, ref: Ref, author: number, unmerged?: Set<number>): Promise<Person> {
  if (typeof ref === 'number' && unmerged?.has(ref)) return { kind: 'known', id: ref, redirectedFrom: null };
  let id: number;
  if (typeof ref === 'number') id = ref;
  else {
    const [made] = await read<{ participant_id: number | null; kind: string; outcome: string }>(
      tx,
      `select participant_id, kind, outcome from presence_operations
        where organization_id = :organization and op_id = :op and author_id = :author`,
      { op: ref.op, author },
    );
    if (!made || made.outcome === 'parked') return { kind: 'missing', op: ref.op };
    if (made.kind !== 'participant' || made.participant_id === null) return { kind: 'unknown' };
    id = Number(made.participant_id);
  }
  const asked = id;
  for (let step = 0; step < LONGEST_CHAIN; step++) {
    const [row] = await read<{ merged_into_id: number | null }>(
      tx,
      'select merged_into_id from participants where organization_id = :organization and id = :id',
      { id },
    );
    if (!row) return { kind: 'unknown' };
    if (row.merged_into_id === null) return { kind: 'known', id, redirectedFrom: id === asked ? null : asked };
    id = Number(row.merged_into_id);
  }
  return { kind: 'unknown' };
}
