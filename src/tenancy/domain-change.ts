import { type EntityManager } from '@mikro-orm/core';
import { type DomainType } from './domains/domain-pack.js';
import { type Organization } from './organization.entity.js';

/** One sentence about what a change of the domain would do; English, with its parameters: a translation key. */
export interface Consequence {
  message: string;
  params?: Record<string, string | number>;
}

type Change = (tx: EntityManager, organization: Organization) => Promise<void>;
type Foresee = (em: EntityManager, to: DomainType) => Promise<Consequence[]>;
const changes: Change[] = [];
const foreseen: Foresee[] = [];

/** A module further right registers what it does when the domain changes, inside the transaction (presence: its states). */
export function whenDomainChanges(change: Change, foresee: Foresee): void {
  if (changes.includes(change)) return;
  changes.push(change);
  foreseen.push(foresee);
}

/** Runs what is registered; the organization has its new domain already. */
export async function domainChanged(tx: EntityManager, organization: Organization): Promise<void> {
  for (const change of changes) await change(tx, organization);
}

/** @returns what every module says would change */
export async function consequencesOf(em: EntityManager, to: DomainType): Promise<Consequence[]> {
  const told: Consequence[] = [];
  for (const each of foreseen) told.push(...(await each(em, to)));
  return told;
}
