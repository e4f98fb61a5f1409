import { type Permission } from '../../auth/index.js';

/** A part of the settings, as the page /settings lists it. */
export interface SettingsPart {
  href: string;
  icon: string;
  /** English; translation keys. `terms` are filled in with the organization's own words. */
  title: string;
  hint: string;
  permission: Permission;
}

/** Every part that an administrator can set, in the order of the page. A new page of settings is a line here. */
export const SETTINGS_PARTS: SettingsPart[] = [
  {
    href: '/settings/organization',
    icon: 'building',
    title: 'Organization',
    hint: 'Name, time zone, language.',
    permission: 'organization.configure',
  },
  {
    href: '/settings/domain',
    icon: 'group',
    title: 'Domain and words',
    hint: 'What you are, and your words: {participants}, {groups}, {sessions}.',
    permission: 'organization.configure',
  },
  {
    href: '/settings/states',
    icon: 'check',
    title: 'Presence states',
    hint: 'The answers to "who is present?": label, colour, key, what they count as.',
    permission: 'organization.configure',
  },
  {
    href: '/settings/rules',
    icon: 'clock',
    title: 'Rules',
    hint: 'Lateness, locking, corrections, devices, second factor.',
    permission: 'organization.configure',
  },
  {
    href: '/settings/reporting-periods',
    icon: 'chart',
    title: 'Reporting periods',
    hint: 'Terms, seasons or quarters by which reports add up.',
    permission: 'organization.configure',
  },
  {
    href: '/settings/letterhead',
    icon: 'note',
    title: 'Letterhead',
    hint: 'Logo and address on what is printed, and the words of certificates.',
    permission: 'organization.configure',
  },
  {
    href: '/settings/users',
    icon: 'users',
    title: 'Users',
    hint: 'Who signs in, as what, and with which {groups}.',
    permission: 'user.manage',
  },
  {
    href: '/settings/webhooks',
    icon: 'inbox',
    title: 'Webhooks',
    hint: 'Other programs that are told what happens here.',
    permission: 'organization.configure',
  },
  {
    href: '/settings/templates',
    icon: 'note',
    title: 'Templates',
    hint: 'Names, lengths and places to begin from when something is planned.',
    permission: 'organization.configure',
  },
  {
    href: '/settings/closing-days',
    icon: 'calendar',
    title: 'Closing days',
    hint: 'Holidays and other days on which nothing takes place.',
    permission: 'session.manage',
  },
];
