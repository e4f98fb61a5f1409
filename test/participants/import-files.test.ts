import { describe, expect, it } from '@jest/globals';
import { duplicateFinder } from '../../src/participants/import/duplicates.js';
import { sentence } from '../../src/participants/import/problem.js';
import { readDate } from '../../src/participants/import/read-date.js';
import { rowReader, type RowRead } from '../../src/participants/import/read-row.js';
import { recognise, type RecogniseChoice } from '../../src/participants/import/recognise.js';

const today = '2026-11-20';
const studentHeader =
  'School_id,Student_id,Student_number,State_id,Last_name,Middle_name,First_name,Gender,Dob,Grade,Race,Hispanic_Latino,Ell_status,Student_zip,Student_email,Contact_name,Contact_type,Contact_phone,Contact_email';
const sectionHeader =
  'School_id,Section_id,Teacher_id,Teacher_2_id,Teacher_3_id,Teacher_4_id,Name,Grade,Course_name,Course_number,Period,Term_name,Term_start,Term_end';
const teacherHeader =
  'School_id,Teacher_id,Teacher_number,State_teacher_id,Last_name,Middle_name,First_name,Teacher_email,Title';
const schoolHeader = 'School_id,School_name,State_id,Principal';

/** Reads rows given as lists of cells; the first is the header, so the next is row 2. */
function read(header: string, rows: string[][], choice?: RecogniseChoice): RowRead[] {
  const names = header.split(',');
  const reader = rowReader(recognise(names, choice), { today });
  return rows.map((cells, i) => reader.read({ row: i + 2, cells, tooMany: cells.length > names.length }));
}

const person = (...cells: string[]) =>
  read('first_name,last_name,identifier,date_of_birth,email,is_active,note', [cells])[0]!;
const told = ({ errors }: RowRead) => errors.map(({ row, field, code }) => [row, field, code]);

describe('recognising a file by its head', () => {
  it.each([
    ['clever_students', studentHeader],
    ['clever_sections', sectionHeader],
    ['clever_teachers', teacherHeader],
    ['clever_schools', schoolHeader],
    ['clever_enrollments', 'School_id,Student_id,Section_id'],
    ['participants', 'Notes,LAST-NAME,First Name'],
    ['groups', 'participant identifier,Group Name'],
  ])('knows %s', (kind, header) => {
    expect(recognise(header.split(','))).toMatchObject({ kind, problems: [] });
  });

  it('says that it does not know a file, and what it would need', () => {
    const found = recognise(['Vorname', 'Nachname']);
    expect(found).toMatchObject({ kind: 'unknown', problems: [{ code: 'invalid' }] });
    expect(sentence(found.problems[0]!)).toContain('first_name and last_name');
  });

  it('leaves out sensitive columns of Clever students on purpose and keeps the other ones', () => {
    const found = recognise(studentHeader.split(','));
    expect(found.leftOut).toEqual(['Race', 'Hispanic_Latino', 'Ell_status']);
    expect(found.extraData).toContain('Contact_phone');
    expect(found.mapping).toMatchObject({
      Student_id: 'external_id',
      Dob: 'date_of_birth:MM/DD/YYYY',
      Race: 'left_out',
    });
  });

  it('lists unknown columns as extra data, and those of the contract that are absent', () => {
    const found = recognise(['first_name', 'last_name', 'Shoe size', '']);
    expect(found.extraData).toEqual(['Shoe size']);
    expect(found.absent).toEqual([
      'external_id',
      'identifier',
      'date_of_birth',
      'email',
      'phone',
      'is_active',
      'group',
    ]);
  });

  it('takes the word of a person over its own, also as it gave it out', () => {
    const header = ['Vorname', 'Nachname', 'Geburtstag', 'first_name', 'Secret'];
    const mapping = {
      Vorname: 'first_name',
      nachname: 'last_name',
      Geburtstag: 'date_of_birth:dd.mm.yyyy',
      Secret: 'left_out',
    };
    const found = recognise(header, { kind: 'participants', mapping });
    expect(found).toMatchObject({ problems: [], extraData: ['first_name'], leftOut: ['Secret'] });
    expect(recognise(header, { kind: 'participants', mapping: found.mapping })).toEqual(found);
    const [row] = read(header.join(), [['Ana', 'Berg', '31.1.05', 'x', 'y']], { kind: 'participants', mapping });
    expect(row!.draft).toMatchObject({
      first_name: 'Ana',
      date_of_birth: '2005-01-31',
      extra_data: { first_name: 'x' },
    });
  });

  it('tells what is wrong with a mapping', () => {
    const header = ['first_name', 'a', 'b'];
    const mapping = { a: 'shoe_size', b: 'phone:YYYY', c: 'email' };
    const codes = recognise(header, { kind: 'participants', mapping }).problems.map(({ field, code }) => [field, code]);
    expect(codes).toEqual([
      ['b', 'invalid'],
      ['c', 'unknown_field'],
      ['a', 'unknown_field'],
      ['last_name', 'required'],
    ]);
    const twice = recognise(['x', 'y', 'last_name'], {
      kind: 'participants',
      mapping: { x: 'first_name', y: 'first_name' },
    });
    expect(twice.problems).toMatchObject([{ field: 'first_name', code: 'taken' }]);
    expect(recognise(['first_name', 'last_name'], { mapping: { last_name: '__proto__' } }).problems).toHaveLength(2);
  });
});

describe('reading the rows of Clever files', () => {
  it('makes participants of students', () => {
    const rows = read(studentHeader, [
      "02M800,738733110,S-1,114327752,O'Hara,J,Diane,female,11/1/98,9,A,Y,Y,11433,Diane.S@Example.org,Wanell O,Uncle,(336)533-1632 x218,w@example.net".split(
        ',',
      ),
      '02M800,738733111,,,Doe,,Kim,,02/29/2005,,,,,,,,,,'.split(','),
    ]);
    expect(rows[0]).toEqual({
      row: 2,
      errors: [],
      warnings: [],
      draft: {
        type: 'participant',
        external_id: '738733110',
        identifier: 'S-1',
        first_name: 'Diane',
        last_name: "O'Hara",
        date_of_birth: '1998-11-01',
        email: 'diane.s@example.org',
        extra_data: {
          school_id: '02M800',
          state_id: '114327752',
          middle_name: 'J',
          gender: 'female',
          grade: '9',
          student_zip: '11433',
          contact_name: 'Wanell O',
          contact_type: 'Uncle',
          contact_phone: '(336)533-1632 x218',
          contact_email: 'w@example.net',
        },
      },
    });
    // The date stands like this in the real export: it costs the date, not the student, and it is told.
    expect(rows[1]).toMatchObject({
      draft: { identifier: '738733111', date_of_birth: null, email: null, extra_data: { school_id: '02M800' } },
      errors: [],
      warnings: [{ row: 3, field: 'date_of_birth', code: 'invalid', params: { value: '02/29/2005' } }],
    });
  });

  it('makes groups of schools and sections whose external ids cannot collide', () => {
    const [school] = read(schoolHeader, [['581', 'City High School', '712345', 'Theodora Khan']]);
    expect(school!.draft).toEqual({
      type: 'group',
      external_id: 'school:581',
      parent_external_id: null,
      name: 'City High School',
      group_type: 'school',
      extra_data: { state_id: '712345', principal: 'Theodora Khan' },
    });
    const cells = [
      '02M800',
      '581',
      '86',
      '87',
      '',
      '86',
      'Guidance, 101',
      '10',
      'Group Guidance',
      '101',
      '0',
      'Y1',
      '8/1/15',
      '6/1/27',
    ];
    const [section] = read(sectionHeader, [cells]);
    expect(section!.draft).toEqual({
      type: 'group',
      external_id: 'section:581',
      parent_external_id: 'school:02M800',
      name: 'Guidance, 101',
      group_type: 'class',
      teacher_external_ids: ['86', '87'],
      extra_data: {
        grade: '10',
        course_name: 'Group Guidance',
        course_number: '101',
        period: '0',
        term_name: 'Y1',
        term_start: '2015-08-01',
        term_end: '2027-06-01',
        teacher_ids: ['86', '87'],
      },
    });
  });

  it('makes memberships of enrolments and users of teachers', () => {
    const [enrolment, half] = read('School_id,Student_id,Section_id', [
      ['13K123', '100095233', '709'],
      ['13K123', ''],
    ]);
    expect(enrolment!.draft).toEqual({
      type: 'membership',
      participant_external_id: '100095233',
      group_external_id: 'section:709',
    });
    expect(told(half!)).toEqual([
      [3, 'participant_external_id', 'required'],
      [3, 'group_external_id', 'required'],
    ]);
    const [teacher, without] = read(teacherHeader, [
      ['02M800', '47', '230186', '751884748', 'Glover', 'L', 'Braeden', 'Braeden@Example.net', 'Teacher'],
      ['02M800', '48', '', '', 'Hauck', '', 'Haylie', '', ''],
    ]);
    expect(teacher!.draft).toEqual({
      type: 'user',
      external_id: '47',
      first_name: 'Braeden',
      last_name: 'Glover',
      named_by_sections: true,
      email: 'braeden@example.net',
    });
    expect(told(without!)).toEqual([[3, 'email', 'required']]);
  });

  it('says how it understood two-digit years', () => {
    const reader = rowReader(recognise(studentHeader.split(',')), { today });
    reader.read({ row: 2, cells: ['1', '2', '2', '', 'Doe', '', 'Kim', '', '1/2/03'], tooMany: false });
    reader.read({ row: 3, cells: ['1', '3', '3', '', 'Doe', '', 'Lee', '', '1/2/2003'], tooMany: false });
    expect(reader).toMatchObject({ pivot: { date_of_birth: 2026, term: 2046 }, twoDigitYears: 1 });
  });
});

describe('reading the rows of generic files', () => {
  it('takes accents, emoji and what looks like a formula as they are', () => {
    const row = person(' Renée ', '😀-ÅngstrÖm', '=1+1', '2008-02-29', ' A@B.example ', 'Yes', 'one\ntwo');
    expect(row.draft).toEqual({
      type: 'participant',
      first_name: 'Renée',
      last_name: '😀-ÅngstrÖm'.normalize('NFC'),
      identifier: '=1+1',
      date_of_birth: '2008-02-29',
      email: 'a@b.example',
      is_active: true,
      extra_data: { note: 'one\ntwo' },
    });
  });

  it('tells everything that is wrong with a row at once, by field and reason', () => {
    expect(told(person('', 'x'.repeat(101), 'a\0b', '2026-02-29', 'nobody', 'perhaps', 'x\u0007'))).toEqual([
      [2, 'identifier', 'invalid'],
      [2, 'first_name', 'required'],
      [2, 'last_name', 'too_long'],
      [2, 'date_of_birth', 'invalid'],
      [2, 'email', 'invalid'],
      [2, 'is_active', 'invalid'],
      [2, 'note', 'invalid'],
    ]);
  });

  it('counts characters, not bytes or halves of an emoji', () => {
    expect(told(person('😀'.repeat(100), 'é'.repeat(100)))).toEqual([]);
    expect(told(person('😀'.repeat(101), 'Berg'))).toEqual([[2, 'first_name', 'too_long']]);
    expect(told(person('Ana', 'Berg', 'x'.repeat(101)))).toEqual([[2, 'identifier', 'too_long']]);
    expect(told(person('Ana', 'Berg', '', '', `${'x'.repeat(251)}@a.eu`))).toEqual([[2, 'email', 'too_long']]);
  });

  it('writes sentences without anything invisible in them', () => {
    const [error] = person('Ana', 'Be\0rg').errors;
    expect(error).toMatchObject({ params: { character: 'U+0000' } });
    expect(sentence(error!)).toBe('This value holds an invisible control character (U+0000): Be\u{FFFD}rg.');
    expect(told(person('Jos\u{FFFD}', 'Berg'))).toEqual([[2, 'first_name', 'invalid']]);
    expect(told(person('Ana\nMaria', 'Berg'))).toEqual([[2, 'first_name', 'invalid']]);
  });

  it('refuses a row with too many cells, and takes missing ones as empty', () => {
    expect(told(read('first_name,last_name', [['Ana', 'Berg', '']])[0]!)).toEqual([[2, null, 'unknown_column_count']]);
    expect(person('Ana', 'Berg').draft).toMatchObject({ identifier: null, email: null, is_active: undefined });
  });

  it('leaves what has no column undefined, so that an update does not touch it', () => {
    expect(read('first_name,last_name', [['Ana', 'Berg']])[0]!.draft).toEqual({
      type: 'participant',
      first_name: 'Ana',
      last_name: 'Berg',
      extra_data: {},
    });
  });

  it('reads the groups of a person', () => {
    const rows = read('first_name,last_name,group', [
      ['Ana', 'Berg', ' 7a; Choir;;7a'],
      ['Bea', 'Berg', ''],
      ['C', 'B', 'x'.repeat(256)],
    ]);
    expect(rows.slice(0, 2).map(({ draft }) => draft)).toMatchObject([{ groups: ['7a', 'Choir'] }, { groups: [] }]);
    expect(told(rows[2]!)).toEqual([[4, 'group', 'too_long']]);
  });

  it.each([
    ['TRUE', true],
    ['yes', true],
    ['1', true],
    ['Active', true],
    ['false', false],
    ['NO', false],
    ['0', false],
    ['inactive', false],
  ])('reads %s as %s', (written, is_active) => {
    expect(person('Ana', 'Berg', '', '', '', written).draft).toMatchObject({ is_active });
  });

  it('reads groups, and the membership a row may carry', () => {
    const header = 'group_external_id,group_name,group_type,parent_external_id,participant_identifier,Room';
    const [with_, without, nameless] = read(header, [
      ['g1', '7a', 'class', 's1', '4711', 'B12'],
      ['g2', '7b', '', '', '', ''],
      ['g3', '', '', '', '', ''],
    ]);
    expect(with_!.draft).toEqual({
      type: 'group',
      external_id: 'g1',
      name: '7a',
      group_type: 'class',
      parent_external_id: 's1',
      member: { identifier: '4711', external_id: null },
      extra_data: { Room: 'B12' },
    });
    expect(without!.draft).toMatchObject({ external_id: 'g2', group_type: null, member: undefined });
    expect(told(nameless!)).toEqual([[4, 'group_name', 'required']]);
  });

  it('keeps columns with odd names as plain data', () => {
    const draft = read('first_name,last_name,__proto__,constructor', [['Ana', 'Berg', 'x', 'y']])[0]!.draft;
    expect(JSON.stringify(draft)).toContain('"extra_data":{"__proto__":"x","constructor":"y"}');
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });
});

describe('reading a date', () => {
  it.each([
    ['1998-11-01', 'YYYY-MM-DD', '1998-11-01'],
    ['2000-02-29', 'YYYY-MM-DD', '2000-02-29'],
    ['1998-11-01', 'DD.MM.YYYY', '1998-11-01'],
    ['11/1/98', 'MM/DD/YYYY', '1998-11-01'],
    ['02/29/2004', 'MM/DD/YYYY', '2004-02-29'],
    ['2/29/04', 'MM/DD/YYYY', '2004-02-29'],
    ['31/12/2010', 'DD/MM/YYYY', '2010-12-31'],
    ['1.2.2010', 'DD.MM.YYYY', '2010-02-01'],
    // Never in the future: the 20th is today.
    ['11/20/26', 'MM/DD/YYYY', '2026-11-20'],
    ['11/21/26', 'MM/DD/YYYY', '1926-11-21'],
    ['1/1/27', 'MM/DD/YYYY', '1927-01-01'],
    ['1/1/00', 'MM/DD/YYYY', '2000-01-01'],
  ] as const)('reads %s written as %s', (written, format, date) => {
    expect(readDate(written, format, today).date).toBe(date);
  });

  it.each([
    ['2005-02-29', 'YYYY-MM-DD'],
    ['1900-02-29', 'YYYY-MM-DD'],
    ['2005-13-01', 'YYYY-MM-DD'],
    ['2005-00-10', 'YYYY-MM-DD'],
    ['0005-01-01', 'YYYY-MM-DD'],
    ['2026-11-21', 'YYYY-MM-DD'],
    ['11/1/98', 'YYYY-MM-DD'],
    ['1998-11-1', 'YYYY-MM-DD'],
    ['13/1/98', 'MM/DD/YYYY'],
    ['2/29/05', 'MM/DD/YYYY'],
    ['1/2/198', 'MM/DD/YYYY'],
    ['1/2-1998', 'MM/DD/YYYY'],
    ['٣/٤/٩٨', 'MM/DD/YYYY'],
    ['soon', 'MM/DD/YYYY'],
  ] as const)('refuses %s written as %s', (written, format) => {
    expect(readDate(written, format, today).date).toBeNull();
  });
});

describe('finding duplicates within a file', () => {
  it('tells of the second one and names the first row', () => {
    const find = duplicateFinder();
    const rows = read('first_name,last_name,identifier,external_id', [
      ['Ana', 'Berg', '1', 'x'],
      ['Bea', 'Berg', '2', 'y'],
      ['Cem', 'Berg', '1', 'z'],
      ['Dan', 'Berg', '4', 'y'],
      ['Eva', 'Berg', '', ''],
      ['Fay', 'Berg', '', ''],
      ['Gus', 'Berg', 'X', 'X'],
    ]).map(({ row, draft }) => find(row, draft!));
    expect(rows.map((problem) => problem && [problem.row, problem.field, problem.code, problem.params.first])).toEqual([
      null,
      null,
      [4, 'identifier', 'taken', 2],
      [5, 'external_id', 'taken', 3],
      null,
      null,
      null,
    ]);
    expect(sentence(rows[2]!)).toBe('1 stands in row 2 already. Each identifier may stand in one row only.');
  });

  it('lets a group come again with another member', () => {
    const find = duplicateFinder();
    const rows = read('group_external_id,group_name,participant_identifier', [
      ['g1', '7a', ''],
      ['g1', '7a', '1'],
      ['g1', '7a', '2'],
      ['g1', '7a', ''],
    ]);
    expect(rows.map(({ row, draft }) => find(row, draft!)?.field)).toEqual([
      undefined,
      undefined,
      undefined,
      'external_id',
    ]);
  });
});
