import { describe, expect, it } from '@jest/globals';
import { judgeOperation, type Base, type Facts } from '../../src/presence/judge-operation.js';
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
  receivedAt: new Date(now.getTime() - 60_000),
  ...fields,
});
const facts = (fields: Partial<Facts> = {}): Facts => ({
  known: null,
  target: 'live',
  mayRecord: true,
  mayCorrect: false,
  session: { status: 'running', lockedAt: null },
  onRoster: true,
  stateKnown: true,
  cell: cell(),
  base: { kind: 'any' },
  observedAt: now,
  ...fields,
});
/** What the receipts say of a base that is a revision; the other kinds are given as they are. */
const based = ({ base }: Mark): Base =>
  typeof base === 'number' ? { kind: 'revision', revision: base } : { kind: 'any' };

/** The rows of the sync protocol's case table that a pure function can decide, by their number there. */
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
  ['2: known, same content', mark(), facts({ known: 'same' }), { outcome: 'duplicate' }],
  ['2: even if rights have changed', mark(), facts({ known: 'same', mayRecord: false }), { outcome: 'duplicate' }],
  ['3: known, other content', mark(), facts({ known: 'other' }), { outcome: 'parked', code: 'id_reuse' }],
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
    { outcome: 'applied', late: true },
  ],
  [
    '11: says that it was before the lock, but stands on a mark that was made after it',
    mark(),
    facts({
      session: { status: 'ended', lockedAt: new Date(now.getTime() - 120_000) },
      observedAt: new Date(now.getTime() - 3_600_000),
    }),
    { outcome: 'parked', code: 'session_locked' },
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
  [
    'restored: the number means somebody else, whoever brings it and whatever his rights are',
    mark(),
    facts({ isAnother: true, foreign: true, mayRecord: false }),
    { outcome: 'parked', code: 'restored' },
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
    { outcome: 'merged', second: false, behind: true },
  ],
  ['26: newer than the server, other state', mark({ base: 9 }), facts(), { outcome: 'conflict', behind: true }],
  [
    '8: its base has not arrived',
    mark(),
    facts({ base: { kind: 'missing' } }),
    { outcome: 'parked', code: 'missing_base', waits: true },
  ],
  [
    '9: its base waits for a person',
    mark(),
    facts({ base: { kind: 'parked', code: 'state_unknown' } }),
    { outcome: 'parked', code: 'state_unknown', waits: true },
  ],
  ['9: its base clashed', mark(), facts({ base: { kind: 'concurrent' } }), { outcome: 'conflict' }],
  [
    '9: its base clashed, and now it agrees',
    mark({ state: 'late' }),
    facts({ base: { kind: 'concurrent' } }),
    { outcome: 'merged', second: false },
  ],
  [
    '14: expected in another session at that time',
    mark(),
    facts({ onRoster: false, moved: true }),
    { outcome: 'parked', code: 'participant_moved' },
  ],
  ['17: handed in on behalf', mark(), facts({ foreign: true }), { outcome: 'parked', code: 'foreign_author' }],
  ['state not in use', mark(), facts({ stateKnown: false }), { outcome: 'parked', code: 'state_unknown' }],
];

describe('the judge', () => {
  it.each(CASES)('%s', (_, asked, known, judgement) => {
    const base = known.base.kind === 'any' ? based(asked) : known.base;
    expect(judgeOperation(asked, { ...known, base })).toEqual(judgement);
  });
});
