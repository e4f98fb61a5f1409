import { z } from 'zod';
import { text } from '../platform/http/parse.js';
import { type Term } from './domains/index.js';

const hours = (max: number) => z.int().min(0).max(max);

const ReportingPeriod = z
  .strictObject({ name: z.string().trim().min(1).max(60), from: z.iso.date(), to: z.iso.date() })
  .refine(({ from, to }) => from <= to, { error: 'The beginning lies after the end.' });

/** What is filled in on a certificate. */
const PLACES = ['name', 'from', 'to'];
const UNKNOWN_PLACE = 'Of words in braces only {name}, {from} and {to} are filled in. Is one of them misspelt?';

const SHARED_DAY = 'Two of these periods share a day. A day counts in one of them only.';

/** @returns two periods that share a day, by their places, that which begins later as `at`; undefined when no two do */
export function overlapping(periods: { from: string; to: string }[]): { at: number; other: number } | undefined {
  const order = periods.map((period, at) => ({ ...period, at })).sort((a, b) => (a.from < b.from ? -1 : 1));
  const second = order.findIndex(({ from }, index) => index > 0 && from <= order[index - 1]!.to);
  return second < 0 ? undefined : { at: order[second]!.at, other: order[second - 1]!.at };
}

/**
 * What an organization may set for itself, as `/api/admin/domain-config` shows and takes it. What is not stored is the
 * default below. A new setting is a line here, a default, and a field of views/settings.
 */
export const Settings = z.strictObject({
  /** Which groups a frontline user works with: all of them, or those assigned to him. */
  frontline_groups: z.enum(['all', 'assigned'], { error: 'Choose all or assigned.' }),
  /** Whether frontline users may create a session in their groups. */
  frontline_creates_sessions: z.boolean(),
  /** For how many hours after a cell's first mark a frontline user may correct his own mark in a locked session. */
  frontline_correction_hours: hours(24 * 365),
  /** How long a device may show names and capture marks without having signed in again, in hours. */
  offline_hours: hours(24 * 31),
  /** How many minutes after the start nobody is late yet. Late minutes are counted from the start all the same. */
  grace_minutes: z.int().min(0).max(240),
  /** How many hours after its planned end a session locks by itself; null: never. */
  lock_hours: hours(24 * 365).nullable(),
  /** Roles that must use a second factor. */
  second_factor_roles: z.array(z.enum(['administrator', 'manager', 'frontline', 'external'])).max(4),
  /** Terms, seasons or quarters by which reports can be told: first and last day, both inclusive. */
  reporting_periods: z
    .array(ReportingPeriod)
    .max(60)
    .refine((periods) => !overlapping(periods), { error: SHARED_DAY }),
  /** Address, telephone and the like, under the name on everything that is printed. */
  letterhead_lines: z
    .array(text(120).refine((line) => !/[\n\r\u2028\u2029]/.test(line), 'A line of the letterhead is one line.'))
    .max(6, 'At most six lines fit on the letterhead.'),
  /** What a certificate of attendance says, with places for {name}, {from} and {to}; null: the product's own sentence. */
  certificate_text: text(2000)
    .refine((words) => [...words.matchAll(/\{(\w+)\}/g)].every(([, name]) => PLACES.includes(name!)), UNKNOWN_PLACE)
    .nullable(),
});
export type Settings = z.output<typeof Settings>;

/** The settings column: what was set, and the organization's own words for the terms of its domain. */
export type OrganizationSettings = { [K in keyof Settings]?: Settings[K] | undefined } & {
  terms?: Record<string, Term>;
};

export const DEFAULT_SETTINGS: Settings = {
  frontline_groups: 'all',
  frontline_creates_sessions: true,
  frontline_correction_hours: 24,
  offline_hours: 72,
  grace_minutes: 5,
  lock_hours: null,
  second_factor_roles: [],
  reporting_periods: [],
  letterhead_lines: [],
  certificate_text: null,
};

/** @returns every setting of an organization, defaults filled in */
export function settingsOf(organization: { settings: OrganizationSettings }): Settings {
  const { terms: _terms, ...own } = organization.settings;
  return { ...DEFAULT_SETTINGS, ...own };
}
