import { LockMode, type EntityManager } from '@mikro-orm/core';
import { z } from 'zod';
import { id as idText, flag, text } from '../platform/http/parse.js';
import { invalid, Problem } from '../platform/http/problem.js';
import { fold } from '../platform/text.js';
import { STATE_CATEGORIES } from '../tenancy/index.js';
import { PresenceState } from './presence-state.entity.js';

/** More active states than this do not fit beside each other under a thumb. */
export const MOST_STATES = 8;

const code = z
  .string()
  .trim()
  .regex(/^[a-z][a-z0-9_]{0,49}$/, 'Use up to 50 small letters, digits and underscores, a letter first.');
const color = z
  .string()
  .trim()
  .regex(/^#[0-9a-fA-F]{6}$/, 'A colour is written like #1b7f4d.')
  .transform((value) => value.toLowerCase());
const category = z.enum(STATE_CATEGORIES, { error: `Choose ${STATE_CATEGORIES.join(', ')}.` });
const shortcut = z.preprocess(
  (value) => (typeof value === 'string' && value.trim() === '' ? null : value),
  z
    .string()
    .trim()
    .transform((value) => fold(value))
    .refine((value) => /^[\p{L}\p{N}]$/u.test(value), { error: 'A shortcut is one letter or digit.' })
    .nullable(),
);
const sort_order = z
  .union([
    z.int(),
    z
      .string()
      .regex(/^\d{1,4}$/)
      .transform(Number),
  ])
  .pipe(z.int().min(1).max(1000));

const common = { label: text(100), color, category };

/** What a presence state is made of. Without a place in the order it comes last. */
export const NewState = z
  .strictObject({
    code,
    ...common,
    shortcut: shortcut.optional(),
    sort_order: sort_order.optional(),
    is_default: flag.optional(),
  })
  .meta({ id: 'NewPresenceState' });
export type NewState = z.output<typeof NewState>;

/** Absent is unchanged. The code stays for ever: programs and devices know the state by it. */
export const StateChange = z
  .strictObject({
    label: text(100).optional(),
    color: color.optional(),
    category: category.optional(),
    shortcut: shortcut.optional(),
    sort_order: sort_order.optional(),
    is_default: flag.optional(),
    is_active: flag.optional(),
  })
  .meta({ id: 'PresenceStateChange' });
export type StateChange = z.output<typeof StateChange>;

/** Every state, in the order in which it shall stand. */
export const StateOrder = z.strictObject({ ids: z.array(idText).min(1).max(200) }).meta({ id: 'PresenceStateOrder' });

/**
 * The rules that hold over all states of a domain: exactly one default, which is in use; one in use that counts as present
 * and one as absent; no key twice; no more than fit on a screen.
 * @param states all of them as they would stand after the act
 * @param touched the state that is being changed: its fields are named
 * @throws Problem 422
 */
export function refuseUnusableStates(states: PresenceState[], touched: PresenceState): void {
  const active = states.filter((state) => state.isActive);
  if (touched.isDefault && !touched.isActive)
    throw invalid('is_active', 'The default state stays in use. Make another one the default first.');
  if (states.filter((state) => state.isDefault).length !== 1)
    throw invalid('is_default', 'One state is the default. Make another one the default instead.');
  for (const needed of ['present', 'absent'] as const)
    if (!active.some((state) => state.category === needed))
      throw invalid(
        touched.isActive ? 'category' : 'is_active',
        'At least one state in use counts as present, and one as absent.',
      );
  if (active.length > MOST_STATES)
    throw invalid('is_active', 'At most {max} states can be in use at once. Retire one first.', 'invalid', {
      max: MOST_STATES,
    });
  const twin = active.find((state) => state !== touched && state.shortcut && state.shortcut === touched.shortcut);
  if (touched.isActive && twin)
    throw invalid('shortcut', '{state} has this key already.', 'taken', { state: twin.label });
}

/** Two acts on the states of one organization follow one another: the rules look at all of them. */
export function lockStates(tx: EntityManager, domain: PresenceState['domain']): Promise<PresenceState[]> {
  return tx.find(
    PresenceState,
    { domain },
    { orderBy: { sortOrder: 'asc', id: 'asc' }, lockMode: LockMode.PESSIMISTIC_WRITE },
  );
}

/** @throws Problem 409 when marks or operations name the state */
export const stateInUse = () =>
  new Problem(409, {
    code: 'in_use',
    message: 'People were marked with this state, so it stays in their history. Retire it instead.',
  });
