import { z } from 'zod';
import { dateOut, extraDataOut, idOut, instantOut } from '../platform/http/answers.js';

const personal = {
  id: idOut,
  external_id: z.string().nullable(),
  first_name: z.string(),
  last_name: z.string(),
  identifier: z.string().nullable(),
  date_of_birth: dateOut.nullable(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  extra_data: extraDataOut,
  photo: z.string().nullable().meta({ description: 'The digest of the picture, or null; GET .../photo brings it.' }),
  is_active: z.boolean(),
  created_at: instantOut,
  updated_at: instantOut,
};

/** What the doors of participants, groups and imports answer, as programs see it. */
export const ParticipantOut = z.object(personal).meta({ id: 'Participant' });

/** A merged id answers with the survivor, and says from where it led here. */
export const FoundParticipantOut = ParticipantOut.extend({ redirected_from: idOut.optional() }).meta({
  id: 'FoundParticipant',
});

export const GroupOut = z
  .object({
    id: idOut,
    external_id: z.string().nullable(),
    parent_id: idOut.nullable(),
    name: z.string(),
    group_type: z.string(),
    extra_data: extraDataOut,
    is_active: z.boolean(),
    member_count: z.int(),
    created_at: instantOut,
    updated_at: instantOut,
  })
  .meta({ id: 'Group' });

const days = { joined_on: dateOut.nullable(), left_on: dateOut.nullable() };

export const MemberOut = z.object({ ...personal, participant_id: idOut, ...days }).meta({ id: 'Member' });
export const JoinedOut = z.object({ added: z.int(), already: z.int() }).meta({ id: 'Joined' });
export const MembershipOut = z.object({ group_id: idOut, participant_id: idOut, ...days }).meta({ id: 'Membership' });

const note = z.object({ row: z.int().nullable(), field: z.string().nullable(), code: z.string(), message: z.string() });

export const QueuedImportOut = z.object({ id: idOut, status: z.literal('queued') }).meta({ id: 'QueuedImport' });
/** The imports that one file led to: one for each file of an archive, one for a workbook or a CSV file. */
export const QueuedImportsOut = z
  .object({
    imports: z.array(z.object({ id: idOut, status: z.literal('queued'), kind: z.string(), file_name: z.string() })),
  })
  .meta({ id: 'QueuedImports' });

const recordCounts = z.object({ created: z.int(), updated: z.int(), removed: z.int() });
const tables = ['participants', 'groups', 'group_memberships', 'users', 'group_assignments'] as const;
const changedValue = z.union([z.string(), z.boolean()]).nullable();

/** A record that an import changed, or would change: what stood there before, and what after. */
export const ChangedRecordOut = z
  .object({
    row: z.int(),
    table: z.enum(tables),
    record_id: idOut,
    name: z.string(),
    changes: z.array(z.object({ field: z.string(), before: changedValue, after: changedValue })),
  })
  .meta({ id: 'ChangedRecord' });

export const ImportOut = z
  .object({
    id: idOut,
    kind: z.string(),
    status: z.enum(['reading', 'preview', 'queued', 'running', 'done', 'failed', 'undone']),
    file_name: z.string(),
    dry_run: z.boolean(),
    on_error: z.enum(['skip', 'abort']),
    total: z.int(),
    processed: z.int(),
    created: z.int(),
    updated: z.int(),
    unchanged: z.int(),
    skipped: z.int(),
    failed: z.int(),
    records: z
      .object(Object.fromEntries(tables.map((table) => [table, recordCounts])))
      .meta({ description: 'What was made, changed and taken away, by table; of a trial run, what would be.' }),
    errors: z.array(note).meta({ description: 'The first 500.' }),
    errors_total: z.int(),
    warnings: z.array(note),
    warnings_total: z.int(),
    kept: z.array(note).meta({ description: 'What undoing passed over, and why.' }),
    created_at: instantOut,
    finished_at: instantOut.nullable(),
    undone_at: instantOut.nullable(),
  })
  .meta({ id: 'Import' });
