import { Injectable, SetMetadata, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { type INestApplication } from '@nestjs/common';
import express, { type RequestHandler } from 'express';
import { type Observable } from 'rxjs';
import { invalid, Problem } from './problem.js';
import { type AppRequest } from './request.js';

/**
 * A register of 5,000 people in one form, and room to spare. Flat fields only: the extended syntax turns `s[7]`, `s[9]`
 * into a list and forgets the numbers, which here are people.
 */
const FORM = { extended: false, parameterLimit: 20_000, limit: '2mb' };
const JSON_LIMIT = '5mb';

/**
 * Reads JSON and form bodies. A body that cannot be read is not refused here: who asks and what for is judged first
 * (401, 403, 404), then the body (415, 413, 400), so nobody learns from a broken body what exists.
 */
export function useBodies(app: INestApplication): void {
  for (const parser of [
    express.json({ limit: JSON_LIMIT, strict: true, verify: refuseDeepJson }),
    express.urlencoded(FORM),
  ])
    app.use(deferred(parser));
}

/** Brackets within brackets, to this depth, are parsed; megabytes of them would hold up everybody for seconds. */
const DEEPEST_PARSED = 1000;
const [QUOTE, BACKSLASH, OPEN_LIST, OPEN_OBJECT, CLOSE_LIST, CLOSE_OBJECT] = Buffer.from('"\\[{]}');

/** @throws Problem 400 malformed, before anything is parsed */
function refuseDeepJson(_request: unknown, _response: unknown, body: Buffer): void {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (inText) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      if (++depth > DEEPEST_PARSED)
        throw new Problem(400, { code: 'malformed', message: 'This body nests too deeply to be read.' });
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--;
  }
}

function deferred(parser: RequestHandler): RequestHandler {
  return (request, response, next) =>
    parser(request, response, (error?: unknown) => {
      if (error) (request as AppRequest).bodyProblem ??= error;
      next();
    });
}

const KNOWN = new Set(['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data']);

/** JSON is read to this depth; what nests deeper is no roster. */
const DEEPEST = 32;

const TAKES_TYPES = Symbol('takes-types');

/** A door that takes a file as the body itself, of one of these media types; an interceptor of its own reads it. */
export const TakesBodies = (...types: string[]) => SetMetadata(TAKES_TYPES, types);

const CHECKS_TEXT_ITSELF = Symbol('checks-text-itself');

/** A door whose body holds many acts: one with broken text must not keep the others out. It asks `brokenText` of each. */
export const ChecksTextItself = () => SetMetadata(CHECKS_TEXT_ITSELF, true);

/** @returns whether a value holds text or numbers that cannot be kept, or nests too deeply */
export function brokenText(value: unknown): boolean {
  try {
    refuseBrokenText(value, '');
    return false;
  } catch {
    return true;
  }
}

/**
 * Text that no database keeps as it is: NUL, half characters, and what could not be decoded. Refused for every field of
 * every door at once, so that no statement ever meets it.
 * @throws Problem 422 naming the field
 */
function refuseBrokenText(value: unknown, field: string, depth = 0): void {
  if (typeof value === 'string') {
    if (/[\u0000\ufffd]/.test(value) || !value.isWellFormed())
      throw invalid(field, 'This text holds characters that cannot be kept.');
    return;
  }
  // JSON can write numbers that nothing can hold: they arrive as infinity, and no canonical text has a word for that.
  if (typeof value === 'number' && !Number.isFinite(value)) throw invalid(field, 'This number is too large.');
  if (typeof value !== 'object' || value === null) return;
  if (depth > DEEPEST) throw invalid(field, 'This value is nested too deeply.');
  for (const [name, each] of Object.entries(value)) {
    refuseBrokenText(name, field, depth);
    refuseBrokenText(each, depth === 0 && !Array.isArray(value) ? name : field, depth + 1);
  }
}

/** Refuses what could not be read, after the guards have spoken. */
@Injectable()
export class BodyInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<AppRequest>();
    const type = request.headers['content-type'];
    const hasBody = Number(request.headers['content-length'] ?? 0) > 0 || 'transfer-encoding' in request.headers;
    const mediaType = type?.split(';')[0]!.trim().toLowerCase() ?? '';
    const takesFiles = (Reflect.getMetadata('__interceptors__', context.getHandler()) as unknown[] | undefined)?.length;
    const ownTypes = (Reflect.getMetadata(TAKES_TYPES, context.getHandler()) as string[] | undefined) ?? [];
    const isKnown = KNOWN.has(mediaType) || ownTypes.includes(mediaType);
    if (hasBody && (!isKnown || (mediaType === 'multipart/form-data' && !takesFiles)))
      throw new Problem(415, { code: 'unsupported_media_type', message: 'Send JSON or a form.' });
    if (request.bodyProblem) throw request.bodyProblem as Error;
    if (!Reflect.getMetadata(CHECKS_TEXT_ITSELF, context.getHandler())) refuseBrokenText(request.body, 'body');
    refuseBrokenText(request.query, 'query');
    return next.handle();
  }
}
