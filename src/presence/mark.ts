import { z } from 'zod';
import { id, instantText, optionalText, told, uuid } from '../platform/http/parse.js';
import { canonicalJson, sha256 } from '../platform/text.js';

/** What one operation asks: this person has this state in this session. Absent fields leave the cell's value alone. */
export interface Mark {
  opId: string;
  participant: number;
  /** Code of the state; null takes the mark away; undefined leaves it as it is (a note, a time). */
  state: string | null | undefined;
  /**
   * What the person saw: a revision (0 means "not marked yet") or, offline, his own earlier operation; null means
   * "whatever is there now".
   */
  base: number | null | { op: string };
  note?: string | null;
  reason?: string | null;
  arrivedAt?: Date | null;
  leftAt?: Date | null;
  /** The device's claim; absent means now. */
  recordedAt?: Date;
  /** What only an operation of a device has; absent at the doors where a person waits for the answer. */
  captured?: Captured;
}

/** How a device's operation came here. */
export interface Captured {
  /** What was sent: the canonical text and its SHA-256. */
  body: string;
  hash: string;
  clientId: string;
  seq: number;
  /** Operations of one act ("mark the rest") share it. */
  actId: string | null;
  /** The capture time, corrected by how far the device's clock was off; the time of arrival when it cannot be trusted. */
  correctedAt: Date;
  /** Whether `correctedAt` may be weighed against other times. */
  clockTrusted: boolean;
  flags: string[];
  /** The person who was meant, before he was merged into `participant`. */
  redirectedFrom: number | null;
  /** Whether he was meant by his number, not by the operation that added him. */
  byNumber: boolean;
}

const stateCode = z.union([z.null(), z.string().trim().min(1).max(50)], {
  error: told('This is the code of a presence state, or null.'),
});
const time = z.union([z.null(), instantText], {
  error: told('A time needs a date, a time of day and an offset, or is null.'),
});

const fields = {
  participant_id: id,
  presence_state: stateCode,
  note: optionalText(2000).optional(),
  reason: optionalText(2000).optional(),
  arrived_at: time.optional(),
  left_at: time.optional(),
  recorded_at: instantText.optional(),
  op_id: uuid.optional(),
  revision: z.int().min(0).max(2_000_000_000).optional(),
};

/** One record of a request: as POST /api/presence takes it, without its session. */
export const MarkInput = z.strictObject(fields).meta({ id: 'Mark' });
export const OneMark = z.strictObject({ session_id: id, ...fields }).meta({ id: 'OneMark' });
export const ManyMarks = z
  .strictObject({
    session_id: id,
    records: z
      .array(MarkInput)
      .min(1, 'At least one record is needed.')
      .max(5000, 'At most 5,000 records fit into one request.'),
  })
  .meta({ id: 'ManyMarks' });
const { participant_id: _participant, ...correctable } = fields;
/** What a record may be corrected to: absent is unchanged. */
export const Correction = z
  .strictObject({ ...correctable, presence_state: stateCode.optional() })
  .meta({ id: 'Correction' });

type MarkFields = Omit<z.output<typeof MarkInput>, 'presence_state'> & { presence_state?: string | null };

/** @param input a parsed record @param opId made by the server when the request has none */
export function markOf(input: MarkFields, opId: string): Mark {
  return {
    opId: input.op_id ?? opId,
    participant: input.participant_id,
    state: input.presence_state,
    base: input.revision ?? null,
    note: input.note,
    reason: input.reason,
    arrivedAt: input.arrived_at,
    leftAt: input.left_at,
    recordedAt: input.recorded_at,
  };
}

/** The canonical text of what is asked (RFC 8785) and its SHA-256: the same id with another text is another act. */
export function bodyOf(session: number, mark: Mark): { body: string; hash: string } {
  const asked: Record<string, unknown> = {
    kind: 'presence',
    session_id: session,
    participant_id: mark.participant,
  };
  if (mark.state !== undefined) asked.presence_state = mark.state;
  if (mark.base !== null) asked.base = typeof mark.base === 'number' ? { revision: mark.base } : mark.base;
  if (mark.note !== undefined) asked.note = mark.note;
  if (mark.reason !== undefined) asked.reason = mark.reason;
  if (mark.arrivedAt !== undefined) asked.arrived_at = mark.arrivedAt?.toISOString() ?? null;
  if (mark.leftAt !== undefined) asked.left_at = mark.leftAt?.toISOString() ?? null;
  if (mark.recordedAt !== undefined) asked.recorded_at = mark.recordedAt.toISOString();
  const body = canonicalJson(asked);
  return { body, hash: sha256(body) };
}
