import { Secret, TOTP } from 'otpauth';

/** As every authenticator app understands it (RFC 6238): six digits, SHA-1, a new code every 30 seconds. */
const FORM = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
/** A code of the step before or after is taken too: clocks of phones are not exact. */
const DRIFT = 1;

/** @returns a new secret, base32: 160 bits, as RFC 4226 recommends */
export const newSecret = (): string => new Secret({ size: 20 }).base32;

/** @returns the address that an authenticator app reads from the picture */
export const addressOf = (secret: string, organization: string, email: string): string =>
  new TOTP({ ...FORM, issuer: organization, label: email, secret: Secret.fromBase32(secret) }).toString();

/**
 * Compares a code with those that the secret makes around now.
 * @param lastStep the step of the code that was taken last: no step counts twice
 * @returns the step that the code belongs to, or null: it is wrong, or was taken before
 */
export function stepOf(secret: string, code: string, now: Date, lastStep: number | null): number | null {
  const token = code.replace(/\s/g, '');
  if (!/^\d{6}$/.test(token)) return null;
  const totp = new TOTP({ ...FORM, secret: Secret.fromBase32(secret) });
  const delta = totp.validate({ token, timestamp: now.getTime(), window: DRIFT });
  if (delta === null) return null;
  const step = totp.counter({ timestamp: now.getTime() }) + delta;
  return lastStep !== null && step <= lastStep ? null : step;
}
