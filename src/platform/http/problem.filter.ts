import { Catch, HttpException, Injectable, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { type Response } from 'express';
import { filled, termParams } from '../i18n.js';
import { notFound, Problem } from './problem.js';
import { Reply } from './reply.js';
import { isApi, isFragment, type AppRequest } from './request.js';

/** Every refusal and every failure leaves through here: JSON for programs, a page or a fragment for people. */
@Catch()
@Injectable()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');

  constructor(private readonly reply: Reply) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<AppRequest>();
    const response = host.switchToHttp().getResponse<Response>();
    this.answer(error, request, response);
  }

  /** Also used by middleware, where Nest's filters do not reach. */
  answer(error: unknown, request: AppRequest, response: Response): void {
    const problem = problemOf(error);
    if (problem.status >= 500)
      this.logger.error(`${request.method} ${request.path} [${request.requestId}]`, (error as Error)?.stack);
    if (response.headersSent) {
      response.end();
      return;
    }
    for (const [name, value] of Object.entries(problem.more.headers ?? {})) response.setHeader(name, value);
    response.status(problem.status);
    if (isApi(request)) {
      const terms = termParams(this.reply.pageContext(request).terms);
      response.json({
        ...problem.more.data,
        errors: problem.refusals.map(({ params, ...refusal }) => ({
          ...refusal,
          message: filled(refusal.message, { ...terms, ...params }),
        })),
      });
      return;
    }
    const target = problem.more.leadsTo ?? (problem.status === 401 ? signInPage(request) : null);
    if (target) {
      if (isFragment(request)) response.setHeader('HX-Redirect', target).status(200).end();
      else response.redirect(303, target);
      return;
    }
    const view = isFragment(request) ? 'shared/_problem.njk' : 'errors/problem.njk';
    const data = { status: problem.status, refusals: problem.refusals, request_id: request.requestId };
    response.type('html').send(this.reply.render(view, data, request));
  }
}

/** Afterwards he is where he wanted to be: on the page that he asked for, or on the one whose form he sent. */
function signInPage(request: AppRequest): string {
  const next = request.method === 'GET' ? request.originalUrl : formPage(request);
  return '/login' + (next ? `?next=${encodeURIComponent(next)}` : '');
}

/** @returns the page of ours from which this was sent; '' when the browser does not tell */
function formPage({ headers }: AppRequest): string {
  const from = URL.canParse(headers.referer ?? '') ? new URL(headers.referer!) : null;
  if (!from || from.host !== headers.host) return '';
  // What was typed into the form is put back there (static/js/unsent-form.ts).
  from.searchParams.set('unsent', 'yes');
  return from.pathname + from.search;
}

/** What the error means for the person. Whatever nobody foresaw is 500 and is told with its request id only. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const status = error instanceof HttpException ? error.getStatus() : Number((error as any)?.status ?? 500);
  const type = String((error as any)?.type ?? (error as any)?.cause?.type ?? '');
  if (status === 404) return notFound();
  if (status === 413 || type === 'parameters.too.many' || type === 'entity.too.large')
    return new Problem(413, {
      code: 'too_large',
      message: 'This is more than can be taken at once. Nothing was changed; please send it in smaller parts.',
    });
  if (status === 415)
    return new Problem(415, {
      code: 'unsupported_media_type',
      message: 'This kind of content is not understood here.',
    });
  if (status >= 400 && status < 500)
    return new Problem(status, { code: 'malformed', message: 'The request could not be read. Nothing was changed.' });
  return new Problem(500, {
    code: 'internal',
    message: 'Something went wrong on our side. Nothing was changed; please try again.',
  });
}
