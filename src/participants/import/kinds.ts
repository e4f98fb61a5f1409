/**
 * The kinds of files the importer knows, as data: the generic ones of the contract ("CSV columns") and Clever's five.
 * Headers are written as `sameColumn` makes them: lower case, words joined by `_`.
 */
export const kinds = {
  clever_students: {
    identifiedBy: ['school_id', 'student_id', 'last_name', 'first_name'],
    fields: {
      external_id: { headers: ['student_id'], required: true },
      identifier: { headers: ['student_number'] },
      first_name: { headers: ['first_name'], required: true },
      last_name: { headers: ['last_name'], required: true },
      date_of_birth: { headers: ['dob'], date: true },
      email: { headers: ['student_email'] },
    },
    // Attendance does not need them and most of them are specially protected by law: they are not even stored.
    leftOut: ['race', 'hispanic_latino', 'ell_status', 'frl_status', 'iep_status', 'password'],
    others: 'extra_data',
  },
  clever_enrollments: {
    identifiedBy: ['school_id', 'student_id', 'section_id'],
    fields: {
      participant_external_id: { headers: ['student_id'], required: true },
      group_external_id: { headers: ['section_id'], required: true },
    },
    leftOut: [],
    others: 'left_out',
  },
  clever_sections: {
    identifiedBy: ['school_id', 'section_id', 'teacher_id'],
    fields: {
      external_id: { headers: ['section_id'], required: true },
      parent_external_id: { headers: ['school_id'], required: true },
      name: { headers: ['name', 'section_name'], required: true },
      teacher_ids: {
        headers: ['teacher_id', ...Array.from({ length: 9 }, (_, i) => `teacher_${i + 2}_id`)],
        many: true,
      },
      term_start: { headers: ['term_start'], date: true },
      term_end: { headers: ['term_end'], date: true },
    },
    leftOut: [],
    others: 'extra_data',
  },
  clever_teachers: {
    identifiedBy: ['school_id', 'teacher_id', 'last_name', 'first_name'],
    fields: {
      external_id: { headers: ['teacher_id'], required: true },
      first_name: { headers: ['first_name'], required: true },
      last_name: { headers: ['last_name'], required: true },
      email: { headers: ['teacher_email'], required: true },
    },
    leftOut: [],
    // A user has no extra data.
    others: 'left_out',
  },
  clever_schools: {
    identifiedBy: ['school_id', 'school_name'],
    fields: {
      external_id: { headers: ['school_id'], required: true },
      name: { headers: ['school_name'], required: true },
    },
    leftOut: [],
    others: 'extra_data',
  },
  participants: {
    identifiedBy: ['first_name', 'last_name'],
    fields: {
      external_id: { headers: ['external_id'] },
      first_name: { headers: ['first_name'], required: true },
      last_name: { headers: ['last_name'], required: true },
      identifier: { headers: ['identifier'] },
      date_of_birth: { headers: ['date_of_birth'], date: true },
      email: { headers: ['email', 'e_mail'] },
      phone: { headers: ['phone'] },
      is_active: { headers: ['is_active'] },
      group: { headers: ['group'] },
    },
    leftOut: [],
    others: 'extra_data',
  },
  groups: {
    identifiedBy: ['group_name'],
    fields: {
      group_external_id: { headers: ['group_external_id'] },
      group_name: { headers: ['group_name'], required: true },
      group_type: { headers: ['group_type'] },
      parent_external_id: { headers: ['parent_external_id'] },
      participant_identifier: { headers: ['participant_identifier'] },
      participant_external_id: { headers: ['participant_external_id'] },
    },
    leftOut: [],
    others: 'extra_data',
  },
} as const satisfies Record<string, KindSpec>;

export type ImportKind = keyof typeof kinds;

interface KindSpec {
  /** A header with all of these is of this kind; the first kind that fits wins, so the order above matters. */
  identifiedBy: readonly string[];
  fields: Record<string, FieldSpec>;
  leftOut: readonly string[];
  /** Where columns go that no field asks for. */
  others: 'extra_data' | 'left_out';
}

/** One field of a kind: the headers it is known by, whether a row needs it, whether several columns may feed it. */
export interface FieldSpec {
  headers: readonly string[];
  required?: boolean;
  date?: boolean;
  many?: boolean;
}

export const importKinds = Object.keys(kinds) as ImportKind[];

/** The plan of one kind, seen without its literal types. */
export const kindSpec = (kind: ImportKind): KindSpec => kinds[kind];
