import { type Batch } from './delivery.js';
import { type ParsedOp, type Unreadable } from './envelope.js';

type Op = ParsedOp | Unreadable;

/**
 * Divides the operations of a batch into waves: those of one wave have nothing to do with each other and may be received at
 * once, which on MySQL takes a fraction of the time. They are marks of different people, each based on what a page showed,
 * and nobody has heard of them. Everything else is a wave of its own, after all that came before it.
 * @param operations in the order of their numbers
 * @param width operations of one wave
 */
export function* wavesOf(
  operations: Op[],
  { unheard, unmerged }: Pick<Batch, 'unheard' | 'unmerged'>,
  width: number,
): Generator<Op[]> {
  let wave: Op[] = [];
  let taken = new Set<unknown>();
  const plainMark = (op: Op) =>
    op.kind === 'presence' &&
    typeof op.session_id === 'number' &&
    typeof op.participant_id === 'number' &&
    'revision' in op.base &&
    // Of two who were merged it cannot be seen here that they are one.
    unmerged.has(op.participant_id) &&
    unheard.has(op.op_id)
      ? [op.op_id, op.participant_id]
      : null;
  for (const op of operations) {
    const takes = plainMark(op);
    if (wave.length > 0 && (!takes || wave.length >= width || takes.some((each) => taken.has(each)))) {
      yield wave;
      wave = [];
      taken = new Set();
    }
    if (!takes) {
      yield [op];
      continue;
    }
    wave.push(op);
    for (const each of takes) taken.add(each);
  }
  if (wave.length > 0) yield wave;
}
