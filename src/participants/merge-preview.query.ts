import { type EntityManager } from '@mikro-orm/core';
import { read } from '../platform/database/read.js';
import { mergeHooks, type MergePreview } from './merge-hooks.js';
import { type ParticipantJson } from './find-participants.query.js';

/** What would become of two records, before it is done. */
export interface PreviewedMerge {
  /** The groups that the record that stays becomes a member of. */
  groups: string[];
  /** By the name of what moves: `marks`. */
  parts: Record<string, MergePreview>;
  /** Facts on which the records differ: what stays, and what only the history keeps. */
  facts: { field: string; kept: string; other: string }[];
  /** Facts that the record that stays takes over, because it has none. */
  taken: { field: string; value: string }[];
}

const FACTS = ['first_name', 'last_name', 'identifier', 'external_id', 'date_of_birth', 'email', 'phone'] as const;

export async function previewMerge(
  em: EntityManager,
  from: ParticipantJson,
  into: ParticipantJson,
): Promise<PreviewedMerge> {
  const groups = await read<{ name: string }>(
    em,
    `select distinct g.name, g.sort_name, g.id from group_memberships m
       join \`groups\` g on g.organization_id = m.organization_id and g.id = m.group_id
      where m.organization_id = :organization and m.participant_id = :from
        and not exists (select 1 from group_memberships o where o.organization_id = :organization
                          and o.participant_id = :into and o.group_id = m.group_id)
      order by g.sort_name, g.id`,
    { from: from.id, into: into.id },
  );
  const parts: PreviewedMerge['parts'] = {};
  for (const { name, preview } of mergeHooks()) parts[name] = await preview(em, from.id, into.id);
  const differing = FACTS.filter((field) => from[field] && from[field] !== into[field]);
  return {
    groups: groups.map(({ name }) => name),
    parts,
    facts: differing
      .filter((field) => into[field])
      .map((field) => ({ field, kept: into[field]!, other: from[field]! })),
    taken: differing.filter((field) => !into[field]).map((field) => ({ field, value: from[field]! })),
  };
}
