import { type RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { clock } from '../platform/clock.js';
import { type RateLimit } from '../platform/config.js';
import { tooManyRequests } from '../platform/http/problem.js';
import { isApi } from '../platform/http/request.js';
import { type AuthRequest } from './access.guard.js';

const WINDOW_MS = 60_000;
const SYNC = /^\/api\/(presence\/)?sync(\/|$)/i;

/**
 * Keeps one program from starving everybody else: so many requests a minute under /api for each token, else for each user,
 * else for each client address. Devices that hand in their marks are counted for each sign-in by themselves, so a
 * staff room behind one address, or one account on many tablets, never meets the others' limit. Pages are not counted.
 * Each process counts for itself. Runs after the sign-in is known, and tells in RateLimit headers what is left.
 */
export const limitRequests = (limits: RateLimit): RequestHandler =>
  rateLimit({
    windowMs: WINDOW_MS,
    limit: (request) => limits[kindOf(asked(request))],
    keyGenerator: (request) => keyOf(asked(request)),
    identifier: (request) => NAMES[kindOf(asked(request))],
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    skip: (request) => !isApi(request),
    handler: (request, _response, next) => next(tooManyRequests(secondsLeft(request as never))),
    // Its checks are about settings that are tested here, and would fill the log with what clients send.
    validate: false,
  });

const asked = (request: unknown) => request as AuthRequest;

/** How the headers name each limit. */
const NAMES: Record<keyof RateLimit, string> = { signedIn: 'signed-in', signedOut: 'signed-out', sync: 'sync' };

function kindOf(request: AuthRequest): keyof RateLimit {
  if (!request.user) return 'signedOut';
  return SYNC.test(request.path) && request.tokenId === undefined ? 'sync' : 'signedIn';
}

function keyOf(request: AuthRequest): string {
  const kind = kindOf(request);
  if (kind === 'signedOut') return `address ${ipKeyGenerator(request.ip ?? '')}`;
  if (request.tokenId !== undefined) return `token ${request.tokenId}`;
  // A sign-in cannot be made up, as the name of a device could.
  return kind === 'sync' ? `sync ${request.sessionID}` : `user ${request.user!.id}`;
}

function secondsLeft(request: { rateLimit?: { resetTime?: Date } }): number {
  const left = (request.rateLimit?.resetTime?.getTime() ?? 0) - clock.now().getTime();
  return Math.min(WINDOW_MS / 1000, Math.max(1, Math.ceil(left / 1000)));
}
