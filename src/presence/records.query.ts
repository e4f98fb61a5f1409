import { type EntityManager } from '@mikro-orm/core';
import { inOwnGroups, ownGroupsParameters, type OwnGroups } from '../participants/index.js';
import { read, type Parameters } from '../platform/database/read.js';
import { afterCursor, cursorOf, type PageMeta, type Paging } from '../platform/http/paging.js';
import { RECORD_COLUMNS, RECORD_JOINS, recordJson, type RecordJson, type RecordRow } from './record-json.js';

/** What a list of records may be narrowed to. Times compare with the session's scheduled start. */
export interface RecordFilter {
  session_id?: number | undefined;
  participant_id?: number | undefined;
  presence_state?: string | undefined;
  category?: string | undefined;
  /** Inclusive. */
  from?: Date | undefined;
  /** Exclusive. */
  to?: Date | undefined;
}

/** Records in the order of their ids, one page of them, of the groups that the user works with. Two statements. */
export async function recordsOf(
  em: EntityManager,
  filter: RecordFilter,
  paging: Paging,
  own: OwnGroups,
): Promise<{ data: RecordJson[]; meta: PageMeta }> {
  const { where, parameters } = conditions(filter, own);
  const after = afterCursor(paging.cursor);
  const skip = paging.cursor ? 0 : (paging.page - 1) * paging.per_page;
  const rows = await read<RecordRow>(
    em,
    `select ${RECORD_COLUMNS} from presence_records r ${RECORD_JOINS}
       join sessions x on x.organization_id = r.organization_id and x.id = r.session_id
      where ${where} and r.id > :after order by r.id limit :take offset :skip`,
    { ...parameters, after, take: paging.per_page + 1, skip },
  );
  const [count] = await read<{ total: number }>(
    em,
    `select count(*) as total from presence_records r
       left join presence_states s on s.organization_id = r.organization_id and s.id = r.presence_state_id
       join sessions x on x.organization_id = r.organization_id and x.id = r.session_id where ${where}`,
    parameters,
  );
  const page = rows.slice(0, paging.per_page).map(recordJson);
  const next = rows.length > paging.per_page ? cursorOf(page.at(-1)!.id) : null;
  return { data: page, meta: { page: paging.page, per_page: paging.per_page, total: Number(count!.total), next } };
}

function conditions(filter: RecordFilter, own: OwnGroups): { where: string; parameters: Parameters } {
  const parts = ['r.organization_id = :organization', inOwnGroups(own, 'x.group_id')];
  const parameters: Parameters = { ...ownGroupsParameters(own) };
  const add = (name: keyof RecordFilter, sql: string) => {
    const value = filter[name];
    if (value === undefined) return;
    parts.push(sql);
    parameters[name] = value;
  };
  add('session_id', 'r.session_id = :session_id');
  add('participant_id', 'r.participant_id = :participant_id');
  add('presence_state', 's.code = :presence_state');
  add('category', 's.category = :category');
  add('from', 'x.scheduled_start_at >= :from');
  add('to', 'x.scheduled_start_at < :to');
  return { where: parts.join(' and '), parameters };
}

/** @returns one record, or null */
export async function recordOf(em: EntityManager, id: number): Promise<RecordJson | null> {
  const [row] = await read<RecordRow>(
    em,
    `select ${RECORD_COLUMNS} from presence_records r ${RECORD_JOINS}
      where r.organization_id = :organization and r.id = :id`,
    { id },
  );
  return row ? recordJson(row) : null;
}

/** @returns the record of one cell as it stands, or null while nobody marked it */
export async function presenceOf(em: EntityManager, session: number, participant: number): Promise<RecordJson | null> {
  const [row] = await read<RecordRow>(
    em,
    `select ${RECORD_COLUMNS} from presence_records r ${RECORD_JOINS}
      where r.organization_id = :organization and r.session_id = :session and r.participant_id = :participant`,
    { session, participant },
  );
  return row ? recordJson(row) : null;
}
