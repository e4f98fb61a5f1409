import { type EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { inOrganization } from '../../platform/database/in-organization.js';
import { type Orm } from '../../platform/database/orm.js';
import { Import } from './import.entity.js';
import { rankOf } from './kind-order.js';
import { type Told } from './problem.js';

/** A job that was claimed: whoever holds the newest number works on it, and nobody else may write for it. */
export interface Job {
  id: number;
  organization: number;
  claim: number;
  undoing: boolean;
}

/** The claim went to somebody else (this process was too slow, or taken for dead): stop, write nothing. */
export class ClaimLost extends Error {}

/** How long a claim holds without a word. Every chunk says one. */
const LEASE_MS = 60_000;
/** After so many claims without an end the job is given up: it takes its worker down every time. */
const MOST_CLAIMS = 8;
/** Each start of a job, and each undoing, counts its claims from a multiple of this. */
const CLAIMS_OF_A_START = 100;

/** How often the job was claimed since it was started, or since it was to be undone. */
export const claimsSinceStart = (claim: number): number => claim % CLAIMS_OF_A_START;

/**
 * The number from which the claims of a new start count. It never goes back: a worker that was taken for dead must not
 * find its old number in force again.
 */
export const nextStart = (claim: number): number => claim - claimsSinceStart(claim) + CLAIMS_OF_A_START;

export const leaseEnd = (): Date => new Date(clock.now().getTime() + LEASE_MS);

/** Runs work for the job's organization, in the name of the user who started it. */
export function forJob<T>(
  orm: Orm,
  job: Pick<Import, 'id' | 'organization' | 'user'>,
  work: (em: EntityManager) => Promise<T>,
): Promise<T> {
  const who = {
    organizationId: job.organization as number,
    userId: job.user ?? null,
    source: 'import' as const,
    requestId: `import:${job.id}`,
  };
  return inOrganization(orm, who, work);
}

/**
 * The job that is next, of any organization. One organization's jobs run one after another, what others build on first;
 * one whose worker died goes on before anything else.
 */
async function dueImport(orm: Orm): Promise<Import | null> {
  const em = orm.em.fork({ disableContextResolution: true }) as EntityManager;
  // A worker belongs to nobody's organization; it looks for work of all of them, and then acts for the job's own.
  const open = await em.find(
    Import,
    { status: { $in: ['queued', 'running', 'undoing'] } },
    { filters: false, orderBy: { id: 'asc' } },
  );
  const now = clock.now().getTime();
  const isHeld = (job: Import) => !!job.claimedUntil && job.claimedUntil.getTime() > now;
  const busy = new Set(open.filter(isHeld).map((job) => job.organization));
  const due = open
    .filter((job) => !busy.has(job.organization))
    .sort((a, b) => rankOf(a.kind) - rankOf(b.kind) || a.id - b.id);
  return due.find((job) => job.status !== 'queued') ?? due[0] ?? null;
}

/** @returns whether a job waits for a worker right now */
export async function hasDueImport(orm: Orm): Promise<boolean> {
  return (await dueImport(orm)) !== null;
}

/** Claims the next job by compare-and-set. @returns null when there is nothing to do */
export async function claimImport(orm: Orm): Promise<Job | null> {
  for (let tries = 0; tries < 20; tries++) {
    const found = await dueImport(orm);
    if (!found) return null;
    if (claimsSinceStart(found.claim) >= MOST_CLAIMS) {
      await giveUp(orm, found);
      continue;
    }
    const undoing = found.status === 'undoing';
    const claimed = await forJob(orm, found, (em) =>
      em.nativeUpdate(
        Import,
        { id: found.id, claim: found.claim, status: found.status },
        {
          claim: found.claim + 1,
          status: undoing ? 'undoing' : 'running',
          claimedUntil: leaseEnd(),
          updatedAt: clock.now(),
        },
      ),
    );
    if (claimed === 1)
      return { id: found.id, organization: found.organization as number, claim: found.claim + 1, undoing };
  }
  return null;
}

/** Claims an upload that somebody began to read and did not end. @returns null when there is none */
export async function claimReading(orm: Orm): Promise<Import | null> {
  const em = orm.em.fork({ disableContextResolution: true }) as EntityManager;
  // Uploads of every organization; each is read in the name of its own.
  const [job] = await em.find(
    Import,
    { status: 'reading', claimedUntil: { $lte: clock.now() } },
    { filters: false, orderBy: { id: 'asc' }, limit: 1 },
  );
  if (!job) return null;
  const claim = job.claim + 1;
  const claimed = await forJob(orm, job, (own) =>
    own.nativeUpdate(
      Import,
      { id: job.id, claim: job.claim, status: 'reading' },
      { claim, claimedUntil: leaseEnd(), updatedAt: clock.now() },
    ),
  );
  return claimed === 1 ? Object.assign(job, { claim }) : null;
}

async function giveUp(orm: Orm, job: Import): Promise<void> {
  const why: Told = {
    code: 'internal',
    message: 'This import was interrupted again and again, so it was given up. What it had done before can be undone.',
    params: {},
  };
  await forJob(orm, job, (em) =>
    em.nativeUpdate(
      Import,
      { id: job.id, claim: job.claim },
      {
        status: 'failed',
        failure: failureText(why),
        finishedAt: clock.now(),
        claimedUntil: null,
        claim: nextStart(job.claim),
      },
    ),
  );
}

/** Writes to the job's row, only while the claim holds. @throws ClaimLost */
export async function saveJob(em: EntityManager, job: Job, values: Partial<Import>): Promise<void> {
  const saved = await em.nativeUpdate(Import, { id: job.id, claim: job.claim }, {
    claimedUntil: leaseEnd(),
    updatedAt: clock.now(),
    ...values,
  } as never);
  if (saved !== 1) throw new ClaimLost(`import ${job.id}: claim ${job.claim} was lost`);
}

/**
 * Lets go of a job whose worker is dead or stops, so that another goes on.
 * @param afterMs not before so much time has passed
 */
export async function releaseImport(
  orm: Orm,
  job: Pick<Job, 'id' | 'organization' | 'claim'>,
  afterMs = 0,
): Promise<void> {
  await forJob(orm, { ...job, user: null } as never, (em) =>
    em.nativeUpdate(
      Import,
      { id: job.id, claim: job.claim, status: { $in: ['running', 'undoing'] } },
      { claimedUntil: afterMs > 0 ? new Date(clock.now().getTime() + afterMs) : null },
    ),
  );
}

/** Why a file as a whole was given up, as the row keeps it. */
export const failureText = ({ code, message, params }: Told): string => JSON.stringify({ code, message, params });

export const failureOf = (job: Pick<Import, 'failure'>): Told | null =>
  job.failure ? (JSON.parse(job.failure) as Told) : null;
