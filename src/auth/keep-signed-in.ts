import { type Request, type Response } from 'express';
import { z } from 'zod';
import { deviceHashOf } from '../platform/http/device-cookie.js';
import { parse } from '../platform/http/parse.js';
import { type Who } from './act-as.js';
import { authenticatorOf } from './login-middleware.js';
import { type Proven, type SignedIn } from './sign-in.js';

export const Credentials = z.object({
  email: z.string().trim().min(1).max(255),
  password: z.string().min(1).max(200),
  organization: z.string().trim().max(50).optional(),
  /** Of the authenticator app, or a recovery code; for accounts with a second factor. */
  code: z.string().trim().max(50).optional(),
});

/**
 * Signs in by the credentials in the body and keeps it: a new session id, so that nobody can have prepared one. Nothing is
 * kept while a code is due.
 * @throws Problem 401 invalid_credentials or second_factor_invalid, 409 organization_required, 422, 429
 */
export async function signInRequest(request: Request, response: Response): Promise<SignedIn> {
  parse(Credentials, request.body);
  const who = await new Promise<SignedIn>((resolve, reject) => {
    const authenticate = authenticatorOf(request).authenticate('local', (error: unknown, user: SignedIn | false) => {
      if (error) reject(error as Error);
      else if (!user) reject(new Error('no answer from sign-in'));
      else resolve(user);
    }) as (request: Request, response: Response, next: (error: unknown) => void) => void;
    authenticate(request, response, reject);
  });
  if (!who.codeDue) await keepSignedIn(request, who);
  return who;
}

/**
 * Starts the login session of somebody who has proven who he is.
 * @throws Problem 401 invalid_credentials when the password that was proven has been changed since
 */
export async function keepSignedIn(request: Request, who: Who & Partial<Proven>): Promise<void> {
  // passport's logIn regenerates the session before it puts the user into it.
  await new Promise<void>((resolve, reject) =>
    request.logIn(who as unknown as Express.User, (error: unknown) => (error ? reject(error as Error) : resolve())),
  );
  request.session.organizationId = who.organizationId;
  request.session.proof = who.proof;
  request.session.deviceLabel = (request.headers['user-agent'] ?? '').slice(0, 200);
  request.session.deviceHash = deviceHashOf(request);
  request.session.ip = (request.ip ?? '').slice(0, 64);
  try {
    await new Promise<void>((resolve, reject) =>
      request.session.save((error: unknown) => (error ? reject(error as Error) : resolve())),
    );
  } catch (error) {
    // Nobody is signed in: neither on the answer to this request nor on the next one.
    request.user = undefined;
    await new Promise<void>((resolve) => request.session.destroy(() => resolve()));
    throw error;
  }
}

/** Ends the login session of this browser, in the table and in the cookie. */
export async function signOutRequest(request: Request, response: Response, cookie: string): Promise<void> {
  await new Promise<void>((resolve, reject) =>
    request.session.destroy((error: unknown) => (error ? reject(error as Error) : resolve())),
  );
  response.clearCookie(cookie, { path: '/' });
}
