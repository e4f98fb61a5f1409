import {
  applyDecorators,
  createParamDecorator,
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { type Request, type Response } from 'express';
import { map, type Observable } from 'rxjs';
import { canonicalJson, sha256 } from '../text.js';
import { Problem } from './problem.js';

/**
 * The version of a record as programs see it: a strong ETag over its JSON.
 * @param record what stands under `data`
 * @returns with its quotes, as it stands in the header
 */
export const etagOf = (record: unknown): string => `"${sha256(canonicalJson(record)).slice(0, 32)}"`;

@Injectable()
class EtagInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const response = context.switchToHttp().getResponse<Response>();
    return next.handle().pipe(
      map((body: { data?: unknown }) => {
        if (body?.data !== undefined) response.setHeader('ETag', etagOf(body.data));
        return body;
      }),
    );
  }
}

/** The answer carries the ETag of its record: on the GET of one record, and on what changes it. */
export const Tagged = () => applyDecorators(UseInterceptors(EtagInterceptor));

/**
 * What the asker believes to change: `@IfMatch() expected: string | null`. Null: he does not say. An empty one, of a
 * program that has lost the ETag, fits nothing.
 */
export const IfMatch = createParamDecorator((_: unknown, context: ExecutionContext): string | null => {
  const given = context.switchToHttp().getRequest<Request>().headers['if-match'];
  return given === undefined || given.trim() === '*' ? null : given.trim() || '""';
});

/**
 * Refuses a change of a record that has become another one since it was read. Asked inside the transaction, after the
 * row was locked.
 * @param expected the If-Match header, one or several ETags; null when it was not sent
 * @param record the record as it stands now, as programs see it
 * @throws Problem 412 with `current`
 */
export function refuseChanged(expected: string | null | undefined, record: unknown): void {
  if (expected === null || expected === undefined) return;
  const now = etagOf(record);
  if (expected.split(',').some((each) => each.trim() === now)) return;
  throw new Problem(
    412,
    { code: 'changed_meanwhile', message: 'Somebody changed this meanwhile. Nothing was saved; look at it again.' },
    { headers: { ETag: now }, data: { current: record } },
  );
}
