import { randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';

/** The one-time address of /setup: printed at the start of an empty system, known to nobody else, dead once used. */
@Injectable()
export class SetupAddress {
  private token: string | null = null;

  /** Makes the address. @returns its path and query */
  open(): string {
    this.token = randomBytes(24).toString('base64url');
    return `/setup?token=${this.token}`;
  }

  /** @returns whether the token is the printed one */
  fits(token: unknown): boolean {
    if (this.token === null || typeof token !== 'string') return false;
    const [given, expected] = [Buffer.from(token), Buffer.from(this.token)];
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  close(): void {
    this.token = null;
  }
}
