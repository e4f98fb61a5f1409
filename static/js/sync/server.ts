/**
 * The conversation with the server: sends, and believes only what is unmistakably an answer of ours. Everything else (HTML,
 * a redirect, another batch_id, a reply that never comes) is a network failure, which changes nothing on the device.
 */
import { FINAL_OUTCOMES, PROTOCOL, type Envelope, type Handshake, type OpResult } from '../../../src/sync/wire.js';
import { type Environment } from './environment.js';

/** A reply that takes longer is given up; what was sent is sent again. Milliseconds. */
const PATIENCE = 30_000;
/** Bodies from this size on are compressed. Characters. */
const LARGE = 4_096;
/** However long a server asks to be left alone, it is asked again after an hour. Milliseconds. */
const LONGEST_WAIT = 3_600_000;

/** Why nothing is sent for now. */
export type Refusal = 'signed_out' | 'wrong_user' | 'outdated' | 'forbidden';

export type Answer<T> =
  | { kind: 'answer'; body: T }
  | { kind: 'too_large' }
  | { kind: 'client_unknown' }
  /** Our server said no, or not now. */
  | { kind: 'refused'; refusal: Refusal | null; wait: number; revoked?: boolean; code?: string }
  /** No answer of ours; with isGone none of anybody. */
  | { kind: 'nothing'; isGone?: boolean };

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

async function ask<T>(
  env: Environment,
  address: string,
  init: RequestInit,
  valid: (body: Record<string, unknown>) => boolean,
): Promise<Answer<T>> {
  const stop = new AbortController();
  const cancel = env.timer(() => stop.abort(), PATIENCE);
  let response: Response | undefined;
  try {
    response = await env.fetch(address, {
      ...init,
      redirect: 'manual',
      credentials: 'same-origin',
      cache: 'no-store',
      signal: stop.signal,
    });
    const { status } = response;
    if (status === 413) return { kind: 'too_large' };
    if (status === 426) return { kind: 'refused', refusal: 'outdated', wait: 0 };
    if (status === 429 || status === 503) return { kind: 'refused', refusal: null, wait: waitOf(env, response) };
    if (!response.headers.get('content-type')?.includes('json')) return { kind: 'nothing' };
    const body: unknown = await response.json();
    if (!isRecord(body)) return { kind: 'nothing' };
    if (status === 200) return valid(body) ? { kind: 'answer', body: body as T } : { kind: 'nothing' };
    const [error] = Array.isArray(body.errors) ? (body.errors as unknown[]) : [];
    const code = isRecord(error) ? error.code : undefined;
    if (typeof code !== 'string') return { kind: 'nothing' };
    if (status === 401) return { kind: 'refused', refusal: 'signed_out', wait: 0, revoked: body.revoked === true };
    if (status === 403) return { kind: 'refused', refusal: 'forbidden', wait: 0 };
    if (status === 409 && code === 'client_unknown') return { kind: 'client_unknown' };
    if (status === 409 && (code === 'wrong_user' || code === 'wrong_organization'))
      return { kind: 'refused', refusal: 'wrong_user', wait: 0 };
    return { kind: 'refused', refusal: null, wait: 0, code };
  } catch {
    return { kind: 'nothing', isGone: !response };
  } finally {
    cancel();
  }
}

/** Retry-After in milliseconds: seconds, or a date; 0 without one. */
function waitOf(env: Environment, response: Response): number {
  const told = response.headers.get('retry-after')?.trim() ?? '';
  const wait = /^\d+$/.test(told) ? Number(told) * 1000 : Date.parse(told) - env.now();
  return Math.min(Math.max(wait || 0, 0), LONGEST_WAIT);
}

export function handshake(env: Environment): Promise<Answer<Handshake>> {
  return ask(
    env,
    '/api/sync/handshake',
    { headers: { Accept: 'application/json' } },
    (body) =>
      isRecord(body.user) &&
      typeof body.user.id === 'number' &&
      isRecord(body.organization) &&
      typeof body.organization.id === 'number' &&
      typeof body.client_id === 'string' &&
      Number.isInteger(body.acknowledged_up_to) &&
      Number.isInteger(body.max_seq ?? 0) &&
      typeof body.min_protocol === 'number',
  );
}

async function post<T>(
  env: Environment,
  address: string,
  value: unknown,
  valid: (body: Record<string, unknown>) => boolean,
): Promise<Answer<T>> {
  const headers: Record<string, string> = { Accept: 'application/json', 'Content-Type': 'application/json' };
  let body: string | Uint8Array<ArrayBuffer> = JSON.stringify(value);
  const packed = body.length > LARGE ? await env.compress?.(body) : null;
  if (packed) {
    headers['Content-Encoding'] = 'gzip';
    body = packed;
  }
  return ask(env, address, { method: 'POST', headers, body }, valid);
}

export interface Delivered {
  /** The valid results by op_id; an op without one has no outcome. */
  results: Map<string, OpResult>;
  /** Seqs that the server says it never got. */
  missing: number[];
}

export async function deliver(env: Environment, envelope: Envelope): Promise<Answer<Delivered>> {
  const answer = await post<{ results: unknown[]; missing?: unknown }>(
    env,
    '/api/sync',
    envelope,
    (body) => body.protocol === PROTOCOL && body.batch_id === envelope.batch_id && Array.isArray(body.results),
  );
  if (answer.kind !== 'answer') return answer;
  const { results, missing } = answer.body;
  return {
    kind: 'answer',
    body: {
      results: new Map(results.filter(isFinal).map((each) => [each.op_id, each])),
      missing: Array.isArray(missing) ? missing.filter((each): each is number => Number.isInteger(each)) : [],
    },
  };
}

function isFinal(result: unknown): result is OpResult {
  return (
    isRecord(result) &&
    typeof result.op_id === 'string' &&
    FINAL_OUTCOMES.includes(result.outcome as (typeof FINAL_OUTCOMES)[number]) &&
    (result.revision == null || Number.isInteger(result.revision))
  );
}

/** Takes the person's own candidate back: the other's mark stands. */
/** @returns true when the candidate waits no more: withdrawn now, or settled by somebody before */
export async function withdraw(env: Environment, op_id: string): Promise<boolean> {
  const answer = await post(env, '/api/sync/withdraw', { op_id }, () => true);
  return answer.kind === 'answer' || (answer.kind === 'refused' && answer.code === 'stale');
}
