import { type EntityManager } from '@mikro-orm/core';
import { type SignedInUser } from '../../auth/index.js';
import { ownGroupIds, ownGroupsOf } from '../../participants/index.js';
import { type Export } from './export.entity.js';

/** @returns whether somebody may still see every group that was open to him when his file was made */
export async function maySee(em: EntityManager, job: Export, me: SignedInUser): Promise<boolean> {
  const now = await ownGroupIds(em, ownGroupsOf(me));
  return now === null || (job.reach?.every((group) => now.includes(group)) ?? false);
}
