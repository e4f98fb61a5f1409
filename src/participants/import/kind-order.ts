import { type ImportKind } from './kinds.js';

/** What must be here before what: files that wait together are imported in this order. */
export const KIND_ORDER: ImportKind[] = [
  'clever_schools',
  'clever_teachers',
  'clever_sections',
  'clever_students',
  'oneroster_orgs',
  'oneroster_classes',
  'oneroster_users',
  'participants',
  'groups',
  'clever_enrollments',
  'oneroster_enrollments',
];

export const rankOf = (kind: string): number => {
  const at = KIND_ORDER.indexOf(kind as ImportKind);
  return at < 0 ? KIND_ORDER.length : at;
};
