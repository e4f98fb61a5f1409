import { addDays } from '../../../tenancy/index.js';
import {
  type EnrollmentDraft,
  type GroupDraft,
  type Leaving,
  type ParticipantDraft,
  type PersonDraft,
  type UserDraft,
} from '../drafts.js';
import { shown } from '../problem.js';
import { type RowCells } from '../row-cells.js';

/** Longest values in code points (the schema document in the seeds). */
const most = { name: 100, id: 100, groupName: 255, groupType: 50, phone: 50, word: 100, list: 2000 } as const;

/** Roles of 1.1 and 1.2 whose people are not taken: attendance is not about them, and they need no account here. */
const FAMILY = new Set(['guardian', 'parent', 'relative']);
/** Roles whose people are invited as frontline, whatever they may do elsewhere: a file makes nobody an administrator. */
const STAFF = new Set([
  'teacher',
  'aide',
  'administrator',
  'proctor',
  'counselor',
  'principal',
  'siteadministrator',
  'districtadministrator',
  'systemadministrator',
]);

type Role = 'student' | 'staff' | 'family';

const LAST_DAY = '9999-12-30';

/** An org (a district, a school, a department) is a group of its own type. */
export function orgDraft(cells: RowCells): GroupDraft {
  const parent = cells.text('parent_external_id', most.id - 4);
  return {
    type: 'group',
    external_id: prefixed(cells, 'external_id', 'org'),
    parent_external_id: parent ? `org:${parent}` : undefined,
    name: cells.required('name', most.groupName),
    group_type: cells.text('group_type', most.groupType),
    leaving: leavingOf(cells),
    extra_data: cells.extra(),
  };
}

/**
 * A class is a group in its school. Which courses and terms there are stands in other files: what the archive said of
 * them was put into columns of their own when it was unpacked.
 */
export function classDraft(cells: RowCells, latestTerm: string): GroupDraft {
  const leaving = leavingOf(cells);
  if (leaving !== 'deleted') {
    unknownOther(
      cells,
      'course_id',
      'unknown_course',
      'No course has the id {value}: the file with the courses does not hold it.',
    );
    unknownOther(
      cells,
      'term_ids',
      'unknown_terms',
      'No term has the id {value}: the file with the academic sessions does not hold it.',
    );
  }
  const extra = cells.extra();
  for (const field of ['course', 'terms']) {
    const value = cells.text(field, most.list);
    if (value) extra[field] = value;
  }
  const start = cells.date('term_start', latestTerm, { optional: true });
  const end = cells.date('term_end', LAST_DAY, { optional: true });
  if (start) extra.term_start = start;
  // OneRoster's last days are the first ones that do not belong to it any more.
  if (end && end <= latestTerm) extra.term_end = addDays(end, -1);
  return {
    type: 'group',
    external_id: prefixed(cells, 'external_id', 'class'),
    parent_external_id: prefixed(cells, 'parent_external_id', 'org'),
    name: cells.required('name', most.groupName),
    group_type: 'class',
    leaving,
    keeps: unsaid(cells),
    extra_data: extra,
  };
}

/** What is not in this archive (a delta holds what changed) is as it was. */
function unsaid(cells: RowCells): string[] {
  const says = (field: string) => cells.text(field, most.list) != null;
  const terms = says('term_ids') && !['terms', 'term_start', 'term_end'].some(says);
  const course = says('course_id') && !says('course');
  return [...(terms ? ['terms', 'term_start', 'term_end'] : []), ...(course ? ['course'] : [])];
}

function unknownOther(cells: RowCells, field: string, from: string, message: string): void {
  const value = cells.text(from, most.list);
  if (value) cells.error(field, 'unknown', message, { value: shown(value) });
}

/** Students become participants, staff becomes users; of guardians nothing is taken (null). */
export function userDraft(cells: RowCells): ParticipantDraft | UserDraft | PersonDraft | null {
  const written = cells.text('role', most.word);
  const role = written ? roleOf(cells, written) : null;
  if (role === 'family') return null;
  const leaving = leavingOf(cells) ?? (cells.flag('enabled') === false ? 'disabled' : undefined);
  const name = {
    external_id: cells.required('external_id', most.id),
    first_name: cells.required('first_name', most.name),
    last_name: cells.required('last_name', most.name),
  };
  const staff = (email: string): UserDraft => ({ type: 'user', ...name, email, leaving });
  // Whoever leaves is not written to: no address is needed for that.
  if (role === 'staff') return staff(leaving ? '' : cells.requiredEmail('email'));
  const email = cells.email('email');
  const student: ParticipantDraft = {
    type: 'participant',
    ...name,
    identifier: firstOf(cells, 'identifier', 'username'),
    email,
    phone: firstOf(cells, 'phone', 'sms'),
    is_active: leaving ? false : undefined,
    leaving,
    extra_data: cells.extra(),
  };
  if (role === 'student' || cells.errors.length > 0) return student;
  return {
    type: 'person',
    external_id: name.external_id,
    student,
    staff: email || leaving ? staff(email ?? '') : null,
    leaving,
  };
}

/** The first of two columns that says something; undefined without both columns. */
function firstOf(cells: RowCells, field: 'identifier' | 'phone', other: 'username' | 'sms'): string | null | undefined {
  const length = field === 'phone' ? most.phone : most.id;
  const first = cells.text(field, length);
  return first ?? cells.text(other, length) ?? first;
}

/** Who belongs to a class, and from when until when. Of guardians nothing is taken (null). */
export function enrollmentDraft(cells: RowCells, latestTerm: string): EnrollmentDraft | null {
  const role = roleOf(cells, cells.required('role', most.word));
  if (role === 'family') return null;
  const school = cells.text('school_external_id', most.id - 4);
  const begin = cells.date('begin_date', latestTerm) ?? null;
  const end = cells.date('end_date', LAST_DAY) ?? null;
  if (begin && end && end < begin) cells.error('end_date', 'invalid', 'The beginning lies after the end.');
  return {
    type: 'enrollment',
    enrollment_id: cells.required('enrollment_id', most.id),
    user_external_id: cells.required('user_external_id', most.id),
    group_external_id: prefixed(cells, 'group_external_id', 'class'),
    school_external_id: school ? `org:${school}` : null,
    role: role ?? 'student',
    begin_date: begin,
    end_date: end,
    leaving: leavingOf(cells),
  };
}

function roleOf(cells: RowCells, written: string): Role | null {
  const role = written.toLowerCase();
  if (role === 'student') return 'student';
  if (STAFF.has(role)) return 'staff';
  if (FAMILY.has(role)) return 'family';
  if (role !== '') cells.error('role', 'invalid', 'OneRoster has no role {value}.', { value: shown(written) });
  return null;
}

/** `inactive` is what 1.0 wrote. */
function leavingOf(cells: RowCells): Leaving | undefined {
  const status = cells.text('status', most.word)?.toLowerCase() ?? 'active';
  if (status === 'tobedeleted') return 'deleted';
  if (status === 'inactive') return 'disabled';
  if (status !== 'active')
    cells.error('status', 'invalid', 'Write active or tobedeleted instead of {value}.', { value: shown(status) });
  return undefined;
}

/** Orgs and classes are groups both, and their ids may be equal: the prefix keeps them apart. */
function prefixed(cells: RowCells, field: string, kind: 'org' | 'class'): string {
  return `${kind}:${cells.required(field, most.id - kind.length - 1)}`;
}
