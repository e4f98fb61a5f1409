import { type EntityManager } from '@mikro-orm/core';
import { type SignedInUser } from '../auth/index.js';

type Panel = (em: EntityManager, participant: number, me: SignedInUser) => Promise<Record<string, unknown>>;
const panels: Panel[] = [];

/**
 * A module further right adds what it knows to the page of a participant. Presence answers `history`, a list of
 * { session_id, session_name, group_name, starts_at, state_label, color, note }: see views/participants/_history.njk.
 */
export function showWithParticipant(panel: Panel): void {
  if (!panels.includes(panel)) panels.push(panel);
}

/** Everything that the panels give, one after the other. */
export async function panelsOf(
  em: EntityManager,
  participant: number,
  me: SignedInUser,
): Promise<Record<string, unknown>> {
  const shown: Record<string, unknown> = {};
  for (const panel of panels) Object.assign(shown, await panel(em, participant, me));
  return shown;
}
