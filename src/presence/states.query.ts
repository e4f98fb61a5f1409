import { type EntityManager } from '@mikro-orm/core';
import { read } from '../platform/database/read.js';
import { type StateCategory } from '../tenancy/index.js';
import { type PresenceState } from './presence-state.entity.js';

/** A presence state as programs see it: the contract's object. */
export interface State {
  id: number;
  domain: string;
  code: string;
  label: string;
  color: string;
  category: StateCategory;
  shortcut: string | null;
  sort_order: number;
  is_default: boolean;
  is_active: boolean;
}

/** A state that was found, as programs see it. */
export const stateJson = (state: PresenceState): State => ({
  id: state.id,
  domain: state.domain,
  code: state.code,
  label: state.label,
  color: state.color,
  category: state.category,
  shortcut: state.shortcut ?? null,
  sort_order: state.sortOrder,
  is_default: state.isDefault,
  is_active: state.isActive,
});

/** @returns the states of the organization's own domain, retired ones included, in their order */
export async function statesOf(em: EntityManager): Promise<State[]> {
  const rows = await read<State>(
    em,
    `select s.id, s.domain, s.code, s.label, s.color, s.category, s.shortcut, s.sort_order, s.is_default, s.is_active
       from presence_states s join organizations o on o.id = s.organization_id and o.domain_type = s.domain
      where s.organization_id = :organization order by s.sort_order, s.id`,
  );
  return rows.map((row) => ({
    ...row,
    id: Number(row.id),
    is_default: Boolean(row.is_default),
    is_active: Boolean(row.is_active),
  }));
}
