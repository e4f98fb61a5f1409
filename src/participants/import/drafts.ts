/**
 * What rows become before anything is looked up or written. A property that is absent or undefined had no column in the file: an
 * update leaves it as it is. `null` had a column and an empty cell: an update clears it (contract: PUT is partial).
 * `extra_data` holds the non-empty cells of the columns that go there. Dates are YYYY-MM-DD.
 */
export type Draft = ParticipantDraft | GroupDraft | MembershipDraft | UserDraft | PersonDraft | EnrollmentDraft;

/**
 * OneRoster says of a record that it is gone (`deleted`: what is here is deactivated or ended, what is not here is not
 * made) or that it is switched off (`disabled`: deactivated, and made so if it is not here).
 */
export type Leaving = 'deleted' | 'disabled';

export type ExtraData = Record<string, string | string[]>;

/** Clever and OneRoster: students. Generic: participants, then with the groups (names or external ids) the person shall be in. */
export interface ParticipantDraft {
  type: 'participant';
  external_id?: string | null;
  identifier?: string | null;
  first_name: string;
  last_name: string;
  date_of_birth?: string | null;
  email?: string | null;
  phone?: string | null;
  /** Absent with an empty cell too: people are active unless the file says otherwise. */
  is_active?: boolean;
  leaving?: Leaving;
  /** Each a name or an external id, as written, none twice. */
  groups?: string[];
  extra_data: ExtraData;
}

/**
 * Clever: schools (`school:<School_id>`) and sections (`section:<Section_id>`). OneRoster: orgs (`org:<sourcedId>`) and
 * classes (`class:<sourcedId>`). Generic: groups.
 */
export interface GroupDraft {
  type: 'group';
  external_id?: string | null;
  parent_external_id?: string | null;
  name: string;
  group_type?: string | null;
  /** Sections: external ids of the teachers (UserDraft.external_id), the first one first. */
  teacher_external_ids?: string[];
  /** Generic groups: the participant this row puts into the group, if any; at least one of the two is not null. */
  member?: { identifier: string | null; external_id: string | null };
  leaving?: Leaving;
  /** Keys of extra data about which this row says nothing although the file has columns for them. */
  keeps?: string[];
  extra_data: ExtraData;
}

/** Clever: enrollments. */
export interface MembershipDraft {
  type: 'membership';
  participant_external_id: string;
  group_external_id: string;
}

/** Clever: teachers. OneRoster: everybody of the staff. */
export interface UserDraft {
  type: 'user';
  external_id: string;
  /** Empty only for somebody who leaves. */
  email: string;
  first_name: string;
  last_name: string;
  leaving?: Leaving;
  /** Clever: sections name their teachers, so who comes after them is assigned to those that are here. */
  named_by_sections?: boolean;
}

/** OneRoster: somebody of whom the file does not say whether he is a student. It is known if he is here already. */
export interface PersonDraft {
  type: 'person';
  external_id: string;
  student: ParticipantDraft;
  /** null without an e-mail address. */
  staff: UserDraft | null;
  leaving?: Leaving;
}

/** OneRoster: a student is a member of a class for some days, or somebody of the staff works with it. */
export interface EnrollmentDraft {
  type: 'enrollment';
  enrollment_id: string;
  user_external_id: string;
  group_external_id: string;
  /** Only looked up: a class says itself where it lies. */
  school_external_id: string | null;
  role: 'student' | 'staff';
  /** The first day; null: the class's own. */
  begin_date: string | null;
  /** As OneRoster has it: the first day that does not belong to it any more; null: the class's own. */
  end_date: string | null;
  leaving?: Leaving;
}
