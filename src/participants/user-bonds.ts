import { type EntityManager } from '@mikro-orm/core';
import { bindUsersBy } from '../auth/index.js';
import { read } from '../platform/database/read.js';
import { invalid } from '../platform/http/problem.js';
import { GroupAssignment } from './group-assignment.entity.js';
import { Group } from './group.entity.js';
import { groupOptions } from './group-options.query.js';
import { Participant } from './participant.entity.js';

/** What a user is bound to: the groups that he works with, and the participant that he is. */
bindUsersBy({
  async groupIds(em, users) {
    const found = new Map<number, number[]>();
    if (users.length === 0) return found;
    const rows = await read<{ user_id: number; group_id: number }>(
      em,
      `select user_id, group_id from group_assignments
        where organization_id = :organization and user_id in (:users) order by group_id`,
      { users },
    );
    for (const row of rows) {
      const ids = found.get(Number(row.user_id)) ?? [];
      found.set(Number(row.user_id), [...ids, Number(row.group_id)]);
    }
    return found;
  },

  async assignGroups(tx, user, groups) {
    const wanted = new Set(groups);
    const known = wanted.size === 0 ? [] : await tx.find(Group, { id: { $in: [...wanted] } }, { fields: ['id'] });
    if (known.length < wanted.size) throw invalid('group_ids', 'One of these {groups} is not known here.', 'unknown');
    for (const assignment of await tx.find(GroupAssignment, { user }))
      if (!wanted.delete(assignment.group)) tx.remove(assignment);
    for (const group of wanted) tx.create(GroupAssignment, { user, group });
    await tx.flush();
  },

  async groupOptions(em, also) {
    const options = await groupOptions(em, null);
    const offered = new Set(options.map(([id]) => id));
    const missing = also.filter((id) => !offered.has(id));
    if (missing.length === 0) return options;
    const more = await em.find(Group, { id: { $in: missing } }, { fields: ['id', 'name'] });
    return [...more.map((group): [number, string] => [group.id, group.name]), ...options];
  },

  async participantOf(em: EntityManager, id: number) {
    const found = await em.findOne(Participant, { id });
    if (!found) return null;
    const { name, firstName, lastName, email } = found;
    return { name, first_name: firstName, last_name: lastName, email: email ?? null };
  },
});
