import { z } from 'zod';
import { parse, text } from '../../platform/http/parse.js';
import { type Settings, type Term, type TermName } from '../../tenancy/index.js';
import { type DomainConfigChange } from './organization-input.js';
import { type Fields } from './seen-settings.js';

/** The words as fields of a form: participant_one, participant_many, ... */
export const wordsForm = (terms: Record<TermName, Term>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(terms).flatMap(([name, { one, many }]) => [
      [`${name}_one`, one],
      [`${name}_many`, many],
    ]),
  );

const NAMES = ['participant', 'group', 'session', 'organization'] as const;
const wordFields = z.object(
  Object.fromEntries(NAMES.flatMap((name) => [`${name}_one`, `${name}_many`].map((field) => [field, text(50)]))),
);

/**
 * @param pack the words of the domain: whoever types these has no words of his own
 * @throws Problem 422
 */
export function wordsOf(body: unknown, pack: Record<TermName, Term>): NonNullable<DomainConfigChange['terms']> {
  const fields = parse(wordFields, body ?? {}) as Record<string, string>;
  return Object.fromEntries(
    NAMES.map((name) => {
      const own = { one: fields[`${name}_one`]!, many: fields[`${name}_many`]! };
      return [name, own.one === pack[name].one && own.many === pack[name].many ? null : own];
    }),
  );
}

const ROLES = ['administrator', 'manager', 'frontline', 'external'] as const;

/** The rules as fields of a form. */
export const rulesForm = (settings: Settings): Fields => ({
  grace_minutes: settings.grace_minutes,
  lock_hours: settings.lock_hours ?? '',
  frontline_correction_hours: settings.frontline_correction_hours,
  frontline_groups: settings.frontline_groups,
  frontline_creates_sessions: settings.frontline_creates_sessions,
  offline_hours: settings.offline_hours,
  ...Object.fromEntries(ROLES.map((role) => [`second_factor_${role}`, settings.second_factor_roles.includes(role)])),
});

const whole = (min: number, max: number) =>
  z
    .string()
    .trim()
    .refine((value) => /^\d{1,6}$/.test(value) && Number(value) >= min && Number(value) <= max, {
      error: 'Give a whole number from {min} to {max}.',
      params: { min, max },
    })
    .transform(Number);
const ticked = z.string().optional();

const ruleFields = z.object({
  grace_minutes: whole(0, 240),
  lock_hours: z.preprocess((value) => (value === '' ? null : value), whole(0, 24 * 365).nullable()),
  frontline_correction_hours: whole(0, 24 * 365),
  frontline_groups: z.enum(['all', 'assigned'], { error: 'Choose all or assigned.' }),
  frontline_creates_sessions: ticked,
  offline_hours: whole(0, 24 * 31),
  second_factor_administrator: ticked,
  second_factor_manager: ticked,
  second_factor_frontline: ticked,
  second_factor_external: ticked,
});

/** @throws Problem 422 */
export function rulesOf(body: unknown): NonNullable<DomainConfigChange['settings']> {
  const fields = parse(ruleFields, body ?? {});
  const roles = ROLES.filter((role) => fields[`second_factor_${role}`]);
  return {
    grace_minutes: fields.grace_minutes,
    lock_hours: fields.lock_hours,
    frontline_correction_hours: fields.frontline_correction_hours,
    frontline_groups: fields.frontline_groups,
    frontline_creates_sessions: fields.frontline_creates_sessions !== undefined,
    offline_hours: fields.offline_hours,
    second_factor_roles: roles,
  };
}
