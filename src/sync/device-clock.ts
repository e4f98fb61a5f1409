import { type Flag } from './wire.js';

/** Off by no more than this: the clock is good. */
const GOOD_MS = 2 * 60_000;
/** Off by more than this: its times say nothing. */
const USABLE_MS = 24 * 3_600_000;

export interface DeviceTime {
  /** The capture time on the server's clock; the time of arrival when the device's clock says nothing. */
  correctedAt: Date;
  /** Whether it may be weighed against other times. */
  trusted: boolean;
  flags: Flag[];
}

/**
 * Cases 20 to 22: what a device's clock is worth. Corrected time = recorded_at + (server time - sent_at). Nothing is ever
 * refused for its clock.
 * @param recordedAt the device's clock at the tap
 * @param sentAt the device's clock when it sent the batch
 * @param now the server's clock when the batch came
 */
export function deviceTime(recordedAt: Date, sentAt: Date, now: Date): DeviceTime {
  const off = now.getTime() - sentAt.getTime();
  const corrected = recordedAt.getTime() + off;
  if (Math.abs(off) > USABLE_MS || recordedAt.getTime() - sentAt.getTime() > GOOD_MS)
    return { correctedAt: now, trusted: false, flags: ['clock_invalid'] };
  // A tap just before the sending may seem to lie in the future by the time that the sending took.
  const correctedAt = new Date(Math.min(corrected, now.getTime()));
  if (Math.abs(off) > GOOD_MS) return { correctedAt, trusted: false, flags: ['clock_suspect'] };
  return { correctedAt, trusted: true, flags: [] };
}

/** Case 23: captured outside the session's time, give or take what a good clock may be off. */
export function outOfWindow(at: Date, session: { scheduledStartAt: Date; scheduledEndAt: Date }): boolean {
  return (
    at.getTime() < session.scheduledStartAt.getTime() - GOOD_MS ||
    at.getTime() > session.scheduledEndAt.getTime() + GOOD_MS
  );
}
