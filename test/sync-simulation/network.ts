import { gunzipSync } from 'node:zlib';
import { type Envelope, type SyncAnswer } from '../../src/sync/wire.js';
import { type Browser, type Tab } from './browser.js';
import { type Oracle } from './oracle.js';
import { type Reply, type Server } from './server.js';
import { rest } from './time.js';

/** What goes wrong with one request. `at` is a number for those that need one. */
export interface Fault {
  kind: FaultKind;
  at: number;
  /** Waits for the next batch, and lets handshakes pass. */
  ofBatch: boolean;
}
export type FaultKind = (typeof FAULTS)[number];
export const FAULTS = [
  'request lost',
  'reply lost',
  'sent twice',
  'late',
  'crash in the middle',
  'database error',
  'database hiccup',
  '401',
  '403',
  '409 wrong_user',
  '409 client_unknown',
  '413',
  '429',
  '500',
  '503',
  'html 401',
  'html 500',
  'html 200',
  'json 200',
  'redirect',
  'cut off',
  'another batch',
  'results missing',
] as const;

export interface Message {
  browser: Browser;
  tab: Tab;
  method: string;
  path: string;
  cookies: string;
  headers: Record<string, string>;
  raw: string | Buffer | null;
  /** The parsed body. */
  body: any;
  follows: boolean;
  /** The device has given it up, or is gone. */
  abandoned: boolean;
  /** The device got an answer, or the message was lost. */
  over: boolean;
  answer: (reply: Response) => void;
  fail: (error: Error) => void;
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  reply(status, JSON.stringify(body), { 'content-type': 'application/json; charset=utf-8', ...headers });
const html = (status: number) =>
  reply(status, '<!doctype html><title>Sign in</title>', { 'content-type': 'text/html; charset=utf-8' });
const refused = (status: number, code: string, headers?: Record<string, string>) =>
  json(status, { errors: [{ code, message: code }] }, headers);
const reply = (status: number, text: string, headers: Record<string, string>): Reply => ({
  status,
  text,
  headers: new Map(Object.entries(headers)),
  cookies: [],
});

const oldAnswer = ({ operations, max_seq }: Envelope) =>
  json(200, {
    protocol: 1,
    batch_id: '00000000-0000-4000-8000-000000000000',
    server_time: '2026-03-02T08:00:00.000Z',
    results: operations.map(({ op_id }) => ({ op_id, outcome: 'applied', revision: 1, code: null, flags: [] })),
    received_up_to: max_seq,
    missing: [],
  });

/** As much of a Response as the engine looks at. */
function response({ status, text, headers }: Reply): Response {
  return {
    status,
    ok: status >= 200 && status < 300,
    type: 'basic',
    redirected: false,
    headers: { get: (name: string) => headers.get(name.toLowerCase()) ?? null },
    text: async () => text,
    json: async () => JSON.parse(text) as unknown,
  } as unknown as Response;
}

/** What lies between the devices and the server. It loses, doubles, delays and forges; it never invents an answer of ours. */
export class Network {
  /** By device: good (at once), slow (until a step lets one message through), off. */
  readonly links = new Map<Browser, 'good' | 'slow' | 'off'>();
  readonly faults = new Map<Browser, Fault[]>();
  private ready: Message[] = [];
  readonly slow: Message[] = [];
  /** The device gave these up; they may reach the server all the same. */
  readonly late: Message[] = [];

  constructor(
    private readonly server: Server,
    private readonly oracle: Oracle,
  ) {}

  fetch(browser: Browser, tab: Tab, address: string, init: RequestInit): Promise<Response> {
    return new Promise((answer, fail) => {
      if (tab.dead) return;
      const headers = init.headers as Record<string, string>;
      const packed = typeof init.body === 'string' || init.body == null ? null : Buffer.from(init.body as Uint8Array);
      const raw = packed ?? (init.body as string | undefined) ?? null;
      const text = packed ? gunzipSync(packed).toString('utf8') : (init.body as string | undefined);
      const message: Message = {
        browser,
        tab,
        method: init.method ?? 'GET',
        path: address,
        cookies: browser.cookies,
        headers,
        raw,
        body: text === undefined ? null : JSON.parse(text),
        follows: init.redirect !== 'manual',
        abandoned: false,
        over: false,
        answer: (reply) => {
          message.over = true;
          if (!tab.dead) answer(reply);
        },
        fail: (error) => {
          message.over = true;
          if (!tab.dead) fail(error);
        },
      };
      this.oracle.sent(message);
      init.signal?.addEventListener('abort', () => {
        message.abandoned = true;
        message.fail(new Error('aborted'));
      });
      const link = this.links.get(browser) ?? 'good';
      if (link === 'off') message.fail(new TypeError('network'));
      else if (link === 'slow') this.slow.push(message);
      else this.ready.push(message);
    });
  }

  /** Lets everything happen that can happen now. */
  async settle(): Promise<void> {
    for (;;) {
      await rest();
      const next = this.ready.shift();
      if (!next) return;
      await this.deliver(next, this.faultFor(next));
    }
  }

  /** What goes wrong with this message. */
  faultFor({ browser, path }: Message): Fault | undefined {
    const faults = this.faults.get(browser) ?? [];
    const at = faults.findIndex(({ ofBatch }) => !ofBatch || path === '/api/sync');
    return at < 0 ? undefined : faults.splice(at, 1)[0];
  }

  /** A message that was on its way reaches the server, and its answer the device if it still waits for it. */
  async deliver(message: Message, fault?: Fault): Promise<void> {
    const made = await this.answerTo(message, fault);
    if (made instanceof Error) message.fail(made);
    else if (made && !message.abandoned && !message.tab.dead) {
      for (const cookie of made.cookies)
        if (cookie.startsWith('omnipresence_device=')) message.browser.device ||= cookie.split(';')[0]!;
      this.oracle.told(message, made);
      message.answer(response(made));
    }
    await rest();
  }

  /** @returns null: no answer at all; the device gives up by itself */
  private async answerTo(message: Message, fault: Fault | undefined): Promise<Reply | Error | null> {
    switch (fault?.kind) {
      case undefined:
        return this.process(message);
      case 'request lost':
        return new TypeError('network');
      case 'reply lost':
        await this.process(message);
        return new TypeError('network');
      case 'sent twice':
        await this.process(message);
        return this.process(message);
      case 'late':
        this.late.push(message);
        return null;
      case 'crash in the middle':
        // The server is gone in the middle of the work, and nobody answers.
        this.server.failAfter(fault.at, false);
        await this.process(message);
        return new TypeError('network');
      case 'database error':
        this.server.failAfter(fault.at, false);
        return this.process(message);
      case 'database hiccup':
        // The first transaction notes the delivery; those after it are of the operations.
        this.server.failAfter(fault.at % 16, true, 2);
        return this.process(message);
      case '401':
        return refused(401, 'login_required');
      case '403':
        return refused(403, 'permission_denied');
      case '409 wrong_user':
        return refused(409, 'wrong_user');
      case '409 client_unknown':
        return refused(409, 'client_unknown');
      case '413':
        return refused(413, 'too_large');
      case '429':
        return refused(429, 'too_many_requests', { 'retry-after': '20' });
      case '500':
        return refused(500, 'internal');
      case '503':
        return refused(503, 'busy', { 'retry-after': '5' });
      case 'html 401':
        return html(401);
      case 'html 500':
        return html(500);
      case 'html 200':
        return html(200);
      case 'json 200':
        return json(200, { data: { success: true } });
      case 'redirect':
        return message.follows ? html(200) : reply(0, '', {});
      case 'cut off': {
        const whole = await this.process(message);
        return { ...whole, text: whole.text.slice(0, Math.floor(whole.text.length / 2)) };
      }
      case 'another batch':
        // An answer that is not to this request: something on the way repeats an old one.
        return message.path === '/api/sync' ? oldAnswer(message.body as Envelope) : new TypeError('network');
      case 'results missing':
        return this.altered(message, (body) => body.results?.splice(fault.at % (body.results.length || 1), 1));
    }
  }

  private async altered(message: Message, change: (body: SyncAnswer) => void): Promise<Reply> {
    const whole = await this.process(message);
    if (whole.status !== 200) return whole;
    const body = JSON.parse(whole.text) as SyncAnswer;
    change(body);
    return { ...whole, text: JSON.stringify(body) };
  }

  private async process(message: Message): Promise<Reply> {
    const made = await this.server.request(message.method, message.path, message.cookies, message.raw, message.headers);
    this.oracle.answered(message, made);
    return made;
  }
}
