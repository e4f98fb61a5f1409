import { describe, expect, it } from '@jest/globals';
import { type ParsedOp } from '../../src/sync/envelope.js';
import { wavesOf } from '../../src/sync/waves.js';

const mark = (participant_id: number | { op: string }, more: object = {}) =>
  ({
    op_id: `op-${++count}`,
    seq: count,
    kind: 'presence',
    session_id: 1,
    participant_id,
    base: { revision: 0 },
    presence_state: 'present',
    ...more,
  }) as unknown as ParsedOp;
let count = 0;
const waves = (ops: ParsedOp[], { width = 4, heard = [] as ParsedOp[], merged = [] as number[] } = {}) => {
  const unheard = new Set(ops.filter((op) => !heard.includes(op)).map(({ op_id }) => op_id));
  const unmerged = new Set(Array.from({ length: 100 }, (_, at) => at).filter((id) => !merged.includes(id)));
  return [...wavesOf(ops, { unheard, unmerged }, width)].map((wave) => wave.map((op) => ops.indexOf(op as ParsedOp)));
};

describe('the waves of a batch', () => {
  it('hold marks of different people, as many as go at once, in order', () => {
    expect(waves([1, 2, 3, 4, 5, 6].map((id) => mark(id)))).toEqual([
      [0, 1, 2, 3],
      [4, 5],
    ]);
    expect(
      waves(
        [1, 2, 3].map((id) => mark(id)),
        { width: 1 },
      ),
    ).toEqual([[0], [1], [2]]);
    expect(waves([])).toEqual([]);
  });

  it('never hold two marks of one person, in whatever session', () => {
    expect(waves([mark(1), mark(2), mark(1), mark(3)])).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(waves([mark(1), mark(1, { session_id: 2 })])).toEqual([[0], [1]]);
  });

  it('leave alone whatever stands on something else, or may have come before', () => {
    const base = mark(3, { base: { op: 'x' } });
    const added = mark({ op: 'y' });
    const later = mark(4, { session_id: { op: 'z' } });
    const person = { op_id: 'p', seq: 1, kind: 'participant' } as unknown as ParsedOp;
    for (const alone of [base, added, later, person])
      expect(waves([mark(1), alone, mark(2), mark(5)])).toEqual([[0], [1], [2, 3]]);
    const known = mark(6);
    expect(waves([mark(1), known, mark(2)], { heard: [known] })).toEqual([[0], [1], [2]]);
    expect(waves([mark(1), mark(7), mark(2)], { merged: [7] })).toEqual([[0], [1], [2]]);
  });

  it('never hold the same operation twice', () => {
    const one = mark(1);
    expect(waves([one, { ...mark(2), op_id: one.op_id }])).toEqual([[0], [1]]);
  });
});
