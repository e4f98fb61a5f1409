import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { LoginSession } from '../login-session.entity.js';
import { type SignedInUser } from '../signed-in.js';
import { endSignIns } from '../users/end-access.js';

/** Signs oneself out in one browser. */
export class EndLoginSession implements ICommand {
  constructor(
    readonly by: SignedInUser,
    readonly id: number,
  ) {}
}

/** Signs oneself out everywhere but here. @param loginHash SHA-256 of the login session that stays */
export class EndOtherLoginSessions implements ICommand {
  constructor(
    readonly by: SignedInUser,
    readonly loginHash: string,
  ) {}
}

@CommandHandler(EndLoginSession)
export class EndLoginSessionHandler implements ICommandHandler<EndLoginSession, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ by, id }: EndLoginSession): Promise<void> {
    await this.em.nativeDelete(LoginSession, { id, user: by.id });
  }
}

@CommandHandler(EndOtherLoginSessions)
export class EndOtherLoginSessionsHandler implements ICommandHandler<EndOtherLoginSessions, number> {
  constructor(private readonly em: EntityManager) {}

  async execute({ by, loginHash }: EndOtherLoginSessions): Promise<number> {
    return endSignIns(this.em, by.id, loginHash);
  }
}
