/** What a row of a register shows: what the page knows, with what this device knows laid over it. Pure. */
import type { CurrentMark } from '../../../src/sync/wire.js';
import type { PresenceDraft } from './capture.js';
import { outcomeOf, type OpRow } from './store.js';

export interface Shown {
  state: string | null;
  revision: number;
}

export interface Face extends Shown {
  /** device: saved on this device, not yet sent. saved: the server has it, and the page did not show it. */
  face: '' | 'device' | 'saved' | 'refused' | 'parked' | 'disputed';
  /** The op that the face tells of. */
  op_id: string | null;
  code: OpRow['code'];
  /** With refused, parked and disputed: what this person had chosen. */
  mine: string | null;
  /** With disputed: the mark in force. */
  theirs: CurrentMark | null;
}

/**
 * @param shown what the page shows of this cell
 * @param rows the presence operations of this cell on the device, in the order of capture
 */
export function overlay(shown: Shown, rows: OpRow[]): Face {
  const face: Face = { ...shown, face: '', op_id: null, code: null, mine: null, theirs: null };
  const tell = (what: Face['face'], row: OpRow) => {
    face.face = what;
    face.op_id = row.op_id;
    face.code = what === 'refused' || what === 'parked' ? row.code : null;
    face.mine = row.op.kind === 'presence' ? row.op.presence_state : null;
    face.theirs = what === 'disputed' ? (row.current ?? null) : null;
  };
  for (const row of rows) {
    if (row.op.kind !== 'presence' || row.status === 'dismissed') continue;
    if (row.status === 'waiting') {
      face.state = row.op.presence_state;
      tell('device', row);
      continue;
    }
    // What was refused or parked is not told once the person tapped again, and a newer tap may still be on its way.
    if (row.status === 'refused') {
      tell('refused', row);
      continue;
    }
    const outcome = outcomeOf(row);
    const revision = row.revision ?? 0;
    if (outcome === 'conflict') {
      if (row.current && row.current.revision >= face.revision) {
        face.state = row.current.presence_state;
        face.revision = row.current.revision;
      }
      if (!row.seen && revision >= shown.revision) tell('disputed', row);
    } else if (outcome === 'parked') {
      if (!row.seen && baseRevision(row) >= shown.revision) tell('parked', row);
    } else if (revision >= face.revision) {
      face.state = row.op.presence_state;
      face.revision = revision;
      tell(revision > shown.revision ? 'saved' : '', row);
    }
  }
  return face;
}

/** A chain of own marks that was parked says nothing of what the page may show meanwhile: it is told until it is read. */
function baseRevision(row: OpRow): number {
  return row.op.kind === 'presence' && 'revision' in row.op.base ? row.op.base.revision : Infinity;
}

/** The newest act of this device in a register. */
export interface Act {
  /** act_id, or the op_id of a single mark. */
  id: string;
  rows: OpRow[];
  /** True while not all of it is on the server: then only this device can take it back. */
  waiting: boolean;
}

const counts = (row: OpRow) =>
  row.op.kind === 'presence' &&
  (row.status === 'waiting' || (row.status === 'settled' && outcomeOf(row) === 'applied'));

/** @returns what an undo would take back; null when there is nothing, or when the newest act was an undo */
export function lastAct(rows: OpRow[]): Act | null {
  const newest = rows.filter(counts).at(-1);
  if (!newest || newest.undoes || newest.op.kind !== 'presence') return null;
  const { act_id } = newest.op;
  const of = act_id
    ? rows.filter((row) => counts(row) && row.op.kind === 'presence' && row.op.act_id === act_id)
    : [newest];
  return { id: act_id ?? newest.op_id, rows: of, waiting: of.some((row) => row.status === 'waiting') };
}

/** The marks that take an act back. Cells that were marked again since are left as they are. */
export function undoOf(act: Act, rows: OpRow[], act_id: string): PresenceDraft[] {
  return act.rows.flatMap((row) => {
    const newest = rows.filter((other) => other.person === row.person && counts(other)).at(-1);
    if (row.op.kind !== 'presence' || newest !== row) return [];
    return [
      {
        kind: 'presence',
        session_id: row.op.session_id,
        participant_id: row.op.participant_id,
        presence_state: row.before,
        shown_revision: row.revision ?? 0,
        shown_state: row.op.presence_state,
        act_id,
        undoes: row.op_id,
      },
    ];
  });
}
