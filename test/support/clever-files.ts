import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Clever's five files by name. */
export type CleverFiles = Record<'schools' | 'teachers' | 'sections' | 'students' | 'enrollments', string | Buffer>;

const lines = (end: string, rows: (string | number)[][]) => rows.map((row) => row.join(',')).join(end) + end;

/**
 * Five small files in the shape of a real district's export: some end their lines with a bare CR, dates are M/D/YY, a
 * birthday does not exist, a name holds an apostrophe, two people share a name, one teacher has no e-mail address.
 */
export function cleverLike(): CleverFiles {
  const schools = [
    ['02M800', 'City High School', '71'],
    ['13K123', 'Pineapple Elementary School', '30'],
  ];
  const teachers = [
    ['02M800', 47, 1, 2, 'Glover', 'L', 'Braeden', 'Braeden_Glover@example.net', 'English'],
    ['02M800', 48, 1, 2, "O'Hauck", 'J', 'Haylie', 'hauck.haylie@example.com', 'English'],
    ['13K123', 49, 1, 2, 'Trantow', 'C', 'Shanie', '', 'Art'],
  ];
  const sections = [
    ['02M800', 581, 47, 48, '', '', 'Guidance (1)', 10, 'Guidance', 101, 0, 'Y1', '8/1/15', '6/1/16'],
    ['02M800', 582, 48, '', '', '', 'Guidance (2)', 10, 'Guidance', 102, 0, 'Y1', '8/1/15', '6/1/16'],
    ['13K123', 583, 49, '', '', '', 'Art', 5, 'Art', 103, 0, 'Y1', '8/1/15', '6/1/16'],
  ];
  const students = Array.from({ length: 12 }, (_, at) => [
    at % 2 ? '13K123' : '02M800',
    1000 + at,
    1000 + at,
    '',
    at < 2 ? "O'Hara" : `Number${at}`,
    '',
    at < 2 ? 'Kim' : `Pupil${at}`,
    'female',
    at === 7 ? '02/29/2005' : `${1 + at}/1/98`,
    9,
    'A',
    'Y',
    'N',
    11433,
    `pupil${at}@example.org`,
    '',
    '',
    '(336)533-1632 x218',
    '',
  ]);
  const enrollments = students.flatMap(([school, id], at) => [
    [school!, id!, 581 + (at % 3)],
    ...(at % 4 === 0 ? [[school!, id!, 581 + ((at + 1) % 3)]] : []),
  ]);
  return {
    schools: lines('\r', [['School_id', 'School_name', 'State_id'], ...schools]),
    teachers: lines('\n', [
      'School_id,Teacher_id,Teacher_number,State_teacher_id,Last_name,Middle_name,First_name,Teacher_email,Title'.split(
        ',',
      ),
      ...teachers,
    ]),
    sections: lines('\r', [
      'School_id,Section_id,Teacher_id,Teacher_2_id,Teacher_3_id,Teacher_4_id,Name,Grade,Course_name,Course_number,Period,Term_name,Term_start,Term_end'.split(
        ',',
      ),
      ...sections,
    ]),
    students: lines('\r', [
      'School_id,Student_id,Student_number,State_id,Last_name,Middle_name,First_name,Gender,Dob,Grade,Race,Hispanic_Latino,Ell_status,Student_zip,Student_email,Contact_name,Contact_type,Contact_phone,Contact_email'.split(
        ',',
      ),
      ...students,
    ]),
    enrollments: lines('\n', [['School_id', 'Student_id', 'Section_id'], ...enrollments]),
  };
}

const folder = join(import.meta.dirname, '..', '..', '..', 'shared', 'data', 'clever');

/** The real export, where it lies beside the repository; null elsewhere. */
export function realClever(): CleverFiles | null {
  if (!existsSync(folder)) return null;
  const file = (name: string) => readFileSync(join(folder, `${name}.csv`));
  return {
    schools: file('schools'),
    teachers: file('teachers'),
    sections: file('sections'),
    students: file('students'),
    enrollments: file('enrollments'),
  };
}
