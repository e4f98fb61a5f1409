import { type EntityManager } from '@mikro-orm/core';
import { ApiToken, LoginSession, User } from '../../src/auth/index.js';
import { Webhook, WebhookDelivery } from '../../src/notifications/index.js';
import { Group, Import, Participant } from '../../src/participants/index.js';
import { type Route } from '../../src/platform/http/routes.js';
import { PresenceOperation, PresenceRecord, PresenceState, SyncConflict } from '../../src/presence/index.js';
import { Export, ReportSchedule } from '../../src/reports/index.js';
import { CalendarFeed, ClosingDay, Session, SessionTemplate } from '../../src/sessions/index.js';
import { SyncClient, SyncHistory } from '../../src/sync/index.js';
import { type Place, type World } from '../world.js';

/** One row of every kind that a path can name, all of one place and belonging together. */
export type Rows = Map<unknown, number>;

/** @returns ids of fresh rows by entity. A new entity in a route's @Targets gets its line here. */
export async function rowsOf(world: World, place: Place): Promise<Rows> {
  const { group, participants, session } = await world.addRegister(place, 2);
  const user = Object.values(place.user)[0]!;
  return world.write(place, async (tx: EntityManager) => {
    const state = await tx.findOneOrFail(PresenceState, { isDefault: true });
    const now = new Date();
    const record = tx.create(PresenceRecord, {
      session: session.id,
      participant: participants[0]!.id,
      presenceState: state.id,
      revision: 1,
      recordedAt: now,
      receivedAt: now,
      recordedBy: user.id,
      source: 'api',
      opId: crypto.randomUUID(),
      disputed: true,
      extraData: {},
    });
    const late = await tx.findOneOrFail(PresenceState, { code: { $ne: state.code }, isActive: true });
    const body = { presence_state: late.code, base: { revision: 0 }, note: null };
    const conflict = tx.create(SyncConflict, {
      session: session.id,
      participant: participants[0]!.id,
      status: 'open',
      isOpen: true,
      revision: 1,
      suggestion: 'ask',
      versionAData: 'null',
      versionBData: JSON.stringify(body),
    });
    const client = tx.create(SyncClient, {
      clientId: crypto.randomUUID(),
      user: user.id,
      deviceHash: crypto.randomUUID().replaceAll('-', '').repeat(2),
      label: 'Chrome / Android',
      lastSeenAt: now,
      maxSeq: 5,
      receivedUpTo: 2,
    });
    await tx.flush();
    const delivery = tx.create(SyncHistory, {
      client: client.id,
      user: user.id,
      batchId: crypto.randomUUID(),
      status: 'done',
      onBehalf: false,
      sentAt: now,
      receivedAt: now,
      operations: 2,
      applied: 0,
      merged: 0,
      duplicate: 0,
      conflict: 1,
      parked: 1,
      rejected: 0,
      retried: 0,
    });
    await tx.flush();
    for (const [at, outcome] of (['conflict', 'parked'] as const).entries())
      tx.create(PresenceOperation, {
        opId: crypto.randomUUID(),
        hash: '0'.repeat(64),
        session: session.id,
        participant: participants[at]!.id,
        author: user.id,
        clientId: client.clientId,
        seq: at + 1,
        kind: 'presence',
        body: JSON.stringify(body),
        outcome,
        code: outcome === 'parked' ? 'session_locked' : null,
        flags: 'clock_suspect',
        source: 'sync',
        conflict: outcome === 'conflict' ? conflict.id : null,
        delivery: delivery.id,
        recordedAt: now,
        correctedAt: now,
        receivedAt: now,
      });
    const closing = tx.create(ClosingDay, { name: '2040', fromOn: '2040-01-01', toOn: '2040-01-02' });
    const feed = tx.create(CalendarFeed, { user: user.id, group: null, tokenHash: crypto.randomUUID() });
    const template = tx.create(SessionTemplate, { name: 'Lesson', minutes: 45, sortOrder: 10 });
    const job = tx.create(Import, {
      kind: 'participants',
      fileName: 'people.csv',
      fileHash: '0'.repeat(64),
      filePath: '0123456789abcdef',
      shape: {},
      mapping: {},
      status: 'done',
      onError: 'skip',
      user: user.id,
    } as any);
    const file = tx.create(Export, {
      user: user.id,
      report: 'presence',
      format: 'csv',
      filters: {},
      status: 'failed',
      fileName: 'attendance_2026-11-20.csv',
      failure: JSON.stringify({ code: 'disk_full', message: 'The disk is full.', params: {} }),
    } as any);
    // It rests: nothing of it is ever sent.
    const schedule = tx.create(ReportSchedule, {
      user: user.id,
      report: 'absentees',
      format: 'pdf',
      filters: {},
      range: 'yesterday',
      every: 'day',
      localTime: '07:00',
      recipients: [],
      isActive: false,
      nextRunAt: now,
    } as any);
    const token = tx.create(ApiToken, {
      user: user.id,
      name: 'Timetable',
      tokenHash: crypto.randomUUID().replaceAll('-', '').repeat(2),
      hint: 'omp_abcdef',
      scopes: ['roster.view'],
      expiresAt: new Date(now.getTime() + 86_400_000),
    });
    const login = tx.create(LoginSession, {
      user: user.id,
      tokenHash: crypto.randomUUID().replaceAll('-', '').repeat(2),
      data: '{}',
      deviceLabel: 'Mozilla/5.0 (Windows NT 10.0) Firefox/150.0',
      ip: '127.0.0.1',
      expiresAt: new Date(now.getTime() + 86_400_000),
      lastSeenAt: now,
    });
    await tx.flush();
    // Switched off: nothing of it is ever sent.
    const webhook = tx.create(Webhook, {
      name: 'Timetable',
      url: 'https://example.org/hook',
      secret: 'whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw',
      facts: ['session.ended'],
      isActive: false,
    });
    await tx.flush();
    const sent = tx.create(WebhookDelivery, {
      webhook: webhook.id,
      eventId: crypto.randomUUID(),
      fact: 'session.ended',
      recordId: session.id,
      payload: '{}',
      status: 'failed',
      attempts: 11,
      responseStatus: 500,
    });
    await tx.flush();
    return new Map<unknown, number>([
      [Webhook, webhook.id],
      [WebhookDelivery, sent.id],
      [Session, session.id],
      [CalendarFeed, feed.id],
      [ClosingDay, closing.id],
      [SessionTemplate, template.id],
      [Group, group.id],
      [Participant, participants[0]!.id],
      [PresenceRecord, record.id],
      [PresenceState, state.id],
      [Import, job.id],
      [Export, file.id],
      [ReportSchedule, schedule.id],
      [User, user.id],
      [ApiToken, token.id],
      [LoginSession, login.id],
      [SyncConflict, conflict.id],
      [SyncClient, client.id],
      [SyncHistory, delivery.id],
    ]);
  });
}

/** @returns `GET /api/sessions/:id` */
export const nameOf = (route: Pick<Route, 'method' | 'path'>): string => `${route.method} ${route.path}`;

/**
 * @param rows what the parameters name; a function decides by parameter
 * @returns the path of a route with its parameters filled in
 */
export function pathOf(route: Route, valueOf: (parameter: string) => string | number): string {
  return route.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(valueOf(name))));
}

/** @returns the id for a parameter of a route @throws when nobody knows how to make such a row */
export function idOf(route: Route, parameter: string, rows: Rows): number {
  const id = rows.get(route.targets?.[parameter]);
  if (id === undefined)
    throw new Error(`${nameOf(route)}: rowsOf() in test/support/route-targets.ts makes no row for :${parameter}`);
  return id;
}

/** @returns whether a route answers people with pages (everything outside of /api) */
export const isPage = (route: Route): boolean => !/^\/(api|health|metrics)(\/|$)/.test(route.path);
