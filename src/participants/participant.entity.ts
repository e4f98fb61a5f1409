import { defineEntity, p, type Opt } from '@mikro-orm/core';
import { fold } from '../platform/text.js';
import { tenantColumns } from '../tenancy/index.js';

/** A person whose presence is recorded: student, guest, attendee, employee. Deactivated or merged, never deleted. */
const ParticipantSchema = defineEntity({
  name: 'Participant',
  tableName: 'participants',
  properties: {
    ...tenantColumns,
    externalId: p.string().length(100).nullable(),
    firstName: p.string().length(100),
    lastName: p.string().length(100),
    identifier: p.string().length(100).nullable(),
    dateOfBirth: p.date().nullable().$type<string>(),
    email: p.string().length(255).nullable(),
    phone: p.string().length(50).nullable(),
    photo: p.string().length(100).nullable(),
    extraData: p.json<Record<string, unknown>>(),
    isActive: p.boolean().default(true),
    mergedInto: () => p.manyToOne(Participant).mapToPk().fieldName('merged_into_id').nullable(),
    anonymizedAt: p.datetime(3).nullable(),
    /** Folded last name, a tab, folded first name: the order of every list, the same on every database. */
    sortName: p.string().length(420),
    /** Folded names and identifier: what a search looks into. */
    searchText: p.string().length(700),
  },
  uniques: [
    { name: 'participants_identifier_unique', properties: ['organization', 'identifier'] },
    { name: 'participants_external_id_unique', properties: ['organization', 'externalId'] },
  ],
  indexes: [
    { name: 'participants_sort_index', properties: ['organization', 'sortName', 'id'] },
    { name: 'participants_active_index', properties: ['organization', 'isActive', 'sortName', 'id'] },
  ],
});

export class Participant extends ParticipantSchema.class {
  get name(): Opt<string> {
    return `${this.firstName} ${this.lastName}`.trim();
  }
}
ParticipantSchema.setClass(Participant);

/**
 * The derived columns of a participant; every write path of names or identifier sets them.
 * @returns sortName and searchText
 */
export function foldedNames(person: { firstName: string; lastName: string; identifier?: string | null }) {
  const first = fold(person.firstName);
  const last = fold(person.lastName);
  return {
    // Folding can lengthen a text (one ligature becomes many letters): never beyond the column.
    sortName: `${last}\t${first}`.slice(0, 420),
    searchText: `${first} ${last} ${person.identifier ? fold(person.identifier) : ''}`.trim().slice(0, 700),
  };
}
