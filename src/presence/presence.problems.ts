import { Problem, type Refusal } from '../platform/http/problem.js';
import { type Code } from './judge-operation.js';

/** What a refused operation is called at the doors where a person waits for the answer. */
const ANSWERS: Partial<Record<Code, { status: number; refusal: Refusal }>> = {
  unknown_target: {
    status: 422,
    refusal: { code: 'unknown', field: 'participant_id', message: 'There is nobody with this id.' },
  },
  erased: {
    status: 422,
    refusal: { code: 'unknown', field: 'participant_id', message: 'There is nobody with this id.' },
  },
  participant_removed: {
    status: 422,
    refusal: {
      code: 'not_on_roster',
      field: 'participant_id',
      message: 'This person is not on the roster of that day. Nothing was changed.',
    },
  },
  state_unknown: {
    status: 422,
    refusal: { code: 'state_unknown', field: 'presence_state', message: 'This state is not in use here.' },
  },
  reason_required: {
    status: 422,
    refusal: { code: 'required', field: 'reason', message: 'The register is locked: a correction needs a reason.' },
  },
  not_authorized: {
    status: 403,
    refusal: { code: 'permission_denied', message: 'You do not have the right to do this.' },
  },
  id_reuse: {
    status: 409,
    refusal: { code: 'id_reuse', field: 'op_id', message: 'This operation id was used for something else already.' },
  },
  session_deleted: {
    status: 409,
    refusal: {
      code: 'session_cancelled',
      message: 'This {session} is cancelled, so nobody can be marked. Nothing was changed.',
    },
  },
  participant_moved: {
    status: 422,
    refusal: {
      code: 'not_on_roster',
      field: 'participant_id',
      message: 'This person is expected in another {session} at this time. Nothing was changed.',
    },
  },
  session_locked: {
    status: 409,
    refusal: { code: 'session_locked', message: 'This register is locked. An administrator can correct it.' },
  },
};

/** @param row index in a request of many, from 0 */
export function refusedMark(code: Code, row?: number): { status: number; refusal: Refusal } {
  const answer = ANSWERS[code];
  if (!answer) throw new Error(`${code} is an answer of the sync door alone`);
  const { status, refusal } = answer;
  return { status, refusal: row === undefined ? refusal : { ...refusal, row } };
}

/** Somebody changed the mark since it was seen. `current` is the record as it stands. */
export function stale(current: unknown, row?: number): Problem {
  const refusal: Refusal = {
    code: 'stale',
    field: 'revision',
    message: 'Somebody else changed this mark meanwhile. Nothing was overwritten; look at it and decide.',
    ...(row === undefined ? {} : { row }),
  };
  return new Problem(409, refusal, { data: { current } });
}
