import { type EntityManager } from '@mikro-orm/core';
import { amongOwnPeople, inOwnGroups, type OwnGroups, ownGroupsParameters } from '../../participants/index.js';
import { instant, read } from '../../platform/database/read.js';
import { FileQuery, guestOfOwn, statesHere } from '../asked.js';
import { nameOf } from '../people.query.js';
import { type Export } from './export.entity.js';

/** What a file is about, in names: what its filters say by numbers. */
export interface Subject {
  /** A day like `2026-11-20`, or an instant; null: without limit. */
  from: string | Date | null;
  to: string | Date | null;
  person: string | null;
  group: string | null;
  session: { name: string; startsAt: Date } | null;
  /** The label of a state. */
  state: string | null;
  /** What needs no looking up. */
  filters: FileQuery;
}

/**
 * @param own the groups in which the reader may look now: whatever is outside of them has no name for him
 * @returns the subject of each file, in the order of the files; every name is looked up once for all of them
 */
export async function subjectsOf(
  em: EntityManager,
  files: Pick<Export, 'filters'>[],
  own: OwnGroups,
): Promise<Subject[]> {
  const asked = files.map(({ filters }) => FileQuery.safeParse(filters).data ?? {});
  const people = await named<{ first_name: string; last_name: string }>(
    em,
    `select p.id, m.first_name, m.last_name from participants p
       join participants m on m.organization_id = p.organization_id and m.id = coalesce(p.merged_into_id, p.id)
      where p.organization_id = :organization and p.id in (:ids)
        and (${amongOwnPeople(own, 'm.id')} or ${own ? guestOfOwn('m.id', own) : '1 = 1'})`,
    asked.map(({ participant_id }) => participant_id),
    own,
  );
  const groups = await named<{ name: string }>(
    em,
    `select g.id, g.name from \`groups\` g
      where g.organization_id = :organization and g.id in (:ids) and ${inOwnGroups(own, 'g.id')}`,
    asked.map(({ group_id }) => group_id),
    own,
  );
  const sessions = await named<{ name: string; starts_at: number | string }>(
    em,
    `select x.id, x.name, x.scheduled_start_at as starts_at from sessions x
      where x.organization_id = :organization and x.id in (:ids) and ${inOwnGroups(own, 'x.group_id')}`,
    asked.map(({ session_id }) => session_id),
    own,
  );
  const isOfState = asked.some(({ presence_state }) => presence_state !== undefined);
  const labels = new Map(isOfState ? (await statesHere(em)).map(({ code, label }) => [code, label]) : []);
  return asked.map((filters) => {
    const person = people.get(filters.participant_id);
    const session = sessions.get(filters.session_id);
    return {
      from: edgeOf(filters.from),
      to: edgeOf(filters.to),
      person: person ? nameOf(person) : null,
      group: groups.get(filters.group_id)?.name ?? null,
      session: session ? { name: session.name, startsAt: instant(session.starts_at) } : null,
      state: (filters.presence_state && labels.get(filters.presence_state)) ?? null,
      filters,
    };
  });
}

async function named<T extends object>(
  em: EntityManager,
  sql: string,
  given: (number | undefined)[],
  own: OwnGroups,
): Promise<Map<number | undefined, T>> {
  const ids = [...new Set(given)].filter((id) => id !== undefined);
  if (ids.length === 0) return new Map();
  const rows = await read<T & { id: number }>(em, sql, { ...ownGroupsParameters(own), ids });
  return new Map(rows.map((row) => [Number(row.id), row]));
}

const edgeOf = (text: string | undefined): string | Date | null =>
  text === undefined ? null : text.length === 10 ? text : new Date(text);
