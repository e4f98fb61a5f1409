import { setImmediate } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { reachOf, type SignedInUser, User } from '../auth/index.js';
import { clock } from '../platform/clock.js';
import { transact } from '../platform/database/transaction.js';
import { isMySql } from '../platform/database/dialect.js';
import { permissionDenied, Problem } from '../platform/http/problem.js';
import { arrived } from './arrived.js';
import { askedOnce } from './asked-once.js';
import { restoredAt } from './epoch.js';
import { type ParsedEnvelope, type ParsedOp, type Unreadable } from './envelope.js';
import { judgeWaiting } from './parked/judge-waiting.js';
import { type Batch } from './delivery.js';
import { receiveOperation, rejectOperation } from './receive-operation.js';
import { SyncClient } from './sync-client.entity.js';
import { SyncHistory } from './sync-history.entity.js';
import { wavesOf } from './waves.js';
import { PROTOCOL, type OpResult, type SyncAnswer } from './wire.js';

/** Operations of a batch that are received at once on MySQL: each is a dozen ways there and back. */
const AT_ONCE = 4;

/**
 * A batch of a device: each operation in a transaction of its own, so that a crash in the middle is harmless and a bad one
 * holds up no other, in the order of their numbers as far as they have to do with each other (waves.ts).
 * Errors, with nothing stored: 403 on_behalf without conflict.resolve; 409 wrong_organization, wrong_user, client_unknown.
 */
export class ReceiveBatch implements ICommand {
  constructor(
    readonly envelope: ParsedEnvelope,
    readonly by: SignedInUser,
  ) {}
}

@CommandHandler(ReceiveBatch)
export class ReceiveBatchHandler implements ICommandHandler<ReceiveBatch, SyncAnswer> {
  private readonly logger = new Logger('sync');

  constructor(private readonly em: EntityManager) {}

  async execute({ envelope, by }: ReceiveBatch): Promise<SyncAnswer> {
    const receivedAt = clock.now();
    const { author, client } = await this.whose(envelope, by);
    // A device that only asks whether it is known: nothing of it is remembered but that it was there.
    if (envelope.operations.length === 0)
      return this.answer(
        envelope,
        [],
        await transact(this.em, 'sync.received', (tx) => arrived(tx, client.id, envelope.max_seq, receivedAt)),
      );
    const delivery: Batch = {
      by,
      author,
      onBehalf: envelope.on_behalf ?? false,
      clientId: client.clientId,
      sentAt: envelope.sent_at,
      receivedAt,
      restoredAt: await restoredAt(this.em),
      id: 0,
      ...(await askedOnce(this.em, envelope, author.id)),
    };
    delivery.id = await this.open(envelope, client.id, by.id, receivedAt, delivery.onBehalf);

    const operations = [...envelope.operations].sort((a, b) => (a.seq ?? Infinity) - (b.seq ?? Infinity));
    const results = new Map<ParsedOp | Unreadable, OpResult>();
    for (const wave of wavesOf(operations, delivery, isMySql(this.em) ? AT_ONCE : 1)) {
      await Promise.all(wave.map(async (op) => results.set(op, await this.one(op, delivery))));
      // Other people's requests take their turn between two waves.
      await setImmediate();
    }
    // Case 8. Duplicates too: a server that was stopped in between had not come to this.
    await judgeWaiting(
      this.em,
      operations.flatMap(({ op_id }) => op_id ?? []),
      this.logger,
    );
    const proof = await this.close(envelope, client.id, delivery.id, [...results.values()]);
    return this.answer(
      envelope,
      envelope.operations.map((op) => results.get(op)!),
      proof,
    );
  }

  private answer(
    envelope: ParsedEnvelope,
    results: OpResult[],
    { receivedUpTo, missing }: Awaited<ReturnType<typeof arrived>>,
  ): SyncAnswer {
    return {
      protocol: PROTOCOL,
      batch_id: envelope.batch_id,
      server_time: clock.now().toISOString(),
      results,
      received_up_to: receivedUpTo,
      missing,
    };
  }

  private async one(op: ParsedOp | Unreadable, delivery: Batch): Promise<OpResult> {
    try {
      const result = await receiveOperation(this.em, op, delivery).catch((error: unknown) => {
        // A refusal that the table does not know: the operation says something that cannot be.
        if (error instanceof Problem) return rejectOperation(this.em, op, delivery);
        throw error;
      });
      if (result.flags.includes('server_behind'))
        this.logger.warn(
          `Client ${delivery.clientId} knows more than this server (operation ${result.op_id}): was a backup restored? See docs/operations.md, "epoch".`,
        );
      return result;
    } catch (error) {
      // Other writers came first too often, or the database is gone: nothing was stored, the device keeps it.
      this.logger.error(`operation ${op.op_id ?? '?'} is to be sent again`, (error as Error)?.stack);
      return { op_id: op.op_id ?? '', outcome: 'retry', revision: null, code: null, flags: [], conflict_id: null };
    }
  }

  /** @returns the author and his client, which the server gave out. Cases 17 and 18. */
  private async whose({ organization_id, author_id, client_id, on_behalf }: ParsedEnvelope, by: SignedInUser) {
    if (organization_id !== by.organization.id)
      throw refused('wrong_organization', 'These marks belong to another organization. They stay on this device.');
    if (on_behalf && reachOf(by.role, 'conflict.resolve', by.organization.settings) !== 'all') throw permissionDenied();
    if (author_id !== by.id && !on_behalf)
      throw refused('wrong_user', 'These marks belong to another account. They stay on this device.');
    const author = author_id === by.id ? by : await this.em.findOne(User, { id: author_id });
    const client = author && (await this.em.findOne(SyncClient, { clientId: client_id, user: author.id }));
    if (!client)
      throw refused('client_unknown', 'The server does not know this device. Ask for the handshake and send again.');
    const name = 'firstName' in author ? `${author.firstName} ${author.lastName}`.trim() : author.name;
    return { author: { id: author.id, name }, client };
  }

  private open(envelope: ParsedEnvelope, client: number, user: number, receivedAt: Date, onBehalf: boolean) {
    return transact(this.em, 'sync.received', async (tx) => {
      const none = { applied: 0, merged: 0, duplicate: 0, conflict: 0, parked: 0, rejected: 0, retried: 0 };
      const row = tx.create(SyncHistory, {
        client,
        user,
        batchId: envelope.batch_id,
        status: 'receiving',
        onBehalf,
        sentAt: envelope.sent_at,
        receivedAt,
        operations: envelope.operations.length,
        ...none,
      });
      await tx.flush();
      return row.id;
    });
  }

  private close(envelope: ParsedEnvelope, clientId: number, delivery: number, results: OpResult[]) {
    return transact(this.em, 'sync.received', async (tx) => {
      const count = (outcome: string) => results.filter((each) => each.outcome === outcome).length;
      const now = clock.now();
      const history = await tx.findOneOrFail(SyncHistory, { id: delivery });
      history.status = count('retry') > 0 ? 'incomplete' : 'done';
      history.doneAt = now;
      history.retried = count('retry');
      for (const outcome of ['applied', 'merged', 'duplicate', 'conflict', 'parked', 'rejected'] as const)
        history[outcome] = count(outcome);
      await tx.flush();
      return arrived(tx, clientId, envelope.max_seq, now);
    });
  }
}

const refused = (code: string, message: string) => new Problem(409, { code, message });
