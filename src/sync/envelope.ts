import { z } from 'zod';
import { dateText, id, instantText, text, uuid } from '../platform/http/parse.js';
import { brokenText } from '../platform/http/body.js';
import { Problem } from '../platform/http/problem.js';
import { canonicalJson, sha256 } from '../platform/text.js';
import { BATCH_BYTES, BATCH_OPERATIONS, NOTE_CHARACTERS, PROTOCOL } from './wire.js';

/** A device that numbers more than this is no device. */
const MOST_OPERATIONS = 1_000_000_000;
const seq = z.int().min(1).max(MOST_OPERATIONS);
/** What an operation says, and what it says beside that, fits into a text column of its receipt and of the audit. Bytes. */
const OPERATION_BYTES = 16 * 1024;

const EnvelopeShape = z.object({
  protocol: z.literal(PROTOCOL),
  batch_id: uuid,
  client_id: z.string().min(1).max(36),
  organization_id: z.int(),
  author_id: z.int(),
  sent_at: instantText,
  max_seq: z.int().min(0).max(MOST_OPERATIONS),
  on_behalf: z.boolean().optional(),
  operations: z.array(z.unknown()),
});

const ref = z.union([id, z.object({ op: uuid })]);
const time = z.union([z.null(), instantText]).optional();

const PresenceShape = z.object({
  op_id: uuid,
  seq,
  kind: z.literal('presence'),
  session_id: ref,
  participant_id: ref,
  base: z.union([z.object({ revision: z.int().min(0).max(2_000_000_000) }), z.object({ op: uuid })]),
  presence_state: z.string().trim().min(1).max(50).nullable(),
  note: z.string().max(NOTE_CHARACTERS).nullable().optional(),
  arrived_at: time,
  left_at: time,
  recorded_at: instantText,
  act_id: uuid.optional(),
});

const name = text(100);
const noName = z.string().trim().length(0);
const ParticipantShape = z.object({
  op_id: uuid,
  seq,
  kind: z.literal('participant'),
  first_name: name,
  last_name: name.or(noName),
  identifier: name.or(noName).nullable().optional(),
  group_id: id,
  joined_on: dateText.refine((day) => day >= '1900-01-01' && day < '9000-01-01').optional(),
  recorded_at: instantText.optional(),
});

const Shape = z.discriminatedUnion('kind', [PresenceShape, ParticipantShape]);

export type ParsedPresence = z.output<typeof PresenceShape>;
export type ParsedParticipant = z.output<typeof ParticipantShape>;
export type ParsedOp = (ParsedPresence | ParsedParticipant) & { body: string; hash: string };
/** What cannot be read as an operation; id and number where they can be read, so that it is asked for only once. */
export interface Unreadable {
  kind: 'unreadable';
  op_id: string | null;
  seq: number | null;
  hash: string;
}
export type ParsedEnvelope = Omit<z.output<typeof EnvelopeShape>, 'operations'> & {
  operations: (ParsedOp | Unreadable)[];
};

const malformed = () =>
  new Problem(400, { code: 'malformed', message: 'This is not a batch of the sync protocol. Nothing was stored.' });

/**
 * Reads a batch. A malformed operation is carried on as `unreadable`, and the others go on.
 * @throws Problem 400 malformed, 413 too_large, 426 protocol_unsupported; nothing was stored then
 */
export function parseEnvelope(body: unknown): ParsedEnvelope {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw malformed();
  const { protocol, operations } = body as Record<string, unknown>;
  if (Number.isSafeInteger(protocol) && protocol !== PROTOCOL)
    throw new Problem(426, {
      code: 'protocol_unsupported',
      message: 'This page is of another version than the server. Reload it; what waits on the device is kept.',
    });
  if (Array.isArray(operations) && operations.length > BATCH_OPERATIONS) throw tooLarge();
  if (Buffer.byteLength(JSON.stringify(body)) > BATCH_BYTES) throw tooLarge();
  const envelope = EnvelopeShape.safeParse(body);
  if (!envelope.success) throw malformed();
  return { ...envelope.data, operations: envelope.data.operations.map(parseOp) };
}

const tooLarge = () =>
  new Problem(413, {
    code: 'too_large',
    message: 'At most 100 operations and 256 KiB fit into one batch. Nothing was stored.',
  });

/**
 * The canonical form of an operation, without its id and its number: what is hashed and kept. The number is left out so
 * that a device that numbers anew after a restore still means the same operation.
 */
export function canonicalOp(op: Record<string, unknown>): { body: string; hash: string } {
  const { op_id: _id, seq: _seq, ...asked } = op;
  const body = canonicalJson(asked);
  return { body, hash: sha256(body) };
}

function parseOp(raw: unknown): ParsedOp | Unreadable {
  const op = typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? (raw as Record<string, unknown>) : {};
  const canonical = brokenText(op) ? null : canonicalOp(op);
  const parsed = canonical && Buffer.byteLength(canonical.body) <= OPERATION_BYTES ? Shape.safeParse(op) : null;
  if (canonical && parsed?.success) return { ...parsed.data, ...canonical };
  const opId = uuid.safeParse(op.op_id);
  const number = seq.safeParse(op.seq);
  return {
    kind: 'unreadable',
    op_id: opId.success ? opId.data : null,
    seq: number.success ? number.data : null,
    hash: canonical?.hash ?? sha256(JSON.stringify(op)),
  };
}

/** @returns the operation that a receipt keeps, as it was sent; null when it holds none (rejected, or not readable) */
export function readOp(receipt: { opId: string; seq?: number | null; body: string; hash: string }): ParsedOp | null {
  if (receipt.body === '') return null;
  const raw = { ...(JSON.parse(receipt.body) as object), op_id: receipt.opId, seq: receipt.seq ?? 1 };
  const parsed = Shape.safeParse(raw);
  return parsed.success ? { ...parsed.data, body: receipt.body, hash: receipt.hash } : null;
}
