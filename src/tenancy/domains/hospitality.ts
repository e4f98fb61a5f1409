import { type DomainPack } from './domain-pack.js';

export const hospitality: DomainPack = {
  domain: 'hospitality',
  label: 'Hotel or hospitality',
  terms: {
    participant: { one: 'guest', many: 'guests' },
    group: { one: 'service', many: 'services' },
    session: { one: 'sitting', many: 'sittings' },
    organization: { one: 'hotel', many: 'hotels' },
  },
  states: [
    { code: 'arrived', label: 'Arrived', color: '#1b7f4d', category: 'present', shortcut: 'a', is_default: true },
    { code: 'expected', label: 'Expected', color: '#6b7280', category: 'neutral', shortcut: 'e' },
    { code: 'no_show', label: 'No-show', color: '#b3261e', category: 'absent', shortcut: 'n' },
    { code: 'departed', label: 'Departed', color: '#3a5ba0', category: 'present', shortcut: 'd' },
  ],
  group_types: [
    { code: 'breakfast', label: 'Breakfast' },
    { code: 'shuttle', label: 'Shuttle' },
    { code: 'excursion', label: 'Excursion' },
    { code: 'room', label: 'Room' },
  ],
  session_templates: [
    { name: 'Breakfast', minutes: 240 },
    { name: 'Shuttle departure', minutes: 30 },
    { name: 'Excursion', minutes: 480 },
  ],
};
