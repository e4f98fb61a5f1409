/**
 * Two questions about a membership, in SQL for `read()`; both need `:day`. Days are inclusive on both ends.
 *
 * Whose membership ends today is on today's register, and on no later one; but he is no longer counted as a member.
 */

/** On the register of the day. @param m alias of group_memberships */
export const onRegister = (m: string): string =>
  `${m}.joined_on <= :day and (${m}.left_on is null or ${m}.left_on >= :day)`;

/** A member on that day whose membership goes on. @param m alias of group_memberships */
export const isMember = (m: string): string =>
  `${m}.joined_on <= :day and (${m}.left_on is null or ${m}.left_on > :day)`;
