/**
 * What rows become before anything is looked up or written. A property that is absent or undefined had no column in the file: an
 * update leaves it as it is. `null` had a column and an empty cell: an update clears it (contract: PUT is partial).
 * `extra_data` holds the non-empty cells of the columns that go there. Dates are YYYY-MM-DD.
 */
export type Draft = ParticipantDraft | GroupDraft | MembershipDraft | UserDraft;

export type ExtraData = Record<string, string | string[]>;

/** Clever: students. Generic: participants, then with the groups (names or external ids) the person shall be in. */
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
  /** Each a name or an external id, as written, none twice. */
  groups?: string[];
  extra_data: ExtraData;
}

/** Clever: schools (`school:<School_id>`) and sections (`section:<Section_id>`). Generic: groups. */
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
  extra_data: ExtraData;
}

/** Clever: enrollments. */
export interface MembershipDraft {
  type: 'membership';
  participant_external_id: string;
  group_external_id: string;
}

/** Clever: teachers. */
export interface UserDraft {
  type: 'user';
  external_id: string;
  email: string;
  first_name: string;
  last_name: string;
}
