import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { EntityManager, type EntityClass } from '@mikro-orm/core';
import { type AuthRequest, reachOfRole, type SignedInUser } from '../auth/index.js';
import { read } from '../platform/database/read.js';
import { notFound } from '../platform/http/problem.js';
import { Group } from './group.entity.js';
import { Participant } from './participant.entity.js';

/** The groups that somebody works with: every one (null), or those that are assigned to this user. */
export type OwnGroups = { userId: number } | null;

/**
 * An organization may limit its frontline users to the groups assigned to them (settings.frontline_groups). A group
 * counts by itself, not with the groups below it.
 * @returns null when every group of the organization is his
 */
export function ownGroupsOf(me: SignedInUser): OwnGroups {
  const { settings } = me.organization;
  const limited =
    settings.frontline_groups === 'assigned' && reachOfRole(me.role, 'roster.view', settings) === 'groups';
  return limited ? { userId: me.id } : null;
}

/**
 * A condition for `read()`: the group is one of his own. Goes with `ownGroupsParameters`.
 * @param column SQL of the group's id, for example `s.group_id`
 */
export const inOwnGroups = (own: OwnGroups, column: string): string =>
  own
    ? `exists (select 1 from group_assignments oga
         where oga.organization_id = :organization and oga.user_id = :own_user and oga.group_id = ${column})`
    : '1 = 1';

/**
 * A condition for `read()`: the participant is or was a member of one of his own groups. Whoever left stays visible, so
 * that the names on an old register still lead somewhere.
 * @param column SQL of the participant's id
 */
export const amongOwnPeople = (own: OwnGroups, column: string): string =>
  own
    ? `exists (select 1 from group_memberships ogm
         join group_assignments oga on oga.organization_id = ogm.organization_id and oga.group_id = ogm.group_id
        where ogm.organization_id = :organization and ogm.participant_id = ${column} and oga.user_id = :own_user)`
    : '1 = 1';

/** The values that both conditions need. */
export const ownGroupsParameters = (own: OwnGroups): Record<string, number> => (own ? { own_user: own.userId } : {});

/** @returns the ids of his own groups; null: every group of the organization is his */
export async function ownGroupIds(em: EntityManager, own: OwnGroups): Promise<number[] | null> {
  if (!own) return null;
  const rows = await read<{ group_id: number }>(
    em,
    `select oga.group_id from group_assignments oga
      where oga.organization_id = :organization and oga.user_id = :own_user order by oga.group_id`,
    ownGroupsParameters(own),
  );
  return rows.map((row) => Number(row.group_id));
}

/** @returns whether this group is one of his own */
export async function isOwnGroup(em: EntityManager, own: OwnGroups, group: number): Promise<boolean> {
  if (!own) return true;
  const rows = await read(em, `select 1 as yes where :organization > 0 and ${inOwnGroups(own, ':group')}`, {
    ...ownGroupsParameters(own),
    group,
  });
  return rows.length > 0;
}

type Rule = (em: EntityManager, own: NonNullable<OwnGroups>, row: any) => Promise<boolean>;
const rules = new Map<unknown, Rule>();

/**
 * A module says to which group the rows of an entity belong; from then on every route that names such a row in its path
 * (@Targets) answers 404 to a user who works with other groups.
 * @param rule whether the row belongs to one of his groups
 */
export function limitToOwnGroups<T extends object>(
  entity: EntityClass<T>,
  rule: (em: EntityManager, own: NonNullable<OwnGroups>, row: T) => Promise<boolean>,
): void {
  rules.set(entity, rule);
}

limitToOwnGroups(Group, (em, own, group) => isOwnGroup(em, own, group.id));
limitToOwnGroups(Participant, async (em, own, participant) => {
  const condition = amongOwnPeople(own, ':participant');
  // A record that was merged is his whose the surviving one is.
  const values = { ...ownGroupsParameters(own), participant: participant.mergedInto ?? participant.id };
  return (await read(em, `select 1 as yes where :organization > 0 and ${condition}`, values)).length > 0;
});

/**
 * Runs after the target guard. The first row of the path that belongs to a group decides: a person named below a session
 * is judged by the register of that session, which may hold people from anywhere.
 */
@Injectable()
export class OwnGroupsGuard implements CanActivate {
  constructor(private readonly em: EntityManager) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<AuthRequest>();
    const own = request.user && request.reach === 'groups' ? ownGroupsOf(request.user) : null;
    if (!own) return true;
    for (const row of Object.values(request.targets ?? {})) {
      const rule = rules.get(row.constructor);
      if (!rule) continue;
      if (!(await rule(this.em, own, row))) throw notFound();
      break;
    }
    return true;
  }
}
