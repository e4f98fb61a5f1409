import { instant } from '../platform/database/read.js';
import { type StateCategory } from '../tenancy/index.js';

/** A presence record as programs see it: the contract's object. */
export interface RecordJson {
  id: number;
  session_id: number;
  participant_id: number;
  presence_state: string | null;
  category: StateCategory | null;
  note: string | null;
  reason: string | null;
  arrived_at: string | null;
  left_at: string | null;
  recorded_at: string;
  received_at: string;
  recorded_by: { id: number; name: string } | null;
  source: string;
  device_id: string | null;
  op_id: string;
  revision: number;
  disputed: boolean;
  created_at: string;
  updated_at: string;
}

type RawTime = number | string | Date;

/** A row of RECORD_COLUMNS, as the driver gives it. */
export interface RecordRow {
  id: number;
  session_id: number;
  participant_id: number;
  presence_state_id: number | null;
  state_code: string | null;
  state_category: StateCategory | null;
  note: string | null;
  reason: string | null;
  arrived_at: RawTime | null;
  left_at: RawTime | null;
  recorded_at: RawTime;
  received_at: RawTime;
  recorded_by: number | null;
  by_first_name: string | null;
  by_last_name: string | null;
  source: string;
  source_device_id: string | null;
  op_id: string;
  revision: number;
  disputed: number | boolean;
  created_at: RawTime;
  updated_at: RawTime;
}

/** What a record consists of; goes with RECORD_JOINS. */
export const RECORD_COLUMNS = `r.id, r.session_id, r.participant_id, r.presence_state_id, s.code as state_code,
  s.category as state_category, r.note, r.reason, r.arrived_at, r.left_at, r.recorded_at, r.received_at, r.recorded_by,
  u.first_name as by_first_name, u.last_name as by_last_name, r.source, r.source_device_id, r.op_id, r.revision,
  r.disputed, r.created_at, r.updated_at`;

/** The tables beside presence_records r. The keys are composite: a join cannot leave the organization. */
export const RECORD_JOINS = `left join presence_states s on s.organization_id = r.organization_id and s.id = r.presence_state_id
  left join users u on u.organization_id = r.organization_id and u.id = r.recorded_by`;

const iso = (value: RawTime | null) => (value === null ? null : instant(value).toISOString());

export function recordJson(row: RecordRow): RecordJson {
  return {
    id: Number(row.id),
    session_id: Number(row.session_id),
    participant_id: Number(row.participant_id),
    presence_state: row.state_code,
    category: row.state_category,
    note: row.note,
    reason: row.reason,
    arrived_at: iso(row.arrived_at),
    left_at: iso(row.left_at),
    recorded_at: iso(row.recorded_at)!,
    received_at: iso(row.received_at)!,
    recorded_by:
      row.recorded_by === null
        ? null
        : { id: Number(row.recorded_by), name: `${row.by_first_name ?? ''} ${row.by_last_name ?? ''}`.trim() },
    source: row.source,
    device_id: row.source_device_id,
    op_id: row.op_id,
    revision: row.revision,
    disputed: Boolean(row.disputed),
    created_at: iso(row.created_at)!,
    updated_at: iso(row.updated_at)!,
  };
}
