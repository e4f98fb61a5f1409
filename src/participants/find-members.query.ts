import { type EntityManager } from '@mikro-orm/core';
import { read } from '../platform/database/read.js';
import { afterCursor, cursorOf, type PageMeta, type Paging } from '../platform/http/paging.js';
import { ALWAYS } from './group-membership.entity.js';
import {
  PARTICIPANT_COLUMNS,
  participantJson,
  type ParticipantJson,
  type ParticipantRow,
} from './find-participants.query.js';
import { isMember, onRegister } from './membership.js';

/** A member of a group: the participant, and since and until when. null is unbounded; both days belong to it. */
export interface MemberJson extends ParticipantJson {
  participant_id: number;
  joined_on: string | null;
  left_on: string | null;
}

interface Row extends ParticipantRow {
  joined_on: string;
  left_on: string | null;
}

/** A day as a column gives it. */
const day = (value: string | null) => (value === null ? null : String(value).slice(0, 10));

/** @returns the days of a membership as programs see them */
export const membershipDays = (row: { joined_on: string; left_on: string | null }) => ({
  joined_on: day(row.joined_on) === ALWAYS ? null : day(row.joined_on),
  left_on: day(row.left_on),
});

const WHICH = {
  /** Who is a member today, and stays one. */
  members: isMember('m'),
  /** Who is on the register of that day. */
  register: onRegister('m'),
  /** Also who will be one, and whose last day is today. */
  unended: '(m.left_on is null or m.left_on >= :day)',
};

/**
 * One page of the direct members of a group, in the order of participant ids or names. Two statements.
 * @param which who counts, on which day
 */
export async function findMembers(
  em: EntityManager,
  group: number,
  which: { kind: keyof typeof WHICH; day: string },
  paging: Paging,
  order: 'id' | 'name' = 'id',
): Promise<{ data: MemberJson[]; meta: PageMeta }> {
  const from = `from group_memberships m
      join participants p on p.organization_id = m.organization_id and p.id = m.participant_id
     where m.organization_id = :organization and m.group_id = :group and p.is_active = true and ${WHICH[which.kind]}`;
  const parameters = { group, day: which.day };
  const rows = await read<Row>(
    em,
    `select ${PARTICIPANT_COLUMNS}, m.joined_on, m.left_on ${from} and p.id > :after
      order by ${order === 'name' ? 'p.sort_name, p.id' : 'p.id'}, m.joined_on limit :take offset :skip`,
    {
      ...parameters,
      after: afterCursor(paging.cursor),
      take: paging.per_page + 1,
      skip: paging.cursor ? 0 : (paging.page - 1) * paging.per_page,
    },
  );
  const [count] = await read<{ total: number }>(em, `select count(*) as total ${from}`, parameters);
  const data = rows.slice(0, paging.per_page).map((row) => {
    const participant = participantJson(row);
    return { ...participant, participant_id: participant.id, ...membershipDays(row) };
  });
  const next = rows.length > paging.per_page ? cursorOf(data.at(-1)!.id) : null;
  return { data, meta: { page: paging.page, per_page: paging.per_page, total: Number(count!.total), next } };
}
