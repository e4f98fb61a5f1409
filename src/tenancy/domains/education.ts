import { type DomainPack } from './domain-pack.js';

export const education: DomainPack = {
  domain: 'education',
  label: 'School or university',
  terms: {
    participant: { one: 'student', many: 'students' },
    group: { one: 'class', many: 'classes' },
    session: { one: 'lesson', many: 'lessons' },
    organization: { one: 'school', many: 'schools' },
  },
  states: [
    { code: 'present', label: 'Present', color: '#1b7f4d', category: 'present', shortcut: 'p', is_default: true },
    { code: 'late', label: 'Late', color: '#b25e09', category: 'late', shortcut: 'l' },
    { code: 'absent', label: 'Absent', color: '#b3261e', category: 'absent', shortcut: 'a' },
    { code: 'excused', label: 'Excused', color: '#3a5ba0', category: 'excused', shortcut: 'e' },
  ],
  group_types: [
    { code: 'class', label: 'Class' },
    { code: 'school', label: 'School' },
    { code: 'year', label: 'Year' },
    { code: 'club', label: 'Club' },
  ],
  session_templates: [
    { name: 'Lesson', minutes: 45 },
    { name: 'Double lesson', minutes: 90 },
    { name: 'Excursion', minutes: 360 },
  ],
};
