import { type SignedInUser } from '../auth/index.js';
import { type Source } from '../platform/current.js';
import { actOf } from '../presence/act.js';
import { keepMarks } from '../presence/keep-marks.js';
import { refuseWhole } from '../presence/record-presence.js';
import { Session } from '../sessions/index.js';
import { type Place } from './place.js';

/** One person is given one state at one time. */
export interface Step {
  at: Date;
  participant: number;
  state: string | null;
  note?: string;
  reason?: string;
  arrivedAt?: Date;
  leftAt?: Date;
  /** Whose hand it was, if not the author's of the register. */
  by?: SignedInUser;
  source?: Source;
  fact?: 'presence.recorded' | 'presence.corrected';
}

/** How a register came about. */
export interface Taken {
  session: number;
  author: SignedInUser;
  steps: Step[];
  started?: Date;
  completed?: Date;
  ended?: Date;
}

/**
 * Plans the acts that leave a register as it was taken. Steps at the same time by the same hand are one act ("mark all
 * unmarked"). The marks go the one road that all marks go.
 */
export function planRegister(place: Place, taken: Taken): void {
  const { session, author } = taken;
  const revisions = new Map<number, number>();
  const acts = new Map<string, Step[]>();
  for (const step of taken.steps.sort((a, b) => a.at.getTime() - b.at.getTime())) {
    const key = `${step.at.getTime()} ${step.by?.id ?? author.id} ${step.source ?? 'page'} ${step.fact ?? ''}`;
    acts.set(key, [...(acts.get(key) ?? []), step]);
  }
  for (const steps of acts.values()) planMarks(place, taken, steps, revisions);

  const change = (at: Date | undefined, fact: string, values: (session: Session) => void) => {
    if (!at) return;
    place.timeline.add({
      at,
      by: author,
      source: 'page',
      fact,
      requestId: place.random.uuid(),
      work: async (tx) => {
        values(await tx.findOneOrFail(Session, { id: session }));
        await tx.flush();
      },
    });
  };
  change(taken.started, 'session.started', (row) => {
    row.status = 'running';
    row.actualStartAt = taken.started!;
  });
  change(taken.completed, 'register.completed', (row) => {
    row.registerCompletedAt = taken.completed!;
    row.registerCompletedBy = author.id;
  });
  change(taken.ended, 'session.ended', (row) => {
    row.status = 'ended';
    row.actualEndAt = taken.ended!;
  });
}

function planMarks(place: Place, { session, author }: Taken, steps: Step[], revisions: Map<number, number>): void {
  const { at, by = author, source = 'page', fact = 'presence.recorded' } = steps[0]!;
  const batchId = steps.length > 1 ? place.random.uuid() : null;
  const marks = steps.map(({ participant, state, note, reason, arrivedAt, leftAt }) => {
    const base = revisions.get(participant) ?? 0;
    revisions.set(participant, base + 1);
    return { opId: place.random.uuid(), participant, state, base, note, reason, arrivedAt, leftAt };
  });
  place.timeline.add({
    at,
    by,
    source,
    fact,
    requestId: place.random.uuid(),
    work: async (tx) => {
      const act = await actOf(tx, session, by, { batchId });
      refuseWhole(await keepMarks(tx, act, marks), {});
    },
  });
}

/** Somebody called it off. */
export function planCancellation(place: Place, session: number, at: Date, by: SignedInUser): void {
  place.timeline.add({
    at,
    by,
    source: 'page',
    fact: 'session.cancelled',
    requestId: place.random.uuid(),
    work: async (tx) => {
      (await tx.findOneOrFail(Session, { id: session })).status = 'cancelled';
      await tx.flush();
    },
  });
}
