import { type DomainPack } from './domain-pack.js';

export const events: DomainPack = {
  domain: 'events',
  label: 'Event or conference',
  terms: {
    participant: { one: 'attendee', many: 'attendees' },
    group: { one: 'track', many: 'tracks' },
    session: { one: 'talk', many: 'talks' },
    organization: { one: 'event', many: 'events' },
  },
  states: [
    { code: 'checked_in', label: 'Checked in', color: '#1b7f4d', category: 'present', shortcut: 'c', is_default: true },
    { code: 'vip_check_in', label: 'VIP check-in', color: '#6d3fa0', category: 'present', shortcut: 'v' },
    { code: 'not_arrived', label: 'Not arrived', color: '#b3261e', category: 'absent', shortcut: 'n' },
    { code: 'cancelled', label: 'Cancelled', color: '#3a5ba0', category: 'excused', shortcut: 'x' },
  ],
  group_types: [
    { code: 'track', label: 'Track' },
    { code: 'ticket_type', label: 'Ticket type' },
  ],
  session_templates: [
    { name: 'Talk', minutes: 45 },
    { name: 'Workshop', minutes: 120 },
    { name: 'Entry', minutes: 240 },
  ],
};
