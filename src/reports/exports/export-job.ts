import { type EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { inOrganization } from '../../platform/database/in-organization.js';
import { type Orm } from '../../platform/database/orm.js';
import { type Refusal } from '../../platform/http/problem.js';
import { Export } from './export.entity.js';

/** A job that was claimed: whoever holds the newest number works on it, and nobody else may write for it. */
export interface ExportJob {
  id: number;
  organization: number;
  user: number;
  claim: number;
}

/** The claim went to somebody else, or the file was cancelled: stop, write nothing. */
export class ClaimLost extends Error {}

/** How long a claim holds without a word. */
const LEASE_MS = 60_000;
/** After so many claims without an end the job is given up: it takes its worker down every time. */
const MOST_CLAIMS = 4;

/** Why there is no file; the message is a translation key. */
export type Failure = Pick<Refusal, 'code' | 'message' | 'params'>;

const GIVEN_UP: Failure = {
  code: 'internal',
  message: 'This file was interrupted again and again, so it was given up. Try it with a shorter range.',
};

/** Runs work for the job's organization, in the name of the user who asked for the file. */
export function forExport<T>(
  orm: Orm,
  job: Pick<ExportJob, 'id' | 'organization' | 'user'>,
  work: (em: EntityManager) => Promise<T>,
): Promise<T> {
  const who = { organizationId: job.organization, userId: job.user, source: 'page' as const };
  return inOrganization(orm, { ...who, requestId: `export:${job.id}` }, work);
}

/** What waits, or lost its worker: the oldest of an organization that has none under way just now. */
async function dueExport(orm: Orm): Promise<Export | null> {
  const em = orm.em.fork({ disableContextResolution: true }) as EntityManager;
  const open = await em.find(
    Export,
    { status: { $in: ['queued', 'running'] } },
    { filters: false, orderBy: { id: 'asc' }, limit: 500 },
  );
  const now = clock.now().getTime();
  const isHeld = (job: Export) => !!job.claimedUntil && job.claimedUntil.getTime() > now;
  const busy = new Set(open.filter(isHeld).map((job) => job.organization));
  return open.find((job) => !busy.has(job.organization)) ?? null;
}

/** @returns whether a file waits for a worker right now */
export const hasDueExport = async (orm: Orm): Promise<boolean> => (await dueExport(orm)) !== null;

/** Claims the next job by compare-and-set. @returns null when there is nothing to do */
export async function claimExport(orm: Orm): Promise<ExportJob | null> {
  for (let tries = 0; tries < 20; tries++) {
    const found = await dueExport(orm);
    if (!found) return null;
    const claim = found.claim + 1;
    const job: ExportJob = { id: found.id, organization: found.organization as number, user: found.user, claim };
    const gaveUp = found.claim >= MOST_CLAIMS;
    const values = gaveUp
      ? { status: 'failed' as const, failure: failureText(GIVEN_UP), finishedAt: clock.now(), claimedUntil: null }
      : { status: 'running' as const, processed: 0, claimedUntil: leaseEnd() };
    const claimed = await forExport(orm, job, (em) =>
      em.nativeUpdate(
        Export,
        { id: found.id, claim: found.claim, status: found.status },
        { claim, updatedAt: clock.now(), ...values },
      ),
    );
    if (claimed === 1 && !gaveUp) return job;
  }
  return null;
}

const leaseEnd = (): Date => new Date(clock.now().getTime() + LEASE_MS);

/** Writes to the job's row, only while the claim holds and nobody cancelled it. @throws ClaimLost */
export async function saveExport(orm: Orm, job: ExportJob, values: Partial<Export>): Promise<void> {
  const saved = await forExport(orm, job, (em) =>
    em.nativeUpdate(Export, { id: job.id, claim: job.claim, status: 'running' }, {
      claimedUntil: leaseEnd(),
      updatedAt: clock.now(),
      ...values,
    } as never),
  );
  if (saved !== 1) throw new ClaimLost(`export ${job.id}: claim ${job.claim} was lost`);
}

/**
 * Lets go of a job whose worker is dead or stops, so that another begins anew.
 * @param afterMs not before so much time has passed
 */
export async function releaseExport(orm: Orm, job: ExportJob, afterMs = 0): Promise<void> {
  const claimedUntil = afterMs > 0 ? new Date(clock.now().getTime() + afterMs) : null;
  await forExport(orm, job, (em) =>
    em.nativeUpdate(Export, { id: job.id, claim: job.claim, status: 'running' }, { claimedUntil }),
  );
}

export const failureText = ({ code, message, params = {} }: Failure): string =>
  JSON.stringify({ code, message, params }).slice(0, 500);

export const failureOf = (job: Pick<Export, 'failure'>): Failure | null =>
  job.failure ? (JSON.parse(job.failure) as Failure) : null;
