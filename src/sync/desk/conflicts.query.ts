import { type EntityManager } from '@mikro-orm/core';
import { instant, read, type Parameters } from '../../platform/database/read.js';
import { afterCursor, cursorOf, type PageMeta, type Paging } from '../../platform/http/paging.js';
import {
  RECORD_COLUMNS,
  RECORD_JOINS,
  recordJson,
  type RecordJson,
  type RecordRow,
  type Resolution,
  type Suggestion,
} from '../../presence/index.js';
import { versionsOf, type Version } from './versions.query.js';

/** How a conflict ended. */
export interface Resolved {
  choice: Resolution;
  /** What the person was marked with by it; null: the mark was taken away. */
  state: string | null;
  reason: string | null;
  by: { id: number; name: string } | null;
  at: Date;
}

/** A conflict as the desk shows it. */
export interface Conflict {
  id: number;
  /** A resolution is a compare-and-set on it. */
  revision: number;
  status: 'open' | 'resolved';
  suggestion: Suggestion;
  session: { id: number; name: string; group: string; startsAt: Date };
  participant: { id: number; name: string; identifier: string | null };
  versions: Version[];
  /** Further candidates, older ones, that are not among the versions. */
  more: number;
  resolved: Resolved | null;
  /** The conflict of the same cell that was settled before this one was opened. */
  follows: number | null;
  createdAt: Date;
  updatedAt: Date;
}

interface Row extends RecordRow {
  conflict_id: number;
  conflict_revision: number;
  status: 'open' | 'resolved';
  suggestion: Suggestion;
  version_a_data: string;
  resolution: Resolution | null;
  resolved_at: number | string | null;
  resolved_by: number | null;
  resolver_first_name: string | null;
  resolver_last_name: string | null;
  resolving_body: string | null;
  conflict_reason: string | null;
  conflict_created_at: number | string;
  conflict_updated_at: number | string;
  cell_session: number;
  cell_participant: number;
  session_name: string;
  group_name: string;
  starts_at: number | string;
  first_name: string;
  last_name: string;
  identifier: string | null;
  follows: number | null;
}

const CONFLICTS = `select c.id as conflict_id, c.revision as conflict_revision, c.status, c.suggestion, c.version_a_data,
       c.resolution, c.resolved_at, c.resolved_by, c.reason as conflict_reason, c.created_at as conflict_created_at,
       c.updated_at as conflict_updated_at, c.session_id as cell_session, c.participant_id as cell_participant,
       x.name as session_name, x.scheduled_start_at as starts_at, g.name as group_name,
       p.first_name, p.last_name, p.identifier,
       w.first_name as resolver_first_name, w.last_name as resolver_last_name, z.body as resolving_body,
       (select max(e.id) from sync_conflicts e where e.organization_id = c.organization_id and e.session_id = c.session_id
          and e.participant_id = c.participant_id and e.id < c.id and e.status = 'resolved') as follows,
       ${RECORD_COLUMNS}
  from sync_conflicts c
  join sessions x on x.organization_id = c.organization_id and x.id = c.session_id
  join \`groups\` g on g.organization_id = x.organization_id and g.id = x.group_id
  join participants p on p.organization_id = c.organization_id and p.id = c.participant_id
  left join users w on w.organization_id = c.organization_id and w.id = c.resolved_by
  left join presence_operations z on z.organization_id = c.organization_id and z.conflict_id = c.id and z.kind = 'resolution'
  left join presence_records r on r.organization_id = c.organization_id and r.session_id = c.session_id
   and r.participant_id = c.participant_id
  ${RECORD_JOINS}
 where c.organization_id = :organization`;

/**
 * Conflicts in the order of their ids (the oldest first), or the newest first. Seven statements at most, whatever the
 * number of conflicts and candidates.
 * @param most so many candidates of each conflict
 */
export async function conflictsOf(
  em: EntityManager,
  status: 'open' | 'resolved',
  paging: Paging,
  order: 'oldest' | 'newest' = 'oldest',
  most?: number,
): Promise<{ data: Conflict[]; meta: PageMeta }> {
  const rows = await read<Row>(
    em,
    `${CONFLICTS} and c.status = :status and c.id > :after
      order by c.id ${order === 'oldest' ? 'asc' : 'desc'} limit :take offset :skip`,
    {
      status,
      after: afterCursor(paging.cursor),
      take: paging.per_page + 1,
      skip: paging.cursor ? 0 : (paging.page - 1) * paging.per_page,
    },
  );
  const [count] = await read<{ total: number }>(
    em,
    'select count(*) as total from sync_conflicts c where c.organization_id = :organization and c.status = :status',
    { status },
  );
  const data = await conflictsFrom(em, rows.slice(0, paging.per_page), most);
  const next = rows.length > paging.per_page && order === 'oldest' ? cursorOf(data.at(-1)!.id) : null;
  return { data, meta: { page: paging.page, per_page: paging.per_page, total: Number(count!.total), next } };
}

/** @returns those of these conflicts that are there, open or not, in the order of their ids */
export async function conflictsById(em: EntityManager, ids: number[]): Promise<Conflict[]> {
  if (ids.length === 0) return [];
  return conflictsFrom(em, await read<Row>(em, `${CONFLICTS} and c.id in (:ids) order by c.id`, { ids }));
}

async function conflictsFrom(em: EntityManager, rows: Row[], most?: number): Promise<Conflict[]> {
  const disputed = rows.map((row) => ({ conflict: Number(row.conflict_id), incumbent: incumbentOf(row) }));
  const versions = await versionsOf(em, disputed, most);
  return rows.map((row) => {
    const id = Number(row.conflict_id);
    return {
      id,
      revision: row.conflict_revision,
      status: row.status,
      suggestion: row.suggestion,
      session: {
        id: Number(row.cell_session),
        name: row.session_name,
        group: row.group_name,
        startsAt: instant(row.starts_at),
      },
      participant: {
        id: Number(row.cell_participant),
        name: `${row.first_name} ${row.last_name}`.trim(),
        identifier: row.identifier,
      },
      versions: versions.get(id)!.shown,
      more: versions.get(id)!.more,
      resolved: resolvedOf(row),
      follows: row.follows === null ? null : Number(row.follows),
      createdAt: instant(row.conflict_created_at),
      updatedAt: instant(row.conflict_updated_at),
    };
  });
}

/** While it is open the mark in force is the cell as it stands; afterwards, the one against which it was opened. */
function incumbentOf(row: Row): RecordJson | null {
  if (row.status === 'resolved') return JSON.parse(row.version_a_data) as RecordJson | null;
  return (row.id as number | null) === null ? null : recordJson(row);
}

function resolvedOf(row: Row): Resolved | null {
  if (row.resolution === null || row.resolved_at === null) return null;
  const body = row.resolving_body ? (JSON.parse(row.resolving_body) as { presence_state?: string | null }) : null;
  return {
    choice: row.resolution,
    state: body?.presence_state ?? null,
    reason: row.conflict_reason,
    by:
      row.resolved_by === null
        ? null
        : {
            id: Number(row.resolved_by),
            name: `${row.resolver_first_name ?? ''} ${row.resolver_last_name ?? ''}`.trim(),
          },
    at: instant(row.resolved_at),
  };
}

/** The open conflicts before and after this one, by age; and how many there are. */
export async function neighboursOf(
  em: EntityManager,
  id: number,
): Promise<{ first: number | null; previous: number | null; next: number | null; open: number; place: number }> {
  const open = "from sync_conflicts where organization_id = :organization and status = 'open'";
  const parameters: Parameters = { id };
  const [row] = await read<{
    first: number | null;
    previous: number | null;
    next: number | null;
    total: number;
    earlier: number;
  }>(
    em,
    `select (select min(id) ${open}) as first, (select max(id) ${open} and id < :id) as previous, (select min(id) ${open} and id > :id) as next,
            (select count(*) ${open}) as total, (select count(*) ${open} and id < :id) as earlier`,
    parameters,
  );
  return {
    first: row!.first === null ? null : Number(row!.first),
    previous: row!.previous === null ? null : Number(row!.previous),
    next: row!.next === null ? null : Number(row!.next),
    open: Number(row!.total),
    place: Number(row!.earlier) + 1,
  };
}

const iso = (at: Date | null): string | null => at?.toISOString() ?? null;

/** A conflict as programs see it: the contract's object. */
export function conflictJson(conflict: Conflict) {
  const { resolved } = conflict;
  return {
    id: conflict.id,
    session_id: conflict.session.id,
    participant_id: conflict.participant.id,
    status: conflict.status,
    suggestion: conflict.suggestion,
    revision: conflict.revision,
    versions: conflict.versions.map((version) => ({
      side: version.side,
      op_id: version.opId,
      presence_state: version.state,
      recorded_at: iso(version.recordedAt),
      corrected_at: iso(version.correctedAt),
      received_at: iso(version.receivedAt),
      user: version.user,
      device_id: version.device?.id ?? null,
      base_revision: version.baseRevision,
      saw: version.saw?.state ?? null,
      note: version.note,
      flags: version.flags,
      status: version.status,
    })),
    more_versions: conflict.more,
    resolution: resolved && {
      choice: resolved.choice,
      presence_state: resolved.state,
      reason: resolved.reason,
      by: resolved.by,
      at: resolved.at.toISOString(),
    },
    follows: conflict.follows,
    created_at: conflict.createdAt.toISOString(),
    updated_at: conflict.updatedAt.toISOString(),
  };
}
