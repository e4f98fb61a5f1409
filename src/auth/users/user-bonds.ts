import { type EntityManager } from '@mikro-orm/core';

/**
 * What binds a user to rows of modules further right: the groups that he works with, and the participant that he is.
 * The participants module says how (`bindUsersBy`), because this one knows neither groups nor people.
 */
export interface UserBonds {
  /** @returns the ids of each user's groups; a user without groups has no entry */
  groupIds(em: EntityManager, users: number[]): Promise<Map<number, number[]>>;
  /** Makes these his groups. @throws Problem 422 `unknown` on group_ids */
  assignGroups(tx: EntityManager, user: number, groups: number[]): Promise<void>;
  /** @returns `[id, name]` of the groups to choose from, those named in `also` among them */
  groupOptions(em: EntityManager, also: number[]): Promise<[number, string][]>;
  /** @returns who it is, or null when nobody here has this id */
  participantOf(em: EntityManager, participant: number): Promise<BoundParticipant | null>;
}

/** A participant as the form of a user needs him. */
export interface BoundParticipant {
  name: string;
  first_name: string;
  last_name: string;
  email: string | null;
}

let bonds: UserBonds | null = null;

export function bindUsersBy(given: UserBonds): void {
  bonds = given;
}

/** @throws when the product was put together without participants: a bug */
export function userBonds(): UserBonds {
  if (!bonds) throw new Error('nobody said what binds users: bindUsersBy() was not called');
  return bonds;
}
