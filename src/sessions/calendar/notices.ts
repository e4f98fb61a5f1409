import { type EntityManager } from '@mikro-orm/core';
import { z } from 'zod';
import { type SignedInUser } from '../../auth/index.js';
import { id as idText } from '../../platform/http/parse.js';
import { entryOf } from '../../platform/text.js';
import { dayOf } from '../../tenancy/index.js';
import { type SeriesOutcome } from '../change-series.js';
import { Session } from '../session.entity.js';

const count = z.coerce.number().int().min(0).max(100_000).catch(0);

/** What an address says of the act that led there; what cannot be read counts as absent. */
export const DoneQuery = {
  done: z.string().max(20).catch(''),
  session: idText.optional().catch(undefined),
  scope: z.enum(['following', 'all']).optional().catch(undefined),
  changed: count,
  created: count,
  cancelled: count,
  left_alone: count,
};
type Done = z.output<z.ZodObject<typeof DoneQuery>>;

const NOTICES: Record<string, string> = {
  scheduled: '{name} is scheduled.',
  series: '{name} is scheduled {created} times.',
  changed: '{name}: the changes are saved.',
  replanned: '{name}: {changed} changed, {created} new, {cancelled} cancelled, {left_alone} left as they were.',
  cancelled: '{name} is cancelled. What was recorded stays.',
  all_cancelled: '{name}: {cancelled} cancelled, {left_alone} left as they were.',
  revived: '{name} takes place after all.',
  all_revived: '{name}: {changed} take place after all.',
};

/** The list of the session's day, telling what was done. */
export function listAddress(
  session: Pick<Session, 'id' | 'scheduledStartAt'>,
  me: SignedInUser,
  done: string,
  more: Partial<SeriesOutcome> & { scope?: string } = {},
): string {
  const date = dayOf(session.scheduledStartAt, me.organization.timeZone);
  const query = Object.entries(more).map(([name, value]) => `&${name}=${value}`);
  return `/sessions?date=${date}&done=${done}&session=${session.id}${query.join('')}`;
}

/** What was done, with a way back where there is one. */
export async function noticeOf(em: EntityManager, query: Done) {
  const text = entryOf(NOTICES, query.done);
  const session = text && query.session ? await em.findOne(Session, { id: query.session }) : null;
  if (!text || !session) return null;
  const path = `/sessions/${session.id}`;
  const ways: Record<string, { action: string; fields: Record<string, string> }> = {
    series: { action: `${path}/cancel`, fields: { scope: 'all' } },
    cancelled: { action: `${path}/revive`, fields: {} },
    all_cancelled: { action: `${path}/revive`, fields: { scope: query.scope ?? 'all' } },
  };
  const { changed, created, cancelled, left_alone } = query;
  const params = { name: session.name, changed, created, cancelled, left_alone };
  return { kind: 'done' as const, text, params, undo: ways[query.done] };
}
