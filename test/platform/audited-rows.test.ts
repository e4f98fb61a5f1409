import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OptimisticLockError } from '@mikro-orm/core';
import { ALWAYS, foldedNames, type Group, GroupMembership, Participant } from '../../src/participants/index.js';
import { AuditLog } from '../../src/platform/ledger/audit-log.entity.js';
import { deleteRows, insertRows, updateRows } from '../../src/platform/ledger/audited-rows.js';
import { PresenceRecord } from '../../src/presence/index.js';
import { ledgerDifferences } from '../support/ledger-replay.js';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

let serial = 0;
const person = (first: string, more: Partial<Participant> = {}) => {
  const names = { firstName: first, lastName: `O'Neil ${++serial}`, identifier: `B-${serial}` };
  return {
    ...names,
    ...foldedNames(names),
    extraData: { note: `Größe "42" – 😀 \\ ${serial}`, n: [1, null] },
    ...more,
  };
};
const differences = () => ledgerDifferences(world.orm, world.school.organization.id);
const load = (ids: number[]) =>
  world.read(world.school, (em) => em.find(Participant, { id: { $in: ids } }, { orderBy: { id: 'asc' } }));
const audited = (recordId: number) =>
  world.read(world.school, (em) =>
    em.find(AuditLog, { tableName: 'participants', recordId }, { orderBy: { id: 'asc' } }),
  );

describe('bulk writes with their audit', () => {
  it('inserts more rows than fit into one statement, in order, each with its audit row', async () => {
    const people = Array.from({ length: 1201 }, (_, at) =>
      person(`Kim${at}`, at % 2 ? { dateOfBirth: '2010-02-28' } : {}),
    );
    const ids = await world.write(world.school, (tx) =>
      insertRows(tx, Participant, people, { opIds: people.map((_, at) => (at === 7 ? 'op-7' : null)) }),
    );
    expect(new Set(ids).size).toBe(1201);
    const rows = await load(ids);
    expect(rows.map((row) => row.firstName)).toEqual(people.map((each) => each.firstName));
    expect(rows[7]).toMatchObject({ isActive: true, dateOfBirth: '2010-02-28', extraData: people[7]!.extraData });
    expect(rows[7]!.createdAt).toBeInstanceOf(Date);
    expect((await audited(ids[7]!)).map(({ action, opId }) => [action, opId])).toEqual([['create', 'op-7']]);
    expect(await differences()).toEqual([]);
  });

  it('changes different columns of many rows in one go', async () => {
    const ids = await world.write(world.school, (tx) =>
      insertRows(tx, Participant, [person('Ada'), person('Bea'), person('Cem'), person('Dan')]),
    );
    const rows = await load(ids);
    const later = new Date('2026-11-20T21:36:00.123Z');
    await world.write(world.school, (tx) =>
      updateRows(tx, Participant, [
        { id: ids[3]!, before: { isActive: true }, after: { isActive: false } },
        {
          id: ids[0]!,
          before: { firstName: 'Ada', ...foldedNames(rows[0]!) },
          after: { firstName: 'Änne', ...foldedNames({ ...rows[0]!, firstName: 'Änne' }) },
        },
        {
          id: ids[1]!,
          before: { extraData: rows[1]!.extraData },
          after: { extraData: { emoji: '😀', list: ['"', "'"] } },
        },
        {
          id: ids[2]!,
          before: { anonymizedAt: null, dateOfBirth: null, identifier: rows[2]!.identifier },
          after: { anonymizedAt: later, dateOfBirth: '1999-12-31', identifier: null },
        },
      ]),
    );
    const now = await load(ids);
    expect(now[0]).toMatchObject({ firstName: 'Änne', isActive: true, identifier: rows[0]!.identifier });
    expect(now[0]!.sortName).toMatch(/\tanne$/);
    expect(now[1]).toMatchObject({ firstName: 'Bea', extraData: { emoji: '😀', list: ['"', "'"] } });
    expect(now[2]).toMatchObject({ anonymizedAt: later, dateOfBirth: '1999-12-31', identifier: null });
    expect(now[3]).toMatchObject({ isActive: false, firstName: 'Dan' });
    expect((await audited(ids[3]!)).at(-1)).toMatchObject({
      action: 'update',
      oldValues: '{"is_active":true}',
      newValues: '{"is_active":false}',
    });
    expect(await differences()).toEqual([]);
  });

  it('changes nothing of another organization, and says that the row is gone', async () => {
    const [stranger] = await world.addParticipants(world.other, ['Clara Stranger']);
    const change = { id: stranger!.id, before: { phone: null }, after: { phone: '1' } };
    await expect(world.write(world.school, (tx) => updateRows(tx, Participant, [change]))).rejects.toThrow(
      OptimisticLockError,
    );
    await expect(
      world.write(world.school, (tx) => deleteRows(tx, Participant, [{ id: stranger!.id }])),
    ).rejects.toThrow(OptimisticLockError);
    const row = { ...person('Eve'), organization: world.other.organization.id } as never;
    await expect(world.write(world.school, (tx) => insertRows(tx, Participant, [row]))).rejects.toThrow(
      /another organization/,
    );
  });

  it('changes a row only while its revision is the expected one; nothing of a refused call stays', async () => {
    const { participants, session } = await world.addRegister(world.school, 2);
    const now = new Date();
    const ids = await world.write(world.school, (tx) =>
      insertRows(
        tx,
        PresenceRecord,
        participants.map((each) => ({
          session: session.id,
          participant: each.id,
          revision: 1,
          recordedAt: now,
          receivedAt: now,
          source: 'bulk' as const,
          opId: crypto.randomUUID(),
          extraData: {},
        })),
      ),
    );
    const note = (revision: number) =>
      ids.map((id, at) => ({
        id,
        before: { note: null, revision: 1 },
        after: { note: `n${at}`, revision: 2 },
        expected: { revision: at ? revision : 1 },
      }));
    let tries = 0;
    await expect(world.write(world.school, (tx) => (tries++, updateRows(tx, PresenceRecord, note(9))))).rejects.toThrow(
      OptimisticLockError,
    );
    expect(tries).toBe(5);
    expect(await world.write(world.school, (tx) => updateRows(tx, PresenceRecord, note(1)))).toBe(2);
    const rows = await world.read(world.school, (em) =>
      em.find(PresenceRecord, { id: { $in: ids } }, { orderBy: { id: 'asc' } }),
    );
    expect(rows.map((row) => [row.note, row.revision])).toEqual([
      ['n0', 2],
      ['n1', 2],
    ]);
    expect(await differences()).toEqual([]);
  });

  it('deletes links and tells what they were', async () => {
    const group: Group = await world.addGroup(world.school, 'Chess');
    const [ana] = await world.addParticipants(world.school, ['Ana Berg']);
    const link = { group: group.id, participant: ana!.id, joinedOn: ALWAYS, extraData: {} };
    const [id] = await world.write(world.school, (tx) => insertRows(tx, GroupMembership, [link]));
    await world.write(world.school, (tx) => deleteRows(tx, GroupMembership, [{ id: id!, ...link, leftOn: null }]));
    const rows = await world.read(world.school, (em) =>
      em.find(AuditLog, { tableName: 'group_memberships', recordId: id! }, { orderBy: { id: 'asc' } }),
    );
    expect(rows.map((row) => row.action)).toEqual(['create', 'delete']);
    expect(JSON.parse(rows[1]!.oldValues!)).toMatchObject({ group_id: group.id, joined_on: ALWAYS });
    expect(await differences()).toEqual([]);
  });

  it('is needed: a write that goes past it is named by the replay of the ledger', async () => {
    const row = {
      ...person('Mallory'),
      isActive: true,
      organization: world.school.organization.id,
      createdAt: new Date(),
      updatedAt: new Date(),
    };
    const ids = await world.write(world.school, (tx) => tx.insertMany(Participant, [row as never]));
    expect(await differences()).toEqual([
      `participants ${String(ids[0])} stands in the table, but no audit row tells of it`,
    ]);
    await world.write(world.school, (tx) => tx.nativeDelete(Participant, { id: Number(ids[0]) }));
    const [eve] = await world.addParticipants(world.school, ['Eve Quiet']);
    await world.write(world.school, (tx) => tx.nativeUpdate(Participant, { id: eve!.id }, { phone: '110' }));
    expect(await differences()).toEqual([`participants ${eve!.id}: phone is "110", the audit says null`]);
    await world.write(world.school, (tx) => tx.nativeUpdate(Participant, { id: eve!.id }, { phone: null }));
    expect(await differences()).toEqual([]);
  });
});
