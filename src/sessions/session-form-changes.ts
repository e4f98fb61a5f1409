import { type EntityManager } from '@mikro-orm/core';
import { read } from '../platform/database/read.js';
import { type NewSession, type SessionChange } from './session-input.js';
import { type formOf } from './session-form.js';

type Shown = ReturnType<typeof formOf>;
const FIELDS = ['group_id', 'name', 'location', 'date', 'start', 'end', 'end_date'] as const;
const LABELS: Record<(typeof FIELDS)[number], string> = {
  group_id: 'group',
  name: 'Name',
  location: 'Place',
  date: 'Day',
  start: 'Begins',
  end: 'Ends',
  end_date: 'Ends on',
};

/** What the form showed, as the page keeps it in a hidden field. Anything else counts as nothing shown. */
export function shownBefore(text: unknown): Partial<Record<keyof Shown, unknown>> {
  try {
    const value: unknown = JSON.parse(String(text));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** @returns only what the person changed on the form: a change of a whole series must not carry over what is of one session */
export function changedBy(typed: Record<string, unknown>, shown: Partial<Shown>, plan: NewSession): SessionChange {
  const differs = (name: (typeof FIELDS)[number]) => String(typed[name] ?? '') !== String(shown[name] ?? '');
  const times = ['date', 'start', 'end', 'end_date'].some((name) => differs(name as 'date'));
  return {
    ...(differs('group_id') ? { group_id: plan.group_id } : {}),
    ...(differs('name') ? { name: plan.name } : {}),
    ...(differs('location') ? { location: plan.location } : {}),
    ...(times ? { scheduled_start_at: plan.scheduled_start_at, scheduled_end_at: plan.scheduled_end_at } : {}),
  };
}

/** One field that somebody else changed meanwhile. `label` is a translation key; `group` stands for the organization's word. */
export interface ChangedField {
  label: string;
  was: string;
  now: string;
}

/** @returns what the session says otherwise than the form showed it */
export async function changedMeanwhile(
  em: EntityManager,
  shown: Partial<Record<keyof Shown, unknown>>,
  now: Shown,
): Promise<ChangedField[]> {
  const fields = FIELDS.filter((name) => String(shown[name] ?? '') !== String(now[name] ?? ''));
  const groups = fields.includes('group_id') ? await groupNames(em, [Number(shown.group_id) || 0, now.group_id]) : null;
  return fields.map((name) => {
    const told = (value: unknown) => (name === 'group_id' ? (groups!.get(Number(value)) ?? '') : String(value ?? ''));
    return { label: LABELS[name], was: told(shown[name]), now: told(now[name]) };
  });
}

async function groupNames(em: EntityManager, ids: number[]): Promise<Map<number, string>> {
  const rows = await read<{ id: number; name: string }>(
    em,
    `select id, name from \`groups\` where organization_id = :organization and id in (:ids)`,
    { ids },
  );
  return new Map(rows.map((row) => [Number(row.id), row.name]));
}
