import { type EntityManager } from '@mikro-orm/core';
import { type Parameters, read } from '../../platform/database/read.js';
import { afterCursor, cursorOf, type PageMeta, type Paging } from '../../platform/http/paging.js';
import { ClosingDay } from '../closing-day.entity.js';
import { closingDayJson } from './closing-day-input.js';

/** What a list of closing days may be narrowed to: those that touch these days, those of one group. */
export interface ClosingDayFilter {
  from?: string | undefined;
  to?: string | undefined;
  group_id?: number | undefined;
}

/** One page of closing days in the order of their ids. */
export async function findClosingDays(
  em: EntityManager,
  filter: ClosingDayFilter,
  paging: Paging,
): Promise<{ data: ReturnType<typeof closingDayJson>[]; meta: PageMeta }> {
  const where = {
    ...(filter.from ? { toOn: { $gte: filter.from } } : {}),
    ...(filter.to ? { fromOn: { $lte: filter.to } } : {}),
    ...(filter.group_id ? { group: filter.group_id } : {}),
  };
  const after = afterCursor(paging.cursor);
  const rows = await em.find(
    ClosingDay,
    { ...where, id: { $gt: after } },
    {
      orderBy: { id: 'asc' },
      limit: paging.per_page + 1,
      offset: paging.cursor ? 0 : (paging.page - 1) * paging.per_page,
    },
  );
  const total = await em.count(ClosingDay, where);
  const data = rows.slice(0, paging.per_page).map(closingDayJson);
  const next = rows.length > paging.per_page ? cursorOf(data.at(-1)!.id) : null;
  return { data, meta: { page: paging.page, per_page: paging.per_page, total, next } };
}

/** A closing day as the page lists it. */
export interface ClosingDayLine {
  id: number;
  name: string;
  from_on: string;
  to_on: string;
  group_name: string | null;
}

/** The closing days that are not over, the next one first; or those that are, the last one first. */
export async function closingDayLines(
  em: EntityManager,
  today: string,
  past: boolean,
  paging: { page: number; per_page: number },
): Promise<{ lines: ClosingDayLine[]; total: number }> {
  const where = `c.organization_id = :organization and c.to_on ${past ? '<' : '>='} :today`;
  const parameters: Parameters = { today };
  const lines = await read<ClosingDayLine>(
    em,
    `select c.id, c.name, c.from_on, c.to_on, g.name as group_name from closing_days c
       left join \`groups\` g on g.organization_id = c.organization_id and g.id = c.group_id
      where ${where} order by c.from_on ${past ? 'desc' : 'asc'}, c.id limit :take offset :skip`,
    { ...parameters, take: paging.per_page, skip: (paging.page - 1) * paging.per_page },
  );
  const [count] = await read<{ total: number }>(
    em,
    `select count(*) as total from closing_days c where ${where}`,
    parameters,
  );
  return { lines: lines.map((line) => ({ ...line, id: Number(line.id) })), total: Number(count!.total) };
}
