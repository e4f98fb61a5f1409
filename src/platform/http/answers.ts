import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';

/** An instant as it goes out: UTC, with milliseconds. */
export const instantOut = z.iso.datetime().meta({ description: 'UTC', examples: ['2026-11-20T21:36:00.123Z'] });
/** A calendar date: 2026-11-20. */
export const dateOut = z.iso.date();
/** A number that names a row. */
export const idOut = z.int().positive();
/** Free JSON that belongs to the organization. */
export const extraDataOut = z.record(z.string(), z.unknown());

/** What every refusal looks like. */
export const Refusals = z
  .object({
    errors: z.array(
      z.object({
        code: z.string().meta({ examples: ['not_found', 'invalid', 'stale'] }),
        message: z.string(),
        field: z.string().optional(),
        row: z.int().optional(),
      }),
    ),
  })
  .meta({ id: 'Refusals' });

const Meta = z
  .object({
    page: z.int(),
    per_page: z.int(),
    total: z.int(),
    total_exact: z.boolean().optional(),
    next: z.string().nullable().meta({ description: 'The cursor of the next page, or null.' }),
  })
  .meta({ id: 'PageMeta' });

/**
 * Says what a route answers: `{data: record}`. The description is made of it, and a test compares it with real answers.
 * @param status when it is not 200
 */
export const Answers = (record: z.ZodType, status = 200): MethodDecorator =>
  applyDecorators(ApiResponse({ status, standardSchema: z.object({ data: record }) as never }));

/** Says that a route answers one page of records, with its meta. */
export const AnswersPage = (record: z.ZodType): MethodDecorator =>
  applyDecorators(
    ApiResponse({ status: 200, standardSchema: z.object({ data: z.array(record), meta: Meta }) as never }),
  );

/** Says that a route answers a record and, beside it in `meta`, what else became of it. */
export const AnswersBoth = (record: z.ZodType, status = 200): MethodDecorator =>
  AnswersBody(z.object({ data: record, meta: z.record(z.string(), z.unknown()).optional() }), status);

/** Says that a route answers a body of another shape, without the envelope. */
export const AnswersBody = (body: z.ZodType, status = 200): MethodDecorator =>
  applyDecorators(ApiResponse({ status, standardSchema: body as never }));
