import { type EntityManager } from '@mikro-orm/core';
import { type Consequence } from './domain-change.js';
import { type Organization } from './organization.entity.js';

/** Settings that figures of the past depend on, as somebody is about to save them; absent: as they are. */
export interface PlannedChange {
  /** Minutes after the start in which nobody is late. */
  grace_minutes?: number | undefined;
  /** IANA name. */
  time_zone?: string | undefined;
}

type Foresee = (em: EntityManager, organization: Organization, planned: PlannedChange) => Promise<Consequence[]>;
const foreseen: Foresee[] = [];

/** A module further right says what a change of settings would do to its figures (reports). */
export function foreseeChanges(foresee: Foresee): void {
  if (!foreseen.includes(foresee)) foreseen.push(foresee);
}

/** @returns what would be told otherwise than before if this were saved; empty when nothing would */
export async function effectsOf(
  em: EntityManager,
  organization: Organization,
  planned: PlannedChange,
): Promise<Consequence[]> {
  const told: Consequence[] = [];
  for (const foresee of foreseen) told.push(...(await foresee(em, organization, planned)));
  return told;
}
