import { type PipeTransform } from '@nestjs/common';
import { StandardSchemaValidationPipe } from '@nestjs/common';
import { z } from 'zod';
import { Problem, type Refusal } from './problem.js';

type Issue = z.core.$ZodIssue;

/** Turns what zod found into refusals with the codes of the contract. */
export function refusalsOf(issues: readonly { message: string; path?: readonly unknown[] }[]): Refusal[] {
  return issues.flatMap((each): Refusal[] => {
    const issue = each as unknown as Issue;
    const path = (issue.path ?? []).map((part) => (typeof part === 'object' && part ? (part as any).key : part));
    const row = path.find((part) => typeof part === 'number') as number | undefined;
    const names = path.filter((part) => typeof part !== 'number').map(String);
    const field = row === undefined ? names[0] : (names[1] ?? names[0]);
    const at = { ...(field === undefined ? {} : { field }), ...(row === undefined ? {} : { row }) };
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({
        ...at,
        code: 'unknown_field',
        field: key,
        message: 'This field is not known here.',
      }));
    return [{ code: codeOf(issue), message: messageOf(issue), ...paramsOf(issue), ...at }];
  });
}

function codeOf(issue: Issue): string {
  if (issue.code === 'too_big' && issue.origin === 'string') return 'too_long';
  if (issue.code === 'custom' && typeof issue.params?.code === 'string') return issue.params.code;
  if (isMissing(issue) || (issue.code === 'too_small' && issue.origin === 'string')) return 'required';
  return 'invalid';
}

const NEEDED = 'This field is needed.';

/** The sentence of a schema for a value that does not fit; a value that is absent is asked for instead. */
export const told = (sentence: string) => (issue: { input?: unknown }) =>
  issue.input === undefined ? NEEDED : sentence;

function isMissing(issue: Issue): boolean {
  return issue.message === NEEDED || (issue.code === 'invalid_type' && /received undefined/.test(issue.message));
}

/** zod's own sentences are for developers; ours are for the person. A schema may bring its own sentence. */
function messageOf(issue: Issue): string {
  const own = /^(Invalid|Too |Unrecognized|String must|Expected)/.test(issue.message) ? null : issue.message;
  if (own) return own;
  if (isMissing(issue) || (issue.code === 'too_small' && issue.origin === 'string')) return NEEDED;
  if (issue.code === 'too_big' && issue.origin === 'string') return 'At most {max} characters fit here.';
  return 'This value does not fit here.';
}

/** What a sentence names. A rule of ours brings it beside its code. */
function paramsOf(issue: Issue): { params?: Record<string, number | string> } {
  if (issue.code === 'custom') {
    const { code: _code, ...params } = issue.params ?? {};
    return Object.keys(params).length > 0 ? { params } : {};
  }
  return issue.code === 'too_big' && issue.origin === 'string' ? { params: { max: Number(issue.maximum) } } : {};
}

/** The one pipe that parses what comes in: `@Body({ schema })`, `@Query({ schema })`. Refuses with 422. */
export function parsePipe(): PipeTransform {
  return new StandardSchemaValidationPipe({
    exceptionFactory: (issues) => new Problem(422, refusalsOf(issues as never)),
  });
}

/** Parses a value by a schema outside of a door (CLI, forms that answer with their page). @throws Problem 422 */
export function parse<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (!result.success) throw new Problem(422, refusalsOf(result.error.issues));
  return result.data;
}

// Building blocks of the schemas. Names say what goes in; what comes out is typed.

/** A positive id, as a number (JSON) or digits (forms and queries). */
export const id = z
  .union([z.int().positive(), z.string().regex(/^[1-9]\d{0,14}$/)], { error: told('This is not an id.') })
  .transform(Number)
  .pipe(z.int().positive());

const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/;

/** Text of at most `max` characters, trimmed, without control characters. Empty is refused. */
export const text = (max: number) =>
  z
    .string()
    .trim()
    // Nothing at all is told once, not by every rule below.
    .min(1, { abort: true })
    .refine((value) => !CONTROL.test(value) && value.isWellFormed(), {
      error: 'This text holds characters that cannot be shown.',
    })
    .refine((value) => /[\p{L}\p{N}\p{P}\p{S}]/u.test(value), {
      error: 'Nothing in this text can be seen.',
      params: { code: 'required' },
    })
    .refine((value) => value.length <= max || [...value].length <= max, {
      error: 'This text is too long.',
      params: { code: 'too_long' },
    });

/** As `text`, but empty or null means "none". */
export const optionalText = (max: number) =>
  z.preprocess((value) => (typeof value === 'string' && value.trim() === '' ? null : value), text(max).nullable());

/**
 * An instant: RFC 3339 with an offset. Without one it is refused: whose clock would it be? The year is looked at in UTC,
 * because the offset may lead beyond what a database can hold. A device with a wrong clock is still listened to.
 */
export const instantText = z.iso
  .datetime({
    offset: true,
    error: told('A time needs a date, a time of day and an offset, for example 2026-11-20T09:00:00Z.'),
  })
  .transform((value) => new Date(value))
  .refine((at) => at.getUTCFullYear() >= 1900 && at.getUTCFullYear() < 9999, { error: 'This year is out of reach.' });

export const dateText = z.iso.date({ error: told('A date is written like 2026-11-20.') });

/** Any version of UUID, lower-cased. */
export const uuid = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i, { error: told('This is not a UUID.') })
  .transform((value) => value.toLowerCase());

/** Free JSON that belongs to the organization, at most 8,000 bytes as text. */
export const extraData = z
  .record(z.string(), z.unknown())
  .refine((value) => Buffer.byteLength(JSON.stringify(value)) <= 8000, {
    error: 'extra_data holds at most 8,000 bytes.',
    params: { code: 'too_long' },
  });

export const flag = z.union([z.boolean(), z.stringbool()], { error: told('This is yes or no: true or false.') });
