/** One reason why something was refused. `row` counts from 0 in JSON; in a CSV the header is record 1. */
export interface Refusal {
  code: string;
  /** A sentence for the person: what happened and what to do. English; it is a translation key. */
  message: string;
  params?: Record<string, string | number>;
  field?: string;
  row?: number;
}

/**
 * A refusal that is an answer, not a failure: it has a status, a code that programs rely on, and a sentence.
 * `data` is added to the JSON body beside `errors` (the current record of a stale mark).
 */
export class Problem extends Error {
  readonly refusals: Refusal[];

  constructor(
    readonly status: number,
    refusals: Refusal | Refusal[],
    /** `leadsTo`: the page of ours where a person (not a program) mends it; he is sent there instead of being told. */
    readonly more: { data?: Record<string, unknown>; headers?: Record<string, string>; leadsTo?: string } = {},
  ) {
    const list = Array.isArray(refusals) ? refusals : [refusals];
    super(list[0]?.message ?? 'refused');
    this.refusals = list;
  }
}

/** Unknown, foreign and impossible ids get this one answer. */
export const notFound = () => new Problem(404, { code: 'not_found', message: 'There is nothing here.' });
export const loginRequired = () => new Problem(401, { code: 'login_required', message: 'Please sign in first.' });
export const permissionDenied = () =>
  new Problem(403, { code: 'permission_denied', message: 'You do not have the right to do this.' });
export const crossSite = () =>
  new Problem(403, { code: 'cross_site', message: 'This request came from another site, so nothing was done.' });

/** @param seconds how long to wait */
export const tooManyRequests = (seconds: number) =>
  new Problem(
    429,
    {
      code: 'too_many_requests',
      message: 'Too many tries from here. Please wait {seconds} seconds and try again.',
      params: { seconds },
    },
    { headers: { 'Retry-After': String(seconds) } },
  );

/** @param field the field at fault, as it is named in the request */
export const invalid = (field: string, message: string, code = 'invalid', params?: Refusal['params']) =>
  new Problem(422, { code, message, field, params });
