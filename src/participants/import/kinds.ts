/**
 * The kinds of files the importer knows, as data: the generic ones of the contract ("CSV columns"), Clever's five, and
 * the four files of OneRoster that people and groups come from (docs/decisions/023-oneroster.md).
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
        extra: true,
      },
      term_start: { headers: ['term_start'], date: true, extra: true },
      term_end: { headers: ['term_end'], date: true, extra: true },
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
  oneroster_orgs: {
    identifiedBy: ['sourcedid', 'name', 'type'],
    fields: {
      external_id: { headers: ['sourcedid'], required: true },
      name: { headers: ['name'], required: true },
      group_type: { headers: ['type'] },
      parent_external_id: { headers: ['parentsourcedid'] },
      status: { headers: ['status'] },
    },
    leftOut: [],
    others: 'left_out',
    kept: { identifier: 'identifier' },
  },
  oneroster_classes: {
    identifiedBy: ['sourcedid', 'title', 'schoolsourcedid'],
    fields: {
      external_id: { headers: ['sourcedid'], required: true },
      name: { headers: ['title'], required: true },
      parent_external_id: { headers: ['schoolsourcedid'], required: true },
      status: { headers: ['status'] },
      course_id: { headers: ['coursesourcedid'] },
      term_ids: { headers: ['termsourcedids'] },
      // Columns with a dot were put there from the other files of the archive (oneroster/join-files.ts).
      course: { headers: ['course.title'], extra: true },
      terms: { headers: ['terms.title'], extra: true },
      term_start: { headers: ['terms.startdate'], date: true, extra: true },
      term_end: { headers: ['terms.enddate'], date: true, extra: true },
      unknown_course: { headers: ['course.unknown'] },
      unknown_terms: { headers: ['terms.unknown'] },
    },
    leftOut: [],
    others: 'left_out',
    kept: {
      classcode: 'class_code',
      classtype: 'class_type',
      location: 'location',
      grades: 'grades',
      subjects: 'subjects',
      periods: 'periods',
    },
  },
  oneroster_users: {
    identifiedBy: ['sourcedid', 'givenname', 'familyname'],
    fields: {
      external_id: { headers: ['sourcedid'], required: true },
      first_name: { headers: ['givenname'], required: true },
      last_name: { headers: ['familyname'], required: true },
      role: { headers: ['role'] },
      identifier: { headers: ['identifier'] },
      username: { headers: ['username'] },
      email: { headers: ['email'] },
      phone: { headers: ['phone'] },
      sms: { headers: ['sms'] },
      status: { headers: ['status'] },
      enabled: { headers: ['enableduser'] },
    },
    leftOut: [],
    others: 'left_out',
    kept: {
      middlename: 'middle_name',
      preferredgivenname: 'preferred_first_name',
      preferredmiddlename: 'preferred_middle_name',
      preferredfamilyname: 'preferred_last_name',
      grades: 'grades',
      orgsourcedids: 'org_ids',
      primaryorgsourcedid: 'primary_org_id',
    },
  },
  oneroster_enrollments: {
    identifiedBy: ['sourcedid', 'classsourcedid', 'usersourcedid', 'role'],
    fields: {
      enrollment_id: { headers: ['sourcedid'], required: true },
      group_external_id: { headers: ['classsourcedid'], required: true },
      school_external_id: { headers: ['schoolsourcedid'] },
      user_external_id: { headers: ['usersourcedid'], required: true },
      role: { headers: ['role'], required: true },
      begin_date: { headers: ['begindate'], date: true },
      end_date: { headers: ['enddate'], date: true },
      status: { headers: ['status'] },
    },
    leftOut: [],
    others: 'left_out',
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
  /** Columns that go to extra data all the same, and under which name. */
  kept?: Readonly<Record<string, string>>;
}

/**
 * One field of a kind: the headers it is known by, whether a row needs it, whether several columns may feed it, whether
 * its value lies in extra data under the field's name.
 */
export interface FieldSpec {
  headers: readonly string[];
  required?: boolean;
  date?: boolean;
  many?: boolean;
  extra?: boolean;
}

export const importKinds = Object.keys(kinds) as ImportKind[];

/** The plan of one kind, seen without its literal types. */
export const kindSpec = (kind: ImportKind): KindSpec => kinds[kind];
