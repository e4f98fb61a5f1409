import { sameColumn } from '../recognise.js';

/**
 * The files of OneRoster 1.1 and 1.2 that matter here, by their heads: four become imports (kinds.ts), four only say
 * something about the rows of those. Their names are not asked: people rename files.
 */
const HEADS = {
  oneroster_orgs: ['sourcedid', 'name', 'type'],
  oneroster_classes: ['sourcedid', 'title', 'schoolsourcedid'],
  oneroster_users: ['sourcedid', 'givenname', 'familyname'],
  oneroster_enrollments: ['sourcedid', 'classsourcedid', 'usersourcedid', 'role'],
  roles: ['sourcedid', 'usersourcedid', 'roletype', 'role'],
  sessions: ['sourcedid', 'title', 'startdate', 'enddate'],
  courses: ['sourcedid', 'title', 'coursecode'],
  manifest: ['propertyname', 'value'],
} as const;

export type ArchivePart = keyof typeof HEADS;

/** @returns which file of OneRoster it is; `other`: one of those that are never needed; null: none that can be told */
export function partOf(header: string[]): ArchivePart | 'other' | null {
  const names = header.map(sameColumn);
  const found = (Object.keys(HEADS) as ArchivePart[]).find((part) => HEADS[part].every((name) => names.includes(name)));
  if (found) return found;
  return ['sourcedid', 'status', 'datelastmodified'].every((name) => names.includes(name)) ? 'other' : null;
}

/** Whether such a file becomes an import of its own. */
export const isTaken = (part: ArchivePart | 'other' | null): boolean => !!part?.startsWith('oneroster_');

/** What is told about the archive that a file came in. Plain data: it is kept with the import. */
export interface ArchiveNote {
  /** As the manifest says; null without one. */
  version: string | null;
  /** How the manifest announces this file; null without one. */
  mode: 'bulk' | 'delta' | null;
  /** Of several files of one archive the first: lists tell of the archive once. */
  first: boolean;
  /** Files that were read for what they say of the others, by their names. */
  joined: string[];
  /** Files that were not taken, by their names. */
  left: string[];
  /** People in the file with the roles who are not in the file with the users. */
  strangers: number;
}
