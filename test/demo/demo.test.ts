import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MikroORM } from '@mikro-orm/core';
import { fillDemo } from '../../src/demo/fill.js';
import { type Place } from '../../src/demo/place.js';
import { type Orm } from '../../src/platform/database/orm.js';
import { clock } from '../../src/platform/clock.js';
import { isAudited, isRecorded } from '../../src/platform/ledger/ledger.js';
import { AuditLog } from '../../src/platform/ledger/audit-log.entity.js';
import { PresenceOperation, PresenceRecord, SyncConflict } from '../../src/presence/index.js';
import { Session } from '../../src/sessions/index.js';
import { inOrganization } from '../../src/platform/database/in-organization.js';
import { ownDatabase } from '../support/databases.js';
import { ledgerDifferences } from '../support/ledger-replay.js';
import { startApp } from '../world.js';

const options = { seed: 7, now: new Date('2026-11-20T10:20:00Z'), scale: 0.1, days: 9 };

/** A small demo in a database of its own. */
async function makeDemo(seed = options.seed) {
  const database = ownDatabase();
  const { app } = await startApp(database.url);
  const orm = app.get<Orm>(MikroORM);
  const places = await fillDemo(orm, { ...options, seed });
  const close = async () => {
    await app.close();
    await database.drop();
  };
  return { orm, places, close };
}

/** Every recorded column of every audited row and every receipt of an organization, as text. */
async function textOf(orm: Orm, place: Place): Promise<string> {
  return inOrganization(orm, { organizationId: place.id }, async (em) => {
    const tables: Record<string, unknown[]> = {};
    for (const meta of orm.getMetadata().getAll().values()) {
      if (!isAudited(meta.tableName) && meta.tableName !== 'presence_operations') continue;
      const where = meta.tableName === 'organizations' ? { id: place.id } : {};
      const rows: any[] = await em.find(meta.class as any, where, { orderBy: { id: 'asc' } as any });
      tables[meta.tableName] = rows.map((row) =>
        meta.props
          .filter((prop) => isRecorded(prop.fieldNames?.[0] ?? '') && prop.name !== 'passwordHash')
          .map((prop) => row[prop.name]),
      );
    }
    return JSON.stringify(tables);
  });
}

describe('the demo', () => {
  let demo: Awaited<ReturnType<typeof makeDemo>>;
  beforeAll(async () => {
    demo = await makeDemo();
  }, 180_000);
  afterAll(() => demo?.close());

  const of = <T>(place: Place, work: (em: any) => Promise<T>) =>
    inOrganization(demo.orm, { organizationId: place.id }, work);

  it('has four organizations, each with a user of every role', () => {
    expect(demo.places.map((place) => place.name)).toHaveLength(4);
    for (const place of demo.places) {
      const roles = Object.values(place.users).map((user) => user.role);
      for (const role of ['administrator', 'manager', 'frontline', 'external']) expect(roles).toContain(role);
      const external = Object.values(place.users).find((user) => user.role === 'external')!;
      expect(external.participantId).toBeGreaterThan(0);
    }
  });

  it('leaves a ledger that tells the whole truth', async () => {
    for (const place of demo.places) expect(await ledgerDifferences(demo.orm, place.id)).toEqual([]);
  });

  it('leaves a receipt and an audit row for every revision of every cell', async () => {
    for (const place of demo.places)
      await of(place, async (em) => {
        const cells: PresenceRecord[] = await em.find(PresenceRecord, {});
        const revisions = cells.reduce((sum, cell) => sum + cell.revision, 0);
        expect(cells.length).toBeGreaterThan(0);
        expect(await em.count(PresenceOperation, { outcome: 'applied' })).toBe(revisions);
        const told = { tableName: 'presence_records', opId: { $ne: null } };
        expect(await em.count(AuditLog, told)).toBe(revisions);
        const latest: PresenceOperation[] = await em.find(PresenceOperation, {
          opId: { $in: cells.map((c) => c.opId) },
        });
        expect(latest).toHaveLength(cells.length);
      });
  });

  it('has marks of a device that clash with others, and some that wait for a person', async () => {
    // So small a demo has no other register that is large enough.
    for (const place of demo.places.slice(0, 1))
      await of(place, async (em) => {
        expect(await em.count(SyncConflict, { status: 'open' })).toBe(2);
        expect(await em.count(PresenceRecord, { disputed: true })).toBe(2);
        expect(await em.count(PresenceOperation, { outcome: 'merged' })).toBe(1);
        expect(await em.count(PresenceOperation, { outcome: 'parked', code: 'state_unknown' })).toBe(2);
      });
  });

  it('happened before now, with sessions that are on, over and to come', async () => {
    for (const place of demo.places)
      await of(place, async (em) => {
        expect(await em.count(AuditLog, { changedAt: { $gt: options.now } })).toBe(0);
        expect(await em.count(Session, { scheduledStartAt: { $gt: options.now } })).toBeGreaterThan(0);
        expect(await em.count(Session, { scheduledEndAt: { $lt: options.now } })).toBeGreaterThan(0);
        const on = { scheduledStartAt: { $lte: options.now }, scheduledEndAt: { $gte: options.now } };
        expect(await em.count(Session, on)).toBeGreaterThan(0);
      });
    expect(Math.abs(clock.now().getTime() - Date.now())).toBeLessThan(1000);
  });

  it('is the same from the same seed, and another from another', async () => {
    const again = await makeDemo();
    const other = await makeDemo(8);
    try {
      const text = async ({ orm, places }: typeof demo) => Promise.all(places.map((place) => textOf(orm, place)));
      expect(await text(again)).toEqual(await text(demo));
      expect((await text(other))[0]).not.toEqual((await text(demo))[0]);
    } finally {
      await again.close();
      await other.close();
    }
  });
});
