import { type DomainPack } from './domain-pack.js';

export const corporate: DomainPack = {
  domain: 'corporate',
  label: 'Company',
  terms: {
    participant: { one: 'employee', many: 'employees' },
    group: { one: 'team', many: 'teams' },
    session: { one: 'shift', many: 'shifts' },
    organization: { one: 'company', many: 'companies' },
  },
  states: [
    { code: 'on_site', label: 'On site', color: '#1b7f4d', category: 'present', shortcut: 's', is_default: true },
    { code: 'remote', label: 'Remote', color: '#0f6f86', category: 'present', shortcut: 'r' },
    { code: 'late', label: 'Late', color: '#b25e09', category: 'late', shortcut: 'l' },
    { code: 'on_leave', label: 'On leave', color: '#3a5ba0', category: 'excused', shortcut: 'v' },
    { code: 'absent', label: 'Absent', color: '#b3261e', category: 'absent', shortcut: 'a' },
  ],
  group_types: [
    { code: 'team', label: 'Team' },
    { code: 'department', label: 'Department' },
    { code: 'site', label: 'Site' },
  ],
  session_templates: [
    { name: 'Early shift', minutes: 480 },
    { name: 'Late shift', minutes: 480 },
    { name: 'Meeting', minutes: 60 },
  ],
};
