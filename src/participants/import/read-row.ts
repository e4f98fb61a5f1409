import type { Draft, ExtraData } from './drafts.js';
import type { ImportKind } from './kinds.js';
import { classDraft, enrollmentDraft, orgDraft, userDraft } from './oneroster/read-oneroster.js';
import type { RowProblem } from './problem.js';
import type { TableRow } from './read-table.js';
import type { Recognition } from './recognise.js';
import { RowCells, RowColumns } from './row-cells.js';

/** What one row says. */
export interface RowRead {
  row: number;
  /** null when there are errors, or when the row is about something that is never taken. */
  draft: Draft | null;
  /** Where there are errors: whom or what the row means all the same, as far as it can be read. */
  refused?: Draft;
  errors: RowProblem[];
  /** The row can be taken, but not everything in it. */
  warnings: RowProblem[];
}

/** Turns the rows of one file into drafts. */
export interface RowReader {
  /** Never throws. */
  read(row: TableRow): RowRead;
  /** How two-digit years are understood, for the preview: the last year they can mean for each kind of date. */
  readonly pivot: { date_of_birth: number; term: number };
  /** Dates with a two-digit year met so far. */
  readonly twoDigitYears: number;
}

/** Longest values in code points (the schema document in the seeds). */
const most = { name: 100, id: 100, groupName: 255, groupType: 50, phone: 50 } as const;

/** Terms end in years to come, but not in many. */
const TERM_YEARS_AHEAD = 20;

/** What every kind's reader gets: the row's cells, and the latest dates that make sense (YYYY-MM-DD). */
interface Reading {
  cells: RowCells;
  today: string;
  latestTerm: string;
}

/**
 * The reader for one file. In: what it was recognised as (`kind` must not be unknown, `problems` should be empty) and
 * today's date in the organization's zone (YYYY-MM-DD), which bounds dates of birth and two-digit years.
 */
export function rowReader(recognition: Recognition, { today }: { today: string }): RowReader {
  const { kind } = recognition;
  if (kind === 'unknown') throw new Error('A file of unknown kind has no row reader.');
  const columns = new RowColumns(recognition.columns);
  const latestTerm = Temporal.PlainDate.from(today).add({ years: TERM_YEARS_AHEAD }).toString();
  const toDraft = drafters[kind];
  let twoDigitYears = 0;

  const read = ({ row, cells: values, tooMany }: TableRow): RowRead => {
    const cells = new RowCells(row, values, columns);
    let draft: Draft | null = null;
    if (tooMany) {
      const params = { found: values.length, expected: columns.list.length };
      const message =
        'This row has {found} cells, but the file has {expected} columns. Put quotation marks around a value that holds the separator.';
      cells.error(null, 'unknown_column_count', message, params);
    } else {
      draft = toDraft({ cells, today, latestTerm });
      twoDigitYears += cells.twoDigitYears;
    }
    const { errors, warnings } = cells;
    if (errors.length === 0 || !draft) return { row, draft: errors.length > 0 ? null : draft, errors, warnings };
    return { row, draft: null, refused: draft, errors, warnings };
  };
  return {
    read,
    pivot: { date_of_birth: Number(today.slice(0, 4)), term: Number(latestTerm.slice(0, 4)) },
    get twoDigitYears() {
      return twoDigitYears;
    },
  };
}

const drafters: Record<ImportKind, (reading: Reading) => Draft | null> = {
  participants: ({ cells, today }) => ({
    type: 'participant',
    external_id: cells.text('external_id', most.id),
    identifier: cells.text('identifier', most.id),
    first_name: cells.required('first_name', most.name),
    last_name: cells.required('last_name', most.name),
    date_of_birth: cells.date('date_of_birth', today),
    email: cells.email('email'),
    phone: cells.text('phone', most.phone),
    is_active: cells.flag('is_active'),
    groups: cells.list('group', most.groupName),
    extra_data: cells.extra(),
  }),

  groups: ({ cells }) => {
    const identifier = cells.text('participant_identifier', most.id) ?? null;
    const external_id = cells.text('participant_external_id', most.id) ?? null;
    return {
      type: 'group',
      external_id: cells.text('group_external_id', most.id),
      parent_external_id: cells.text('parent_external_id', most.id),
      name: cells.required('group_name', most.groupName),
      group_type: cells.text('group_type', most.groupType),
      member: identifier === null && external_id === null ? undefined : { identifier, external_id },
      extra_data: cells.extra(),
    };
  },

  // A district's export is not edited by hand, and the enrolments hang on the student: an impossible date costs the
  // date and is told, it does not cost the student.
  clever_students: ({ cells, today }) => {
    const external_id = cells.required('external_id', most.id);
    return {
      type: 'participant',
      external_id,
      identifier: cells.text('identifier', most.id) ?? external_id,
      first_name: cells.required('first_name', most.name),
      last_name: cells.required('last_name', most.name),
      date_of_birth: cells.date('date_of_birth', today, { optional: true }),
      email: cells.email('email'),
      extra_data: cells.extra(),
    };
  },

  clever_schools: ({ cells }) => ({
    type: 'group',
    external_id: prefixed(cells, 'external_id', 'school'),
    parent_external_id: null,
    name: cells.required('name', most.groupName),
    group_type: 'school',
    extra_data: cells.extra(),
  }),

  clever_sections: ({ cells, latestTerm }) => {
    const teachers = cells.many('teacher_ids', most.id);
    const dates: ExtraData = {};
    for (const field of ['term_start', 'term_end']) {
      const date = cells.date(field, latestTerm, { optional: true });
      if (date) dates[field] = date;
    }
    return {
      type: 'group',
      external_id: prefixed(cells, 'external_id', 'section'),
      parent_external_id: prefixed(cells, 'parent_external_id', 'school'),
      name: cells.required('name', most.groupName),
      group_type: 'class',
      teacher_external_ids: teachers,
      extra_data: { ...cells.extra(), ...dates, ...(teachers.length > 0 && { teacher_ids: teachers }) },
    };
  },

  clever_enrollments: ({ cells }) => ({
    type: 'membership',
    participant_external_id: cells.required('participant_external_id', most.id),
    group_external_id: prefixed(cells, 'group_external_id', 'section'),
  }),

  clever_teachers: ({ cells }) => ({
    type: 'user',
    external_id: cells.required('external_id', most.id),
    first_name: cells.required('first_name', most.name),
    last_name: cells.required('last_name', most.name),
    email: cells.requiredEmail('email'),
    named_by_sections: true,
  }),

  oneroster_orgs: ({ cells }) => orgDraft(cells),
  oneroster_classes: ({ cells, latestTerm }) => classDraft(cells, latestTerm),
  oneroster_users: ({ cells }) => userDraft(cells),
  oneroster_enrollments: ({ cells, latestTerm }) => enrollmentDraft(cells, latestTerm),
};

/** Schools and sections are groups both, and their numbers may be equal: the prefix keeps their external ids apart. */
function prefixed(cells: RowCells, field: string, kind: 'school' | 'section'): string {
  return `${kind}:${cells.required(field, most.id - kind.length - 1)}`;
}
