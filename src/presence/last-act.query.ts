import { type EntityManager } from '@mikro-orm/core';
import { read } from '../platform/database/read.js';
import { UNDO } from './undo-presence.js';

/** The newest act of a user in a session, as the undo button names it. */
export interface LastAct {
  batch_id: string | null;
  op_id: string | null;
  people: number;
  state: string | null;
  first_name: string;
  last_name: string;
}

/** @returns the act that an undo would take back; null when there is none, or when the newest act was an undo */
export async function lastAct(em: EntityManager, session: number, author: number): Promise<LastAct | null> {
  const [newest] = await read<{
    op_id: string;
    batch_id: string | null;
    flags: string | null;
    participant_id: number;
    answer: string | null;
  }>(
    em,
    `select op_id, batch_id, flags, participant_id, answer from presence_operations
      where organization_id = :organization and session_id = :session and author_id = :author and outcome = 'applied'
        and kind = 'presence'
      order by id desc limit 1`,
    { session, author },
  );
  if (!newest || newest.flags === UNDO) return null;
  const [more] = await read<{ people: number; first_name: string; last_name: string }>(
    em,
    `select (select count(*) from presence_operations o where o.organization_id = :organization
               and o.batch_id = :batch and o.outcome = 'applied'
               and o.session_id = :session and o.author_id = :author) as people, p.first_name, p.last_name
       from participants p where p.organization_id = :organization and p.id = :participant`,
    { batch: newest.batch_id ?? '', participant: Number(newest.participant_id), session, author },
  );
  const answer = newest.answer === null ? null : (JSON.parse(newest.answer) as { presence_state: string | null });
  return {
    batch_id: newest.batch_id,
    op_id: newest.batch_id ? null : newest.op_id,
    people: newest.batch_id ? Number(more?.people ?? 1) : 1,
    state: answer?.presence_state ?? null,
    first_name: more?.first_name ?? '',
    last_name: more?.last_name ?? '',
  };
}
