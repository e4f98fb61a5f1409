import { type EntityManager } from '@mikro-orm/core';
import { read } from '../../platform/database/read.js';
import { cursorOf, afterCursor, type PageMeta, type Paging } from '../../platform/http/paging.js';
import { deliveryJson } from './webhook-json.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';

/** What a list of deliveries may be narrowed to. */
export interface DeliveryFilter {
  webhook: number;
  status?: WebhookDelivery['status'] | undefined;
}

/** One page of deliveries, the newest first. A cursor goes on towards older ones. */
export async function findDeliveries(
  em: EntityManager,
  filter: DeliveryFilter,
  paging: Paging,
): Promise<{ data: ReturnType<typeof deliveryJson>[]; meta: PageMeta }> {
  const where = { webhook: filter.webhook, ...(filter.status ? { status: filter.status } : {}) };
  const before = paging.cursor ? { id: { $lt: afterCursor(paging.cursor) } } : {};
  const found = await em.find(
    WebhookDelivery,
    { ...where, ...before },
    {
      orderBy: { id: 'desc' },
      limit: paging.per_page + 1,
      offset: paging.cursor ? 0 : (paging.page - 1) * paging.per_page,
    },
  );
  const data = found.slice(0, paging.per_page).map(deliveryJson);
  const next = found.length > paging.per_page ? cursorOf(data.at(-1)!.id) : null;
  const total = await em.count(WebhookDelivery, where);
  return { data, meta: { page: paging.page, per_page: paging.per_page, total, next } };
}

/** @returns by webhook: how many deliveries wait, and how many were given up */
export async function troubleOf(em: EntityManager): Promise<Map<number, { waiting: number; failed: number }>> {
  const found = new Map<number, { waiting: number; failed: number }>();
  const rows = await read<{ webhook_id: number; status: string; deliveries: number }>(
    em,
    `select webhook_id, status, count(*) as deliveries from webhook_deliveries
      where organization_id = :organization and status <> 'delivered' group by webhook_id, status`,
  );
  for (const row of rows) {
    const each = found.get(Number(row.webhook_id)) ?? { waiting: 0, failed: 0 };
    each[row.status === 'failed' ? 'failed' : 'waiting'] = Number(row.deliveries);
    found.set(Number(row.webhook_id), each);
  }
  return found;
}
