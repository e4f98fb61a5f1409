import { type EntityManager } from '@mikro-orm/core';
import { instant, read } from '../platform/database/read.js';

/** Somebody who marked otherwise than the mark in force, and waits for a decision. */
export interface Otherwise {
  name: string;
  /** Code of a state; null: he took the mark away. */
  state: string | null;
  note: string | null;
  /** When he saw it, by the server's clock as far as that can be said. */
  at: Date;
}

/** A cell about which two people say different things. */
export interface Dispute {
  /** The open conflict: it is decided at the desk. */
  conflict: number | null;
  others: Otherwise[];
}

/** The disputed cells of a session with what else was said, by participant. One statement. */
export async function disputesOf(
  em: EntityManager,
  session: number,
  participant?: number,
): Promise<Map<number, Dispute>> {
  const rows = await read<{
    conflict_id: number;
    participant_id: number;
    body: string;
    corrected_at: number | string;
    first_name: string;
    last_name: string;
  }>(
    em,
    `select c.id as conflict_id, c.participant_id, o.body, o.corrected_at, u.first_name, u.last_name
       from sync_conflicts c
       join presence_operations o on o.organization_id = c.organization_id and o.conflict_id = c.id
        and o.outcome = 'conflict' and o.settlement is null
       join users u on u.organization_id = o.organization_id and u.id = o.author_id
      where c.organization_id = :organization and c.session_id = :session and c.is_open = :yes
        ${participant === undefined ? '' : 'and c.participant_id = :participant'}
      order by o.id`,
    participant === undefined ? { session, yes: true } : { session, yes: true, participant },
  );
  const disputes = new Map<number, Dispute>();
  for (const row of rows) {
    const of = Number(row.participant_id);
    const dispute = disputes.get(of) ?? { conflict: Number(row.conflict_id), others: [] };
    const body = JSON.parse(row.body) as { presence_state?: string | null; note?: string | null };
    dispute.others.push({
      name: `${row.first_name} ${row.last_name}`.trim(),
      state: body.presence_state ?? null,
      note: body.note || null,
      at: instant(row.corrected_at),
    });
    disputes.set(of, dispute);
  }
  return disputes;
}

/** How many cells of these sessions are disputed, by session. One statement. */
export async function countDisputes(em: EntityManager, sessions: number[]): Promise<Map<number, number>> {
  const rows = await read<{ session_id: number; total: number }>(
    em,
    `select session_id, count(*) as total from sync_conflicts
      where organization_id = :organization and session_id in (:sessions) and is_open = :yes group by session_id`,
    { sessions, yes: true },
  );
  return new Map(rows.map((row) => [Number(row.session_id), Number(row.total)]));
}

/** What else was observed about one cell: who saw the same, and candidates that were decided against. */
export interface Observation {
  kind: 'also' | 'otherwise';
  /** The cell's revision that stood when it arrived. */
  revision: number;
  name: string;
  state: string | null;
  note: string | null;
  at: Date;
  /** Of a candidate: how it ended; null while it waits. */
  settlement: string | null;
  reason: string | null;
}

/**
 * Operations of devices that changed nothing: they saw what was marked already, or contradicted it. Oldest first, one
 * statement. A repetition by the same person, without a note, says nothing new and is left out.
 */
export async function observationsOf(em: EntityManager, session: number, participant: number): Promise<Observation[]> {
  const rows = await read<{
    outcome: 'merged' | 'conflict';
    revision: number | null;
    body: string;
    answer: string | null;
    settlement: string | null;
    settled_reason: string | null;
    corrected_at: number | string;
    author_id: number;
    first_name: string;
    last_name: string;
  }>(
    em,
    `select o.outcome, o.revision, o.body, o.answer, o.settlement, o.settled_reason, o.corrected_at, o.author_id,
            u.first_name, u.last_name
       from presence_operations o
       join users u on u.organization_id = o.organization_id and u.id = o.author_id
      where o.organization_id = :organization and o.session_id = :session and o.participant_id = :participant
        and o.outcome in ('merged', 'conflict') order by o.id`,
    { session, participant },
  );
  return rows.flatMap((row): Observation[] => {
    const body = JSON.parse(row.body) as { presence_state?: string | null; note?: string | null };
    const record = row.answer === null ? null : (JSON.parse(row.answer) as { recorded_by: { id: number } | null });
    const same = Number(row.author_id) === record?.recorded_by?.id;
    if (row.outcome === 'merged' && same && !body.note) return [];
    return [
      {
        kind: row.outcome === 'merged' ? 'also' : 'otherwise',
        revision: row.revision ?? 0,
        name: `${row.first_name} ${row.last_name}`.trim(),
        state: body.presence_state ?? null,
        note: body.note || null,
        at: instant(row.corrected_at),
        settlement: row.settlement,
        reason: row.settled_reason,
      },
    ];
  });
}
