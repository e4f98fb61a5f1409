import { Logger } from '@nestjs/common';
import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type SignedInUser } from '../../auth/index.js';
import { notFound } from '../../platform/http/problem.js';
import { authorOf } from './author-of.js';
import { judgeAgain } from './judge-again.js';
import { judgeWaiting } from './judge-waiting.js';
import { type OpResult } from '../wire.js';

/**
 * An administrator decides that a parked operation shall count: the author's mark, adopted by him, with his reason. It is
 * weighed as every mark is: where the cell says something else meanwhile, it becomes a candidate of a conflict.
 * Errors: 404; 409 stale (settled meanwhile), session_cancelled, state_unknown, identifier_taken, missing_base.
 */
export class AdoptParked implements ICommand {
  constructor(
    readonly opId: string,
    readonly reason: string,
    readonly by: SignedInUser,
  ) {}
}

@CommandHandler(AdoptParked)
export class AdoptParkedHandler implements ICommandHandler<AdoptParked, OpResult> {
  private readonly logger = new Logger('sync');

  constructor(private readonly em: EntityManager) {}

  async execute({ opId, reason, by }: AdoptParked): Promise<OpResult> {
    const author = await authorOf(this.em, opId);
    if (!author) throw notFound();
    const result = await judgeAgain(this.em, opId, { ...by, name: author.name }, { by, reason });
    await judgeWaiting(this.em, [opId], this.logger);
    return result!;
  }
}
