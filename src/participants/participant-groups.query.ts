import { type EntityManager } from '@mikro-orm/core';
import { read } from '../platform/database/read.js';
import { membershipDays } from './find-members.query.js';
import { inOwnGroups, type OwnGroups, ownGroupsParameters } from './own-groups.js';

/** A group in which somebody is, was or will be a member. */
export interface GroupOfPerson {
  participant_id: number;
  id: number;
  name: string;
  parent_name: string | null;
  joined_on: string | null;
  left_on: string | null;
  /** Whether the membership is over, or ends today. */
  ended: boolean;
  /** Whether the membership has not begun yet. */
  begins: boolean;
}

/**
 * The groups of these participants, by name: one statement for a whole page of people.
 * @param options ended: also memberships that are over
 */
export async function groupsOfParticipants(
  em: EntityManager,
  participants: number[],
  scope: { own: OwnGroups; today: string },
  options: { ended?: boolean } = {},
): Promise<Map<number, GroupOfPerson[]>> {
  const byPerson = new Map<number, GroupOfPerson[]>();
  if (participants.length === 0) return byPerson;
  const rows = await read<Omit<GroupOfPerson, 'ended' | 'begins'> & { joined_on: string }>(
    em,
    `select m.participant_id, g.id, g.name, x.name as parent_name, m.joined_on, m.left_on
       from group_memberships m
       join \`groups\` g on g.organization_id = m.organization_id and g.id = m.group_id
       left join \`groups\` x on x.organization_id = g.organization_id and x.id = g.parent_id
      where m.organization_id = :organization and m.participant_id in (:participants)
        and ${inOwnGroups(scope.own, 'g.id')}
        ${options.ended ? '' : 'and (m.left_on is null or m.left_on > :day)'}
      order by g.sort_name, g.id, m.joined_on`,
    { participants, day: scope.today, ...ownGroupsParameters(scope.own) },
  );
  for (const row of rows) {
    const days = membershipDays(row);
    const ended = days.left_on !== null && days.left_on <= scope.today;
    const begins = days.joined_on !== null && days.joined_on > scope.today;
    const group = { ...row, ...days, participant_id: Number(row.participant_id), id: Number(row.id), ended, begins };
    byPerson.set(group.participant_id, [...(byPerson.get(group.participant_id) ?? []), group]);
  }
  return byPerson;
}
