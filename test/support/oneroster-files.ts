import { zip } from './workbooks.js';

/** Files of OneRoster by their names in the archive. */
export type OneRosterFiles = Record<string, string>;

const HEADS: Record<'1.1' | '1.2', Record<string, string>> = {
  '1.1': {
    orgs: 'sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId',
    academicSessions: 'sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear',
    courses:
      'sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes',
    classes:
      'sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods',
    users:
      'sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password',
    enrollments:
      'sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate',
    demographics: 'sourcedId,status,dateLastModified,birthDate,sex',
  },
  '1.2': {
    users:
      'sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,resourceSourcedIds,preferredGivenName,preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns',
    roles:
      'sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId',
    userProfiles:
      'sourcedId,status,dateLastModified,userSourcedId,profileType,vendorId,applicationId,description,credentialType,username,password',
  },
};

/** A row of one file: its values by column; columns that are not named are empty. */
export type RosterRow = Record<string, string>;

/** @returns one file of OneRoster, its head as the specification has it */
export function rosterFile(name: string, rows: RosterRow[], version: '1.1' | '1.2' = '1.1'): string {
  const columns = (HEADS[version][name] ?? HEADS['1.1'][name]!).split(',');
  const cell = (text: string) => (text.includes(',') ? `"${text}"` : text);
  const strange = rows.flatMap((row) => Object.keys(row)).find((column) => !columns.includes(column));
  if (strange) throw new Error(`${name}.csv of OneRoster ${version} has no column ${strange}`);
  return (
    [columns.join(','), ...rows.map((row) => columns.map((column) => cell(row[column] ?? '')).join(','))].join('\n') +
    '\n'
  );
}

/** An archive of these files, with a manifest that announces them. */
export function rosterArchive(
  files: OneRosterFiles,
  { version = '1.1', mode = 'bulk' }: { version?: '1.1' | '1.2'; mode?: 'bulk' | 'delta' } = {},
): Buffer {
  const names = ['orgs', 'academicSessions', 'courses', 'classes', 'users', 'roles', 'enrollments', 'demographics'];
  const lines = names.map((name) => `file.${name},${name in files ? mode : 'absent'}`);
  const manifest = ['propertyName,value', 'manifest.version,1.0', `oneroster.version,${version}`, ...lines].join('\n');
  return zip({
    'manifest.csv': manifest,
    ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`${name}.csv`, text])),
  });
}

/** The day that lies so many days from today in Paris, where the school of these tests is. */
export const day = (offset: number): string =>
  Temporal.Now.plainDateISO('Europe/Paris').add({ days: offset }).toString();

/** Two schools in a district that is named after them, three classes, two teachers, an aide, a guardian, ten students. */
export const rosterRows = (): Record<string, RosterRow[]> => ({
  orgs: [
    { sourcedId: 'north', name: 'North School', type: 'school', identifier: 'N-1', parentSourcedId: 'town' },
    { sourcedId: 'south', name: 'South School', type: 'school', parentSourcedId: 'town' },
    { sourcedId: 'town', name: 'Town District', type: 'district' },
  ],
  academicSessions: [
    {
      sourcedId: 'y26',
      title: '2026/27',
      type: 'schoolYear',
      startDate: day(-89),
      endDate: day(224),
      schoolYear: '2027',
    },
    {
      sourcedId: 'fall',
      title: 'Fall',
      type: 'term',
      startDate: day(-89),
      endDate: day(70),
      parentSourcedId: 'y26',
      schoolYear: '2027',
    },
    {
      sourcedId: 'spring',
      title: 'Spring',
      type: 'term',
      startDate: day(70),
      endDate: day(224),
      parentSourcedId: 'y26',
      schoolYear: '2027',
    },
  ],
  courses: [
    { sourcedId: 'math', title: 'Mathematics 7', courseCode: 'M7', orgSourcedId: 'town' },
    { sourcedId: 'art', title: 'Art', courseCode: 'A', orgSourcedId: 'town' },
  ],
  classes: [
    {
      sourcedId: 'm7a',
      title: 'Math 7a',
      courseSourcedId: 'math',
      classCode: 'M7-A',
      classType: 'scheduled',
      location: 'Room 12',
      schoolSourcedId: 'north',
      termSourcedIds: 'fall,spring',
      grades: '07',
    },
    {
      sourcedId: 'm7b',
      title: 'Math 7b',
      courseSourcedId: 'math',
      classType: 'scheduled',
      schoolSourcedId: 'north',
      termSourcedIds: 'fall',
    },
    {
      sourcedId: 'art',
      title: 'Art',
      courseSourcedId: 'art',
      classType: 'scheduled',
      schoolSourcedId: 'south',
      termSourcedIds: 'y26',
    },
  ],
  users: [
    {
      sourcedId: 't1',
      enabledUser: 'true',
      orgSourcedIds: 'north,south',
      role: 'teacher',
      username: 'glover',
      givenName: 'Lena',
      familyName: 'Glover',
      email: 'Lena.Glover@example.net',
      password: 'hunter2-teacher',
    },
    {
      sourcedId: 't2',
      enabledUser: 'true',
      orgSourcedIds: 'south',
      role: 'teacher',
      username: 'hauck',
      givenName: 'Jo',
      familyName: 'O’Hauck',
      email: 'hauck@example.net',
    },
    {
      sourcedId: 'a1',
      enabledUser: 'true',
      orgSourcedIds: 'north',
      role: 'aide',
      username: 'aide',
      givenName: 'Ada',
      familyName: 'Aide',
      email: 'aide@example.net',
    },
    {
      sourcedId: 'a2',
      enabledUser: 'true',
      orgSourcedIds: 'north',
      role: 'administrator',
      username: 'nomail',
      givenName: 'No',
      familyName: 'Address',
    },
    {
      sourcedId: 'g1',
      enabledUser: 'true',
      orgSourcedIds: 'north',
      role: 'guardian',
      username: 'mother',
      givenName: 'Gail',
      familyName: 'Pupil',
      email: 'gail@example.net',
    },
    {
      sourcedId: 'g2',
      enabledUser: 'true',
      orgSourcedIds: 'north',
      role: 'parent',
      username: 'father',
      givenName: 'Gus',
      familyName: 'Pupil',
      email: 'gus@example.net',
    },
    ...Array.from({ length: 10 }, (_, at) => ({
      sourcedId: `s${at}`,
      enabledUser: 'true',
      orgSourcedIds: at < 6 ? 'north' : 'south',
      role: 'student',
      username: `pupil${at}`,
      givenName: `Kim${at}`,
      familyName: 'Pupil',
      middleName: at === 0 ? 'Noor' : '',
      identifier: at === 1 ? '' : `ID-${at}`,
      email: `pupil${at}@example.org`,
      sms: at === 2 ? '555-0102' : '',
      phone: at === 3 ? '555-0103' : '',
      agentSourcedIds: 'g1,g2',
      grades: '07',
      password: 'hunter2-student',
    })),
  ],
  enrollments: [
    {
      sourcedId: 'e-t1',
      classSourcedId: 'm7a',
      schoolSourcedId: 'north',
      userSourcedId: 't1',
      role: 'teacher',
      primary: 'true',
    },
    { sourcedId: 'e-a1', classSourcedId: 'm7a', schoolSourcedId: 'north', userSourcedId: 'a1', role: 'aide' },
    {
      sourcedId: 'e-t2',
      classSourcedId: 'art',
      schoolSourcedId: 'south',
      userSourcedId: 't2',
      role: 'teacher',
      primary: 'true',
    },
    ...Array.from({ length: 10 }, (_, at) => ({
      sourcedId: `e-s${at}`,
      classSourcedId: at < 4 ? 'm7a' : at < 6 ? 'm7b' : 'art',
      schoolSourcedId: at < 6 ? 'north' : 'south',
      userSourcedId: `s${at}`,
      role: 'student',
      beginDate: at === 0 ? day(-47) : '',
      endDate: at === 1 ? day(-11) : '',
    })),
  ],
  demographics: [{ sourcedId: 's0', birthDate: '2013-05-06', sex: 'female' }],
});

/** The files of these rows. In 1.2 the roles stand in a file of their own. */
export function rosterFiles(rows: Record<string, RosterRow[]>, version: '1.1' | '1.2' = '1.1'): OneRosterFiles {
  if (version === '1.1')
    return Object.fromEntries(Object.entries(rows).map(([name, list]) => [name, rosterFile(name, list)]));
  const { users = [], ...others } = rows;
  const roles = users.flatMap(({ sourcedId, role, orgSourcedIds }, at) =>
    (orgSourcedIds ?? '').split(',').map((org, nth) => ({
      sourcedId: `r${at}-${nth}`,
      userSourcedId: sourcedId!,
      roleType: nth === 0 ? 'primary' : 'secondary',
      role: nth === 0 ? (role === 'administrator' ? 'siteAdministrator' : role!) : 'proctor',
      orgSourcedId: org,
    })),
  );
  const people = users.map(({ role: _, orgSourcedIds: orgs, ...user }) => ({
    ...user,
    primaryOrgSourcedId: orgs?.split(',')[0] ?? '',
  }));
  return {
    ...Object.fromEntries(Object.entries(others).map(([name, list]) => [name, rosterFile(name, list, version)])),
    users: rosterFile('users', people, version),
    roles: rosterFile('roles', roles, version),
    userProfiles: rosterFile(
      'userProfiles',
      [{ sourcedId: 'p1', userSourcedId: 't1', password: 'hunter2-profile' }],
      version,
    ),
  };
}
