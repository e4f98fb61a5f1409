import { defineEntity, p } from '@mikro-orm/core';
import { clock } from '../clock.js';
import { currentOrganization } from '../current.js';

/**
 * A fact that somebody reacts to, written in the transaction of the change itself: it exists exactly when the change does.
 * The relay hands it on after the commit, and deletes it then.
 */
const OutboxSchema = defineEntity({
  name: 'Outbox',
  tableName: 'outbox',
  properties: {
    id: p.bigint('number').primary(),
    organization: p
      .bigint('number')
      .fieldName('organization_id')
      .onCreate(() => currentOrganization()),
    createdAt: p.datetime(3).onCreate(() => clock.now()),
    updatedAt: p
      .datetime(3)
      .onCreate(() => clock.now())
      .onUpdate(() => clock.now()),
    /** "presence.recorded" */
    fact: p.string().length(50),
    recordId: p.bigint('number'),
    /** What the fact says, as canonical JSON text: the state at that moment, whatever comes later. */
    payload: p.text(),
    attempts: p.integer(),
    nextAttemptAt: p.datetime(3),
    /** Until when the one who works on it has it for himself. */
    claimedUntil: p.datetime(3).nullable(),
  },
  indexes: [{ name: 'outbox_next_index', properties: ['nextAttemptAt', 'id'] }],
});

export class Outbox extends OutboxSchema.class {}
OutboxSchema.setClass(Outbox);
