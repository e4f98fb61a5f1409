import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager, LockMode } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { currentOrganization } from '../../platform/current.js';
import { transact } from '../../platform/database/transaction.js';
import { Organization, settingsOf } from '../../tenancy/index.js';
import { Session } from '../session.entity.js';

/** Sessions of one transaction: marks wait no longer than that for theirs. */
const AT_ONCE = 200;
const HOUR_MS = 3_600_000;

/**
 * Registers whose time is over lock: `lock_hours` after the planned end, or after an administrator opened the lock. What
 * counts is that moment, not when this runs: a device that captured before it is still in time.
 * @returns how many locked; call again while it answers as many as fit at once
 */
export class LockSessions implements ICommand {}

@CommandHandler(LockSessions)
export class LockSessionsHandler implements ICommandHandler<LockSessions, number> {
  constructor(private readonly em: EntityManager) {}

  async execute(): Promise<number> {
    const { lock_hours: hours } = settingsOf(await this.em.findOneOrFail(Organization, { id: currentOrganization() }));
    if (hours === null) return 0;
    const before = new Date(clock.now().getTime() - hours * HOUR_MS);
    return transact(this.em, 'session.locked', async (tx) => {
      const due = await tx.find(
        Session,
        {
          lockedAt: null,
          status: { $ne: 'cancelled' },
          scheduledEndAt: { $lte: before },
          $or: [{ unlockedAt: null }, { unlockedAt: { $lte: before } }],
        },
        { orderBy: { scheduledEndAt: 'asc', id: 'asc' }, limit: AT_ONCE, lockMode: LockMode.PESSIMISTIC_WRITE },
      );
      for (const session of due) {
        const from = Math.max(session.scheduledEndAt.getTime(), session.unlockedAt?.getTime() ?? 0);
        session.lockedAt = new Date(from + hours * HOUR_MS);
      }
      await tx.flush();
      return due.length;
    });
  }
}

/** @returns whether that was as many as fit at once, so that there may be more */
export const mayBeMore = (locked: number): boolean => locked === AT_ONCE;
