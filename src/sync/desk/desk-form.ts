import { z } from 'zod';
import { id, parse, uuid } from '../../platform/http/parse.js';
import { invalid } from '../../platform/http/problem.js';
import { MOST_AT_ONCE, reason } from './desk-input.js';

/** One or several values of a form's field; a field that is sent once is no list. */
const several = <T extends z.ZodType>(each: T) =>
  z.preprocess(
    (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]),
    z.array(each).max(MOST_AT_ONCE),
  );

/** What the person wrote counts; else the reason that he chose from the ready ones. */
const reasonFields = { reason: z.string().max(5000).default(''), quick: z.string().max(2000).default('') };

function toldReason(form: { reason: string; quick: string }): string {
  const said = form.reason.trim() || form.quick.trim();
  if (said === '') throw invalid('reason', 'Say why: choose a reason, or write one.', 'required');
  return parse(z.object({ reason }), { reason: said }).reason;
}

const pick = <T extends string>(values: readonly T[]) => z.enum(values, { error: 'Choose what shall count.' });

const OneForm = z.object({
  ...reasonFields,
  /** `device:` is followed by the op_id of the candidate that is taken. */
  choice: z.union([pick(['server', 'other', 'void']), z.string().regex(/^device:[0-9a-f-]{36}$/i)], {
    error: 'Choose what shall count.',
  }),
  presence_state: z.string().max(50).default(''),
  revision: z
    .string()
    .regex(/^\d{1,9}$/, 'The page is not complete. Please reload it.')
    .transform(Number),
});

/** The decision on one conflict, as its page sends it. @throws Problem 422 */
export function decisionOf(body: unknown) {
  const form = parse(OneForm, body ?? {});
  const [choice, op] = form.choice.split(':') as ['server' | 'device' | 'other' | 'void', string?];
  const presence_state =
    choice === 'other' ? parse(z.object({ presence_state: stateText }), form).presence_state : undefined;
  return {
    choice,
    ...(op ? { op_id: parse(uuid, op) } : {}),
    ...(presence_state ? { presence_state } : {}),
    reason: toldReason(form),
    revision: form.revision,
  };
}

const stateText = z.string().min(1, 'Choose the value that shall stand instead.').max(50);

const ManyForm = z.object({
  ...reasonFields,
  ids: several(id),
  choice: pick(['server', 'device', 'other', 'void']),
  presence_state: z.string().max(50).default(''),
  /** `id:revision`, of what the preview showed. */
  revisions: several(z.string().regex(/^\d{1,15}:\d{1,9}$/, 'The page is not complete. Please reload it.')),
});

/** One decision on several conflicts. @throws Problem 422 */
export function decisionsOf(body: unknown) {
  const form = parse(ManyForm, body ?? {});
  parse(z.object({ ids: z.array(z.number()).min(1, 'Select at least one conflict.') }), form);
  const presence_state =
    form.choice === 'other' ? parse(z.object({ presence_state: stateText }), form).presence_state : undefined;
  return {
    ids: form.ids,
    choice: form.choice,
    ...(presence_state ? { presence_state } : {}),
    reason: toldReason(form),
    revisions: Object.fromEntries(form.revisions.map((pair) => pair.split(':').map(Number) as [number, number])),
  };
}

const ParkedForm = z.object({
  ...reasonFields,
  ops: several(uuid),
  act: z.enum(['adopt', 'discard'], { error: 'Choose whether these marks shall count.' }),
});

/** What shall become of parked operations. @throws Problem 422 */
export function parkedDecisionOf(body: unknown) {
  const form = parse(ParkedForm, body ?? {});
  parse(z.object({ ops: z.array(z.string()).min(1, 'Select at least one mark.') }), form);
  return { ops: form.ops, act: form.act, reason: toldReason(form) };
}

/** What was typed, for a page that is shown again after a refusal. */
export const typed = (body: unknown): Record<string, unknown> =>
  typeof body === 'object' && body !== null ? { ...(body as Record<string, unknown>) } : {};

/** Ids that were ticked, whatever else is wrong with the form. */
export function tickedIn(body: unknown, field: string): Set<string> {
  const value = typed(body)[field];
  return new Set([value].flat().filter((each): each is string => typeof each === 'string'));
}
