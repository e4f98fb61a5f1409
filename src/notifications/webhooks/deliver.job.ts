import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { LockMode, MikroORM, type EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { type Config } from '../../platform/config.js';
import { inOrganization } from '../../platform/database/in-organization.js';
import { type Orm } from '../../platform/database/orm.js';
import { readAcrossOrganizations } from '../../platform/database/read.js';
import { transact } from '../../platform/database/transaction.js';
import { OneRun } from '../../platform/one-run.js';
import { send, type Outcome } from './send.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';
import { Webhook } from './webhook.entity.js';

const EVERY_MS = 1_000;
/** Deliveries of one organization in one round; they are sent side by side. */
const AT_ONCE = 20;
const ORGANIZATIONS = 50;
/** For so long a delivery belongs to the node that took it. Longer than any try takes. Milliseconds. */
const CLAIM_MS = 30_000;
/** The pause after each failed try; after the last one it is given up, and waits for somebody to send it again. Seconds. */
export const PAUSES_S = [5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400];

/** Sends what waits, and tries again later what failed. Safe on every node at once: a delivery is claimed before it is sent. */
@Injectable()
export class DeliverJob {
  private readonly logger = new Logger('webhooks');
  private readonly runs = new OneRun(this.logger, 'deliveries could not be sent');

  constructor(
    @Inject(MikroORM) private readonly orm: Orm,
    @Inject('config') private readonly config: Config,
  ) {}

  @Interval(EVERY_MS)
  run(): Promise<void> {
    return this.runs.of(async () => {
      while ((await this.round()) >= AT_ONCE);
    });
  }

  /** @returns how many tries were made */
  async round(): Promise<number> {
    const em = this.orm.em.fork({ disableContextResolution: true });
    const waiting = await readAcrossOrganizations<{ organization_id: number }>(
      em,
      // What waits for an address that is switched off must not stand before the others for ever.
      `select distinct d.organization_id from webhook_deliveries d
         join webhooks w on w.organization_id = d.organization_id and w.id = d.webhook_id and w.is_active = :yes
        where d.status = 'waiting' and d.next_attempt_at <= :now limit ${ORGANIZATIONS}`,
      { now: clock.now(), yes: true },
    );
    const tries = await Promise.all(waiting.map((row) => this.deliver(Number(row.organization_id))));
    return tries.reduce((sum, each) => sum + each, 0);
  }

  private deliver(organizationId: number): Promise<number> {
    return inOrganization(this.orm, { organizationId, source: 'cli' }, async (em) => {
      const claimed = await claim(em);
      const outcomes = await Promise.all(
        claimed.map(({ webhook, delivery }) =>
          send(
            webhook,
            { id: delivery.eventId, body: delivery.payload, now: clock.now() },
            this.config.webhooksToPrivate ?? false,
          ),
        ),
      );
      if (claimed.length > 0)
        await note(
          em,
          claimed.map(({ delivery }) => delivery.id),
          outcomes,
        );
      return claimed.length;
    });
  }
}

/** Takes deliveries for this node, for a while. Those of a webhook that was switched off wait until it is on again. */
async function claim(em: EntityManager): Promise<{ webhook: Webhook; delivery: WebhookDelivery }[]> {
  return transact(em, 'webhook.claimed', async (tx) => {
    const now = clock.now();
    const active = new Map((await tx.find(Webhook, { isActive: true })).map((webhook) => [webhook.id, webhook]));
    if (active.size === 0) return [];
    const due = await tx.find(
      WebhookDelivery,
      {
        status: 'waiting',
        nextAttemptAt: { $lte: now },
        webhook: { $in: [...active.keys()] },
        $or: [{ claimedUntil: null }, { claimedUntil: { $lte: now } }],
      },
      { orderBy: { nextAttemptAt: 'asc', id: 'asc' }, limit: AT_ONCE, lockMode: LockMode.PESSIMISTIC_WRITE },
    );
    for (const delivery of due) delivery.claimedUntil = new Date(now.getTime() + CLAIM_MS);
    await tx.flush();
    return due.map((delivery) => ({ delivery, webhook: active.get(delivery.webhook)! }));
  });
}

async function note(em: EntityManager, ids: number[], outcomes: Outcome[]): Promise<void> {
  await transact(em, 'webhook.delivered', async (tx) => {
    const found = await tx.find(WebhookDelivery, { id: { $in: ids } }, { lockMode: LockMode.PESSIMISTIC_WRITE });
    const now = clock.now();
    for (const delivery of found) {
      const { status, error } = outcomes[ids.indexOf(delivery.id)]!;
      delivery.attempts++;
      delivery.lastAttemptAt = now;
      delivery.responseStatus = status;
      delivery.error = error?.slice(0, 500) ?? null;
      delivery.claimedUntil = null;
      if (error === null) {
        delivery.status = 'delivered';
        delivery.deliveredAt = now;
        continue;
      }
      const pause = PAUSES_S[delivery.attempts - 1];
      if (pause === undefined) delivery.status = 'failed';
      // Some way off the round figure, so that what failed together does not come back together.
      else delivery.nextAttemptAt = new Date(now.getTime() + pause * 1000 * (1 + Math.random() * 0.2));
    }
    await tx.flush();
  });
}
