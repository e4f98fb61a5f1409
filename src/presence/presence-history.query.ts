import { type EntityManager } from '@mikro-orm/core';
import { instant, read } from '../platform/database/read.js';
import { type RecordJson } from './record-json.js';

/** One revision of a cell. */
export interface Revision {
  revision: number;
  presence_state: string | null;
  note: string | null;
  reason: string | null;
  by: { id: number; name: string } | null;
  source: string;
  recorded_at: string;
  received_at: string;
}

/** A device hands in what is marked online at once; what came later than this was kept on it meanwhile. Milliseconds. */
const AT_ONCE_MS = 60_000;

interface Row {
  answer: string | null;
  received_at: number | string;
  corrected_at: number | string;
  source: string;
  revision: number;
}

/**
 * What became of one cell, oldest first: the receipts of the operations that were applied to it. `waited` tells those
 * that a device had kept before it handed them in.
 */
export async function presenceHistory(
  em: EntityManager,
  session: number,
  participant: number,
): Promise<{ revision: Revision; waited: boolean }[]> {
  const rows = await read<Row>(
    em,
    `select o.answer, o.received_at, o.corrected_at, o.source, o.revision from presence_operations o
      where o.organization_id = :organization and o.session_id = :session and o.participant_id = :participant
        and o.outcome = 'applied' order by o.revision, o.id`,
    { session, participant },
  );
  return rows.map((row) => {
    const record = row.answer === null ? null : (JSON.parse(row.answer) as RecordJson);
    const received = instant(row.received_at);
    const revision = {
      revision: row.revision,
      presence_state: record?.presence_state ?? null,
      note: record?.note ?? null,
      reason: record?.reason ?? null,
      by: record?.recorded_by ?? null,
      source: row.source,
      recorded_at: record?.recorded_at ?? received.toISOString(),
      received_at: received.toISOString(),
    };
    const waited = row.source === 'sync' && received.getTime() - instant(row.corrected_at).getTime() > AT_ONCE_MS;
    return { revision, waited };
  });
}
