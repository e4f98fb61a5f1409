import { type EntityManager } from '@mikro-orm/core';
import { currentOrganization } from '../../platform/current.js';
import {
  besideTyped,
  type ChangedField,
  type Meanwhile,
  type Seen,
  versionOf,
  versionText,
} from '../../platform/ledger/edited-meanwhile.js';
import { entryOf } from '../../platform/text.js';
import { Organization } from '../../tenancy/index.js';

/** What of an organization forms of the settings show. */
export type Shown = Pick<Organization, 'name' | 'timeZone' | 'locale' | 'domainType' | 'settings'>;
/** The fields of a form; a tick is true or false. */
export type Fields = Record<string, string | number | boolean>;

/** The organization as it stands now, and its version for the form that is drawn from it. */
export async function organizationToShow(em: EntityManager): Promise<{ organization: Organization; version: number }> {
  const id = currentOrganization();
  // In this order: what is changed in between is newer than the form, never older.
  const version = await versionOf(em, 'organizations', id);
  return { organization: await em.findOneOrFail(Organization, { id }, { refresh: true }), version };
}

/** The version that a form of the settings was drawn from. */
export const seenIn = (typed: Record<string, unknown>): Seen => ({ version: versionText.parse(typed.version) });

/**
 * What a form shows that was refused because somebody else changed the same meanwhile.
 * @param data of the refusal: what changed, by columns and settings
 * @param fieldsOf the fields of this form for an organization
 * @returns what was typed, and where nothing was typed what stands there now; and every field that changed
 */
export function besideTypedSettings(
  typed: Record<string, unknown>,
  data: Record<string, unknown> | undefined,
  organization: Shown,
  fieldsOf: (organization: Shown) => Fields,
): { values: Record<string, unknown>; meanwhile: Meanwhile[] } {
  const changed = (data?.changed ?? []) as ChangedField[];
  if (changed.length === 0) return { values: typed, meanwhile: [] };
  const { name, timeZone, locale, domainType, settings } = organization;
  const stands: Shown = { name, timeZone, locale, domainType, settings };
  const now = fieldsOf(stands);
  const before = fieldsOf(changed.reduce(undone, stands));
  const newest = changed.reduce((a, b) => (b.at > a.at ? b : a));
  const inForm = Object.keys({ ...before, ...now })
    .filter((field) => before[field] !== now[field])
    .map((field): ChangedField => {
      const { by, at } = changed.find((each) => each.field === field) ?? newest;
      return { field, was: asTyped(before[field]), by, at };
    });
  const current = Object.fromEntries(Object.entries(now).map(([field, value]) => [field, asTyped(value)]));
  // A browser ends the lines of a text in its own way.
  const sent = Object.entries(typed).map(([field, value]) => [field, inLines(value)]);
  const { values, meanwhile } = besideTyped(Object.fromEntries(sent), inForm, current);
  const isTick = (field: string) => typeof now[field] === 'boolean';
  return {
    values,
    meanwhile: meanwhile.map((each) => (isTick(each.field) ? { ...each, now: each.now ? 'yes' : 'no' } : each)),
  };
}

const COLUMNS: Record<string, keyof Shown> = {
  name: 'name',
  time_zone: 'timeZone',
  locale: 'locale',
  domain_type: 'domainType',
};

/** The organization as if one of its fields had not been changed; a setting that was not set has its default. */
function undone(organization: Shown, { field, was }: ChangedField): Shown {
  const column = entryOf(COLUMNS, field);
  if (column) return { ...organization, [column]: was };
  const settings = Object.entries({ ...organization.settings, [field]: was });
  return { ...organization, settings: Object.fromEntries(settings.filter(([, value]) => value != null)) };
}

const inLines = (value: unknown) => (typeof value === 'string' ? value.replaceAll('\r\n', '\n') : value);

/** As a browser sends it. */
const asTyped = (value: Fields[string] | undefined): unknown =>
  typeof value === 'boolean' ? (value ? 'on' : '') : value;
