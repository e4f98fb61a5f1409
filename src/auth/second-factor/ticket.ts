import { createHmac, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { type Request, type Response } from 'express';
import { clock } from '../../platform/clock.js';
import { type Config } from '../../platform/config.js';
import { type Proven } from '../sign-in.js';

/** How long the second step may take. */
const VALID_MS = 10 * 60_000;
/** Sent to the second step alone. */
const COOKIE = { name: 'omnipresence_second_step', path: '/login' };

/**
 * Says that somebody has proven his password and still owes a code. It is signed, and it is no login session: between
 * the two steps nobody is signed in, so there is nothing that could open another door.
 */
@Injectable()
export class SecondStepTicket {
  constructor(@Inject('config') private readonly config: Config) {}

  /** Gives the ticket to the browser. */
  give(who: Proven, request: Request, response: Response): void {
    const text = [who.userId, who.organizationId, clock.now().getTime() + VALID_MS, who.proof].join('.');
    response.cookie(COOKIE.name, `${text}.${this.signatureOf(text)}`, {
      httpOnly: true,
      sameSite: 'lax',
      secure: request.secure,
      maxAge: VALID_MS,
      path: COOKIE.path,
    });
  }

  /** @returns whose ticket the browser holds, or null: none, one that is over, or one that we did not sign */
  read(request: Request): Proven | null {
    const pattern = new RegExp(
      `(?:^|;\\s*)${COOKIE.name}=((\\d+)\\.(\\d+)\\.(\\d+)\\.([0-9a-f]{32}))\\.([0-9a-f]{64})(?:;|$)`,
    );
    const [, text, userId, organizationId, until, proof, signature] = pattern.exec(request.headers.cookie ?? '') ?? [];
    if (!text || !proof || !signature) return null;
    const fits = timingSafeEqual(Buffer.from(signature, 'hex'), Buffer.from(this.signatureOf(text), 'hex'));
    if (!fits || Number(until) <= clock.now().getTime()) return null;
    return { userId: Number(userId), organizationId: Number(organizationId), proof };
  }

  take(response: Response): void {
    response.clearCookie(COOKIE.name, { path: COOKIE.path });
  }

  private signatureOf(text: string): string {
    return createHmac('sha256', this.config.sessionSecret).update(`second step ${text}`).digest('hex');
  }
}
