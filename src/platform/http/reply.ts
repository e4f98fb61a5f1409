import { Injectable } from '@nestjs/common';
import { type TextParams } from '../i18n.js';
import { Views, type Notice, type PageContext } from '../views.js';
import { type Refusal } from './problem.js';
import { type AppRequest } from './request.js';

/** What views show again as it was typed: whatever a body held. */
const TYPED = ['values', 'typed'];

/** A forged body may hold objects that cannot be written as text: they are left out. */
function writable(typed: unknown): unknown {
  const isText = (value: unknown): boolean =>
    typeof value !== 'object' || value === null || typeof (value as object).toString === 'function';
  if (typeof typed !== 'object' || typed === null || Array.isArray(typed)) return typed;
  const kept = Object.entries(typed).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.filter(isText) : isText(value) ? value : '',
  ]);
  return Object.fromEntries(kept);
}

/** Renders a view for the person who asked. What a view knows about that person is decided in `pageContext`. */
@Injectable()
export class Reply {
  constructor(private readonly views: Views) {}

  /** Set by the auth module, which knows users; until then everybody is nobody. */
  pageContext: (request: AppRequest) => PageContext = () => {
    throw new Error('no page context: the auth module sets it');
  };

  /**
   * @param data what the view shows. `refusals` also become `errors` by field, in the person's language; `notice` is
   *   told once, and its text is translated with its `params`
   * @returns the HTML of a page or a fragment
   */
  render(view: string, data: Record<string, unknown>, request: AppRequest): string {
    const page = this.pageContext(request);
    const notice = data.notice as (Notice & { params?: Record<string, string | number> }) | null | undefined;
    if (notice) page.notice = { ...notice, text: this.views.text(page, notice.text, notice.params) };
    const refusals = data.refusals as Refusal[] | null | undefined;
    const errors = data.errors ?? (refusals && this.errorsOf(page, refusals));
    const typed = Object.fromEntries(TYPED.flatMap((name) => (data[name] ? [[name, writable(data[name])]] : [])));
    return this.views.render(view, { ...data, ...typed, errors }, page);
  }

  /** @returns what is wrong by field, in the person's language; what is about no field is `form` */
  errors(refusals: Refusal[], request: AppRequest): Record<string, string> {
    return this.errorsOf(this.pageContext(request), refusals);
  }

  /** @returns what puts texts into this person's language, for what is written outside a page */
  words(request: AppRequest): (text: string, params?: TextParams) => string {
    const page = this.pageContext(request);
    return (text, params) => this.views.text(page, text, params);
  }

  /** @returns what puts texts into this person's language, the words of his organization filled in */
  say(request: AppRequest): (words: { text: string; params?: TextParams; literal?: boolean }) => string {
    const page = this.pageContext(request);
    return ({ text, params, literal }) => (literal ? text : this.views.text(page, text, params));
  }

  /** @returns the language in which this person reads, BCP 47 */
  localeOf(request: AppRequest): string {
    return this.pageContext(request).locale;
  }

  /** The first refusal of each field; what is about no field is `form`. */
  private errorsOf(page: PageContext, refusals: Refusal[]): Record<string, string> {
    const errors: Record<string, string> = {};
    for (const { field = 'form', message, params } of refusals)
      errors[field] ??= this.views.text(page, message, params);
    return errors;
  }
}
