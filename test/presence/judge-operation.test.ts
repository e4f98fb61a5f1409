import { describe, expect, it } from '@jest/globals';
import { judgeOperation, type Facts } from '../../src/presence/judge-operation.js';
import { type Mark } from '../../src/presence/mark.js';

const now = new Date('2026-11-20T10:00:00Z');
const mark = (fields: Partial<Mark> = {}): Mark => ({
  opId: 'op',
  participant: 1,
  state: 'present',
  base: 1,
  ...fields,
});
const cell = (fields: object = {}) => ({
  revision: 1,
  state: 'late',
  note: null,
  reason: null,
  arrivedAt: null,
  leftAt: null,
  ...fields,
});
const facts = (fields: Partial<Facts> = {}): Facts => ({
  hash: 'h',
  receipt: null,
  target: 'live',
  mayRecord: true,
  mayCorrect: false,
  session: { status: 'running', lockedAt: null },
  onRoster: true,
  stateKnown: true,
  cell: cell(),
  observedAt: now,
  ...fields,
});

/** The rows of the sync protocol's case table that this far exist, by their number there. */
const CASES: [string, Mark, Facts, object][] = [
  ['1: based on the current revision', mark(), facts(), { outcome: 'applied' }],
  ['1: nobody marked yet', mark({ base: 0 }), facts({ cell: null }), { outcome: 'applied' }],
  [
    '1: without a base, whatever is there',
    mark({ base: null }),
    facts({ cell: cell({ revision: 7 }) }),
    { outcome: 'applied' },
  ],
  ['1: nothing would change', mark({ state: 'late' }), facts(), { outcome: 'merged', second: false }],
  ['1: only the note changes', mark({ state: 'late', note: 'x' }), facts(), { outcome: 'applied' }],
  ['2: known, same content', mark(), facts({ receipt: { hash: 'h' } }), { outcome: 'duplicate' }],
  [
    '2: even if rights have changed',
    mark(),
    facts({ receipt: { hash: 'h' }, mayRecord: false }),
    { outcome: 'duplicate' },
  ],
  ['3: known, other content', mark(), facts({ receipt: { hash: 'other' } }), { outcome: 'parked', code: 'id_reuse' }],
  [
    '4: concurrent, same state',
    mark({ base: 1, state: 'late' }),
    facts({ cell: cell({ revision: 2 }) }),
    { outcome: 'merged', second: false },
  ],
  [
    '4: its note is a second observation',
    mark({ state: 'late', note: 'mine' }),
    facts({ cell: cell({ revision: 2 }) }),
    { outcome: 'merged', second: true },
  ],
  ['5-7: concurrent, other state', mark(), facts({ cell: cell({ revision: 2 }) }), { outcome: 'conflict' }],
  [
    '10: session cancelled',
    mark(),
    facts({ session: { status: 'cancelled' } }),
    { outcome: 'parked', code: 'session_deleted' },
  ],
  [
    '11: locked before it was observed',
    mark(),
    facts({ session: { status: 'ended', lockedAt: now } }),
    { outcome: 'parked', code: 'session_locked' },
  ],
  [
    '11: observed before the lock',
    mark(),
    facts({ session: { status: 'ended', lockedAt: now }, observedAt: new Date(now.getTime() - 1) }),
    { outcome: 'applied' },
  ],
  [
    '11: may correct, but gives no reason',
    mark(),
    facts({ session: { status: 'ended', lockedAt: now }, mayCorrect: true }),
    { outcome: 'parked', code: 'reason_required' },
  ],
  [
    '11: may correct, with a reason',
    mark({ reason: 'r' }),
    facts({ session: { status: 'ended', lockedAt: now }, mayCorrect: true }),
    { outcome: 'applied' },
  ],
  ['12: not on the roster', mark(), facts({ onRoster: false }), { outcome: 'parked', code: 'participant_removed' }],
  ['15: erased', mark(), facts({ target: 'erased' }), { outcome: 'rejected', code: 'erased' }],
  ['16: no right', mark(), facts({ mayRecord: false }), { outcome: 'parked', code: 'not_authorized' }],
  [
    '19: unknown or foreign',
    mark(),
    facts({ target: 'unknown', mayRecord: false }),
    { outcome: 'rejected', code: 'unknown_target' },
  ],
  [
    '26: newer than the server, same state',
    mark({ base: 9, state: 'late' }),
    facts(),
    { outcome: 'merged', second: false },
  ],
  ['26: newer than the server, other state', mark({ base: 9 }), facts(), { outcome: 'conflict' }],
  ['state not in use', mark(), facts({ stateKnown: false }), { outcome: 'parked', code: 'state_unknown' }],
];

describe('the judge', () => {
  it.each(CASES)('%s', (_, asked, known, judgement) => {
    expect(judgeOperation(asked, known)).toEqual(judgement);
  });
});
