import { type EntityManager } from '@mikro-orm/core';
import { read } from '../platform/database/read.js';
import { searchCondition } from '../platform/database/search.js';
import { MEMBER_COUNT, type GroupScope } from './find-groups.query.js';
import { inOwnGroups, ownGroupsParameters } from './own-groups.js';

/** One line of the tree. */
export interface TreeRow {
  id: number;
  name: string;
  group_type: string;
  is_active: boolean;
  /** 0 for a root. A search, and the groups of somebody who works with few, are flat. */
  depth: number;
  parent_name: string | null;
  member_count: number;
  child_count: number;
}

type Row = Record<'id' | 'depth' | 'member_count' | 'child_count', number> &
  Record<'name' | 'group_type', string> & { is_active: number | boolean; parent_name: string | null };

const DETAILS = `g.id, g.name, g.group_type, g.is_active, x.name as parent_name, ${MEMBER_COUNT},
  (select count(*) from \`groups\` c
    where c.organization_id = :organization and c.parent_id = g.id and c.is_active = true) as child_count`;

const PARENT = `left join \`groups\` x on x.organization_id = g.organization_id and x.id = g.parent_id`;

/**
 * One page of the groups as a tree: each below its parent, brothers by name. Two statements whatever the size.
 * @param filter q searches the names and makes it flat, as does asking for those that are not active
 */
export async function groupTree(
  em: EntityManager,
  filter: { q?: string | undefined; show: 'active' | 'inactive' | 'all' },
  paging: { page: number; per_page: number },
  scope: GroupScope,
): Promise<{ rows: TreeRow[]; total: number }> {
  const search = searchCondition('g.sort_name', filter.q);
  const active = { active: 'g.is_active = true', inactive: 'g.is_active = false', all: '1 = 1' }[filter.show];
  // An active group below one that is not shown still is shown: as a root.
  const orphan =
    filter.show === 'all'
      ? ''
      : `or exists (select 1 from \`groups\` o
                   where o.organization_id = :organization and o.id = g.parent_id and o.is_active = false)`;
  const where = `g.organization_id = :organization and ${active} and ${search.sql} and ${inOwnGroups(scope.own, 'g.id')}`;
  const values = { ...search.parameters, ...ownGroupsParameters(scope.own), day: scope.today };
  const slice = { take: paging.per_page, skip: (paging.page - 1) * paging.per_page };
  const flat = search.sql !== '1 = 1' || scope.own !== null || filter.show === 'inactive';
  const step = `hex(substr(g.sort_name, 1, 60)), '00', substr(concat('00000000000000', g.id), -15), '01'`;
  const rows = flat
    ? await read<Row>(
        em,
        `select ${DETAILS}, 0 as depth from \`groups\` g ${PARENT} where ${where}
          order by g.sort_name, g.id limit :take offset :skip`,
        { ...values, ...slice },
      )
    : await read<Row>(
        em,
        // The path orders the tree: names down from the root, each with its id, so that equal names stay apart. In hex
        // digits every collation of every database agrees.
        `with recursive tree(id, path, depth) as (
           select g.id, cast(concat(${step}) as char(8000)), 0 from \`groups\` g
            where g.organization_id = :organization and ${active} and (g.parent_id is null ${orphan})
           union all
           select g.id, concat(tree.path, ${step}), tree.depth + 1
             from tree join \`groups\` g on g.organization_id = :organization and g.parent_id = tree.id and ${active}
            where tree.depth < 12)
         select ${DETAILS}, tree.depth from (select id, path, depth from tree order by path limit :take offset :skip) tree
           join \`groups\` g on g.organization_id = :organization and g.id = tree.id ${PARENT} order by tree.path`,
        { ...values, ...slice },
      );
  const [count] = await read<{ total: number }>(
    em,
    `select count(*) as total from \`groups\` g where ${where}`,
    values,
  );
  return {
    total: Number(count!.total),
    rows: rows.map((row) => ({
      ...row,
      id: Number(row.id),
      is_active: Boolean(row.is_active),
      depth: Number(row.depth),
      member_count: Number(row.member_count),
      child_count: Number(row.child_count),
    })),
  };
}
