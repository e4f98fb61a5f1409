import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { LockMode, MikroORM } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { inOrganization } from '../../platform/database/in-organization.js';
import { type Orm } from '../../platform/database/orm.js';
import { readAcrossOrganizations } from '../../platform/database/read.js';
import { transact } from '../../platform/database/transaction.js';
import { forEachInTurn, OneRun } from '../../platform/one-run.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';

const EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** What has arrived is kept for so long after it was due, so that one can look what was sent. Days. */
export const DELIVERED_DAYS = 30;
/** What was given up, or waits for an address that was switched off, can still be sent for so long. Days. */
export const UNSENT_DAYS = 90;
/** Of one organization in one transaction. */
const AT_ONCE = 500;
/** Organizations of one round. */
const ORGANIZATIONS = 50;

/**
 * Removes what was sent long ago: deliveries hold names in their bodies, and nobody looks for them after a month. Safe on
 * every node at once: what one removes, another does not find.
 */
@Injectable()
export class ForgetDeliveriesJob {
  private readonly runs = new OneRun(new Logger('webhooks'), 'old deliveries could not be removed');

  constructor(@Inject(MikroORM) private readonly orm: Orm) {}

  @Interval(EVERY_MS)
  run(): Promise<void> {
    return this.runs.of(async () => {
      while ((await this.round()) > 0);
    });
  }

  /** @returns how many were removed */
  async round(): Promise<number> {
    const now = clock.now().getTime();
    const before = {
      delivered: new Date(now - DELIVERED_DAYS * DAY_MS),
      unsent: new Date(now - UNSENT_DAYS * DAY_MS),
    };
    const em = this.orm.em.fork({ disableContextResolution: true });
    const found = await readAcrossOrganizations<{ organization_id: number }>(
      em,
      `select distinct organization_id from webhook_deliveries
        where (status = 'delivered' and next_attempt_at < :delivered) or (status in ('failed', 'waiting') and next_attempt_at < :unsent)
        limit ${ORGANIZATIONS}`,
      before,
    );
    return forEachInTurn(found, (row) => this.forget(Number(row.organization_id), before));
  }

  private forget(organizationId: number, before: { delivered: Date; unsent: Date }): Promise<number> {
    return inOrganization(this.orm, { organizationId, source: 'cli' }, (em) =>
      transact(em, 'webhook.deliveries-forgotten', async (tx) => {
        const old = await tx.find(
          WebhookDelivery,
          {
            $or: [
              { status: 'delivered', nextAttemptAt: { $lt: before.delivered } },
              { status: { $in: ['failed', 'waiting'] }, nextAttemptAt: { $lt: before.unsent } },
            ],
          },
          { orderBy: { id: 'asc' }, limit: AT_ONCE, lockMode: LockMode.PESSIMISTIC_WRITE },
        );
        for (const delivery of old) tx.remove(delivery);
        await tx.flush();
        return old.length;
      }),
    );
  }
}
