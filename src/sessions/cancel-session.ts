import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { findLocked } from '../platform/database/locked.js';
import { transact } from '../platform/database/transaction.js';
import { refuseChanged } from '../platform/http/etag.js';
import { sessionJson } from './session-json.js';
import { Session } from './session.entity.js';
import { statusBefore, withoutWhy } from './why-cancelled.js';

/** A session does not take place. Its marks stay. Done twice is done once. */
export class CancelSession implements ICommand {
  /** @param expected the version that the asker has seen (If-Match) */
  constructor(
    readonly id: number,
    readonly expected: string | null = null,
  ) {}
}

/** It takes place after all. */
export class ReviveSession implements ICommand {
  constructor(readonly id: number) {}
}

@CommandHandler(CancelSession)
export class CancelSessionHandler implements ICommandHandler<CancelSession, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id, expected }: CancelSession): Promise<void> {
    await transact(this.em, 'session.cancelled', async (tx) => {
      const session = await findLocked(tx, Session, id);
      refuseChanged(expected, sessionJson(session));
      cancel(session);
      await tx.flush();
    });
  }
}

@CommandHandler(ReviveSession)
export class ReviveSessionHandler implements ICommandHandler<ReviveSession, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id }: ReviveSession): Promise<void> {
    await transact(this.em, 'session.revived', async (tx) => {
      revive(await findLocked(tx, Session, id));
      await tx.flush();
    });
  }
}

/** Used by every act that cancels. */
export function cancel(session: Session): void {
  session.status = 'cancelled';
}

/** A cancelled session is what it was before: its start and end were kept. Others stay as they are. */
export function revive(session: Session): void {
  if (session.status !== 'cancelled') return;
  session.status = statusBefore(session);
  session.extraData = withoutWhy(session.extraData);
}
