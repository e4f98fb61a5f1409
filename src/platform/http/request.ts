import { type Request } from 'express';

/** What the middleware and the guards put onto a request. */
export interface AppRequest extends Request {
  requestId: string;
  /** Entities of the path, by parameter name, found by the target guard. */
  targets?: Record<string, any>;
  /** How much waits for this person, by name: told beside the navigation. */
  counts?: Record<string, number>;
  /** Why the body could not be read; thrown after access and path are settled. */
  bodyProblem?: unknown;
}

/** @returns whether the caller is a program: everything under /api answers JSON, however the path is spelled */
export const isApi = (request: Request): boolean => /^\/api(\/|$)/i.test(request.path);

/** @returns whether htmx asks for a fragment rather than a whole page */
export const isFragment = (request: Request): boolean =>
  request.headers['hx-request'] === 'true' && request.headers['hx-request-type'] !== 'full';
