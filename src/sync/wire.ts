/**
 * The words of the sync protocol, for the server and for the browser alike: types and limits, no code that either side
 * would have to carry for the other. The protocol itself is told in docs/sync.md.
 */

export const PROTOCOL = 1;
/** More operations or more bytes than this: 413, and the device halves its batch. */
export const BATCH_OPERATIONS = 100;
export const BATCH_BYTES = 256 * 1024;
/** How long a device remembers what the server acknowledged, in days: a restored server is offered it again. */
export const REMEMBERED_DAYS = 30;
export const NOTE_CHARACTERS = 2000;

/** What an operation points at: an id of the server, or an earlier operation of the same device. */
export type Ref = number | { op: string };

/** One person has this state in this session. Frozen when it is captured; its hash is over this form without op_id and seq. */
export interface PresenceOp {
  op_id: string;
  seq: number;
  kind: 'presence';
  session_id: Ref;
  participant_id: Ref;
  /** What the person saw: a revision (0: not marked yet), or his own earlier operation. */
  base: { revision: number } | { op: string };
  /** Code of a state; null takes the mark away. */
  presence_state: string | null;
  /** Absent or null leaves the note as it is; an empty text takes it away. */
  note?: string | null;
  /** Absent or null leaves the time as it is. RFC 3339 with offset. */
  arrived_at?: string | null;
  left_at?: string | null;
  /** The device's clock at the tap, RFC 3339 with offset. */
  recorded_at: string;
  /** Operations of one act ("mark the rest") share this id, so that the act can be undone as one. */
  act_id?: string;
}

/** Somebody new stands here and belongs to this group. */
export interface ParticipantOp {
  op_id: string;
  seq: number;
  kind: 'participant';
  first_name: string;
  last_name: string;
  identifier?: string | null;
  group_id: number;
  /** The local day from which he is a member (YYYY-MM-DD): the day of the register. Absent: the day of recorded_at. */
  joined_on?: string;
  recorded_at?: string;
}

export type Op = PresenceOp | ParticipantOp;

/** The body of POST /api/sync. */
export interface Envelope {
  protocol: number;
  batch_id: string;
  client_id: string;
  organization_id: number;
  author_id: number;
  sent_at: string;
  /** The highest seq that this device has given out: what is missing below it exists and has not arrived. */
  max_seq: number;
  /** An administrator hands in what somebody else's account left on this device: everything is parked. */
  on_behalf?: boolean;
  operations: Op[];
}

export const FINAL_OUTCOMES = ['applied', 'merged', 'duplicate', 'conflict', 'parked', 'rejected'] as const;
export type FinalOutcome = (typeof FINAL_OUTCOMES)[number];
/** `retry`: nothing was stored, the operation stays on the device. */
export type SyncOutcome = FinalOutcome | 'retry';

/** Why an operation was parked or rejected. */
export type SyncCode =
  | 'id_reuse'
  | 'missing_base'
  | 'session_deleted'
  /** Captured before a backup was restored: the number of the session or person means another one now. */
  | 'restored'
  | 'session_locked'
  | 'participant_removed'
  | 'participant_moved'
  | 'state_unknown'
  | 'not_authorized'
  | 'foreign_author'
  | 'identifier_taken'
  | 'erased'
  | 'unknown_target'
  | 'invalid';

export type Flag =
  'clock_suspect' | 'clock_invalid' | 'out_of_window' | 'late_arrival' | 'seq_reuse' | 'server_behind' | 'redirected';

/** The cell as it stands on the server, told with a conflict so that the person can see what he clashed with. */
export interface CurrentMark {
  presence_state: string | null;
  revision: number;
  note: string | null;
  recorded_by: string | null;
  received_at: string;
  disputed: boolean;
}

export interface OpResult {
  op_id: string;
  outcome: SyncOutcome;
  /** The cell's revision after this operation. */
  revision: number | null;
  code: SyncCode | null;
  flags: Flag[];
  conflict_id: number | null;
  /** The participant that a participant operation made, or the survivor of a merged person. */
  participant_id?: number;
  /** With `duplicate`: what became of it the first time. */
  first?: Exclude<FinalOutcome, 'duplicate'>;
  /** With `conflict` and `merged`: the mark in force. */
  current?: CurrentMark;
}

/** 200 of POST /api/sync. */
export interface SyncAnswer {
  protocol: number;
  batch_id: string;
  server_time: string;
  results: OpResult[];
  /** Every seq up to this one has arrived. */
  received_up_to: number;
  /** Seqs above it, up to max_seq, that have not arrived (the first 1,000). */
  missing: number[];
}

/** 200 of GET /api/sync/handshake. */
export interface Handshake {
  user: { id: number; email: string; permissions: string[] };
  organization: { id: number; slug: string };
  client_id: string;
  /** The highest seq of this client that the server knows. Less than the device knows: the server was restored. */
  acknowledged_up_to: number;
  /** The highest seq that this client said it has given out; a browser that lost its storage numbers on after it. */
  max_seq?: number;
  /** Every number up to this one has arrived: less than the device had acknowledged, and a restored server lost something. */
  received_up_to?: number;
  server_time: string;
  /** Another value than before: an operator restored the server on purpose. */
  server_epoch: string;
  min_protocol: number;
  /** Until when this device may show names and capture without having signed in again. */
  offline_until: string;
}

export interface ChangedCell {
  session_id: number;
  participant_id: number;
  presence_state: string | null;
  revision: number;
  disputed: boolean;
}

/** A register of the organization's day that this user may take. */
export interface RosterSummary {
  session_id: number;
  name: string;
  scheduled_start_at: string;
  scheduled_end_at: string;
  /** SHA-256 (hex) of the sorted lines `participant id` joined by a line feed: another value, another register. */
  participants_digest: string;
  people: number;
}

/** 200 of GET /api/sync/changes. */
export interface Changes {
  cells: ChangedCell[];
  rosters: RosterSummary[];
  /** By session id: SHA-256 (hex) of the sorted lines `participant:revision`, joined by a line feed. */
  digests: Record<string, string>;
  cursor: string;
  more: boolean;
}
