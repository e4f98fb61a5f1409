import type { Op, ParticipantOp, PresenceOp, Ref } from '../../../src/sync/wire.js';
import { type Environment } from './environment.js';
import { bindingKey, outcomeOf, refKey, type BindingRow, type OpRow, type Store, type Write } from './store.js';

const DAY = 86_400_000;
/** How long the device remembers what a person or a session is called, for the list of waiting marks. */
const NAME_DAYS = 30;

export interface PresenceDraft {
  kind: 'presence';
  session_id: Ref;
  participant_id: Ref;
  presence_state: string | null;
  /** What the page shows: the revision and the state of this cell. */
  shown_revision: number;
  shown_state?: string | null;
  note?: string | null;
  arrived_at?: string | null;
  left_at?: string | null;
  act_id?: string;
  /** The op that this one takes back. */
  undoes?: string;
}

export interface ParticipantDraft {
  kind: 'participant';
  /** Where one act may come twice: what is in the outbox under this id already is not put there again. */
  op_id?: string;
  /** The register in which he is drawn until the server has given him a number. Stays on the device. */
  session_id?: number;
  first_name: string;
  last_name: string;
  identifier?: string | null;
  group_id: number;
  joined_on?: string;
}

export type Draft = PresenceDraft | ParticipantDraft;
/** What the list of waiting marks calls somebody or something. */
export interface Name {
  kind: 'person' | 'session';
  id: number | string;
  name: string;
}

/**
 * Nothing was stored. `locked`: nobody signed in for too long, or whoever this is for signed out or was followed by somebody
 * else (an expired sign-in is neither); `storage`: the browser did not keep it.
 */
export class CaptureError extends Error {
  constructor(
    readonly reason: 'locked' | 'unknown_binding' | 'storage',
    options?: ErrorOptions,
  ) {
    super(`Not captured: ${reason}`, options);
  }
}

/**
 * Puts the drafts into the outbox, all of them or none, in one transaction that also gives out their seqs: so seqs have no
 * gap, whoever else captures at the same time.
 * @returns the operations as they were frozen
 * Errors: CaptureError; nothing is stored then
 */
export async function capture(
  store: Store,
  env: Environment,
  binding: string,
  drafts: Draft[],
  names: Name[] = [],
): Promise<Op[]> {
  const now = env.now();
  try {
    return await store.write(async (tx) => {
      const owner = await tx.objectStore('bindings').get(binding);
      if (!owner) throw new CaptureError('unknown_binding');
      if (owner.offline_until !== null && now > owner.offline_until) throw new CaptureError('locked');
      if ((await tx.objectStore('meta').get('current')) !== binding) throw new CaptureError('locked');
      const made: Op[] = [];
      for (const draft of drafts) made.push(await put(store, tx, env, owner, draft, now));
      await tx.objectStore('bindings').put(owner);
      for (const name of names) await tx.objectStore('names').put({ ...name, binding, expires: now + NAME_DAYS * DAY });
      return made;
    });
  } catch (error) {
    throw error instanceof CaptureError ? error : new CaptureError('storage', { cause: error });
  }
}

async function put(
  store: Store,
  tx: Write,
  env: Environment,
  owner: BindingRow,
  draft: Draft,
  now: number,
): Promise<Op> {
  const given = draft.kind === 'participant' ? draft.op_id : undefined;
  const before = given && (await tx.objectStore('ops').index('op').get([owner.binding, given]));
  if (before && (before.status === 'waiting' || before.status === 'settled')) return before.op;
  const op_id = env.uuid();
  const seq = owner.next_seq++;
  const recorded_at = new Date(now).toISOString();
  let op: Op;
  let session: number | string;
  let person: number | string;
  if (draft.kind === 'participant') {
    const { session_id, op_id: _, ...rest } = draft;
    // What was refused under the given id would be refused again.
    op = { op_id: (!before && given) || op_id, seq, ...rest, recorded_at } satisfies ParticipantOp;
    session = session_id ?? '';
    person = op.op_id;
  } else {
    const { shown_revision, shown_state: _, undoes: __, ...rest } = draft;
    session = refKey(draft.session_id);
    const whom = await personOf(tx, owner.binding, draft.participant_id);
    person = whom.key;
    const cell = await tx
      .objectStore('ops')
      .index('cell')
      .getAll(store.within(owner.binding, session, person));
    const participant_id = whom.made ? { op: whom.made.op_id } : draft.participant_id;
    op = { op_id, seq, ...rest, participant_id, base: baseOf(cell, shown_revision), recorded_at } satisfies PresenceOp;
  }
  const row: Omit<OpRow, 'key'> = {
    binding: bindingKey(owner.organization, owner.user),
    op_id: op.op_id,
    seq,
    status: 'waiting',
    op,
    session,
    person,
    before: draft.kind === 'presence' ? (draft.shown_state ?? null) : null,
    captured_at: now,
    closed_at: null,
    outcome: null,
    code: null,
    revision: null,
  };
  if (draft.kind === 'presence' && draft.undoes) row.undoes = draft.undoes;
  await tx.objectStore('ops').add(row as OpRow);
  return op;
}

/**
 * The key under which this device keeps what is about a person (his number, as soon as it is known), and the operation that
 * added him. Whoever was added on this device is named by that operation in every register, as long as the device keeps it:
 * a server that was restored from a backup gives his number to somebody else.
 */
async function personOf(tx: Write, binding: string, ref: Ref): Promise<{ key: number | string; made?: OpRow }> {
  if (typeof ref === 'number') {
    const found = await tx.objectStore('ops').index('number').getAll([binding, ref]);
    // One that waits again was offered to a restored server: who came after it has this number now.
    const made = found.find((row) => row.status === 'settled') ?? found.find((row) => row.status === 'waiting');
    return { key: ref, made };
  }
  const made = await tx.objectStore('ops').index('op').get([binding, ref.op]);
  return { key: made?.person ?? ref.op, made };
}

/**
 * What the person had seen when he tapped: his own newest mark while it waits, else the highest revision of what the page
 * shows and what his own marks came back with. A conflict does not count: that it came back does not say that he saw it.
 */
function baseOf(cell: OpRow[], shown: number): PresenceOp['base'] {
  const ops = cell.filter((row) => row.op.kind === 'presence').sort((a, b) => a.key - b.key);
  const waiting = ops.filter((row) => row.status === 'waiting').at(-1);
  if (waiting) return { op: waiting.op_id };
  const own = ops.flatMap((row) =>
    row.status === 'settled' && ['applied', 'merged'].includes(outcomeOf(row) ?? '') ? [row.revision ?? 0] : [],
  );
  return { revision: Math.max(shown, ...own) };
}
