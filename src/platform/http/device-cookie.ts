import { randomBytes } from 'node:crypto';
import { type Request, type Response } from 'express';
import { sha256 } from '../text.js';

/** Names the browser profile, whoever signs in on it. It opens nothing: it only tells devices apart. */
export const DEVICE_COOKIE = 'omnipresence_device';
/** As long as browsers keep one. */
const DAYS = 400;

/** @returns SHA-256 of this browser profile's cookie, or null when it has none */
export function deviceHashOf(request: Request): string | null {
  const value = /(?:^|;\s*)omnipresence_device=([\w-]{43})(?:;|$)/.exec(request.headers.cookie ?? '')?.[1];
  return value ? sha256(value) : null;
}

/** Names the browser profile, or renews its name for another 400 days. @returns the SHA-256 of the cookie */
export function keepDevice(request: Request, response: Response): string {
  const known = /(?:^|;\s*)omnipresence_device=([\w-]{43})(?:;|$)/.exec(request.headers.cookie ?? '')?.[1];
  const value = known ?? randomBytes(32).toString('base64url');
  response.cookie(DEVICE_COOKIE, value, {
    httpOnly: true,
    sameSite: 'lax',
    secure: request.secure,
    maxAge: DAYS * 86_400_000,
    path: '/',
  });
  return sha256(value);
}
