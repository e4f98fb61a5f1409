import { defineEntity, p } from '@mikro-orm/core';
import { tenantColumns } from '../../tenancy/index.js';

/** What every tally counts: marks with a state, and how many of them are disputed. */
const counted = {
  presenceStateId: p.bigint('number'),
  marks: p.integer(),
  disputed: p.integer(),
} as const;

/**
 * A mark that came, went or changed, as a sum to add: written in the transaction of the mark itself, so it is there as
 * soon as the mark is. One row by itself meets no other: people who mark the same class do not wait for each other. A job
 * folds these into the tallies below (fold-tallies.ts); until then a report adds them itself, so it makes no difference
 * when the job runs.
 */
const TallyChangeSchema = defineEntity({
  name: 'TallyChange',
  tableName: 'tally_changes',
  properties: {
    ...tenantColumns,
    participantId: p.bigint('number'),
    groupId: p.bigint('number'),
    day: p.date().$type<string>(),
    hour: p.integer(),
    ...counted,
  },
});
export class TallyChange extends TallyChangeSchema.class {}
TallyChangeSchema.setClass(TallyChange);

/** How many marks of each state a group had on a day, by the hour in which the session began. */
const GroupTallySchema = defineEntity({
  name: 'GroupTally',
  tableName: 'group_tallies',
  properties: {
    ...tenantColumns,
    groupId: p.bigint('number'),
    day: p.date().$type<string>(),
    hour: p.integer(),
    ...counted,
  },
  uniques: [
    { name: 'group_tallies_unique', properties: ['organization', 'day', 'groupId', 'hour', 'presenceStateId'] },
  ],
  indexes: [
    {
      // With the sums, so that a report reads the index alone.
      name: 'group_tallies_sums_index',
      properties: ['organization', 'groupId', 'day', 'hour', 'presenceStateId', 'marks', 'disputed'],
    },
    {
      name: 'group_tallies_day_index',
      properties: ['organization', 'day', 'groupId', 'hour', 'presenceStateId', 'marks', 'disputed'],
    },
  ],
});
export class GroupTally extends GroupTallySchema.class {}
GroupTallySchema.setClass(GroupTally);

/** M: a month, Q: a quarter, Y: a year of the calendar. Each mark is counted once in each. */
export type Span = 'M' | 'Q' | 'Y';

/**
 * How many marks of each state a participant had in a group in a month, a quarter and a year: three years of 10,000
 * people are then read as a few rows each.
 */
const ParticipantTallySchema = defineEntity({
  name: 'ParticipantTally',
  tableName: 'participant_tallies',
  properties: {
    ...tenantColumns,
    participantId: p.bigint('number'),
    groupId: p.bigint('number'),
    span: p.string().length(1).$type<Span>(),
    /** Its first day. */
    startsOn: p.date().$type<string>(),
    ...counted,
  },
  uniques: [
    {
      name: 'participant_tallies_unique',
      properties: ['organization', 'participantId', 'span', 'startsOn', 'groupId', 'presenceStateId'],
    },
  ],
  indexes: [
    {
      name: 'participant_tallies_sums_index',
      properties: [
        'organization',
        'span',
        'startsOn',
        'participantId',
        'groupId',
        'presenceStateId',
        'marks',
        'disputed',
      ],
    },
  ],
});
export class ParticipantTally extends ParticipantTallySchema.class {}
ParticipantTallySchema.setClass(ParticipantTally);
