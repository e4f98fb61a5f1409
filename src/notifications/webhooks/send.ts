import { createHmac } from 'node:crypto';
import { request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { isPublic, literalAddress, PrivateAddress, publicOnly } from './addresses.js';

/** How long an answer may take, from the name to its last byte. Milliseconds. */
const PATIENCE_MS = 10_000;
/** How much of an answer is read: enough to see what was wrong. Bytes. */
const MOST_READ = 2_000;

/** What became of one try. `status` is null where no answer came; `error` says in short why it does not count. */
export interface Outcome {
  status: number | null;
  error: string | null;
}

/**
 * The signature of a message, as the Standard Webhooks have it.
 * @param secret whsec_ and base64
 * @param id of the event, the same for every try
 * @param timestamp seconds since 1970
 * @returns `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`
 * @see https://www.standardwebhooks.com
 */
export function signatureOf(secret: string, id: string, timestamp: number, body: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

/**
 * Posts one message. An answer of 2xx within ten seconds counts; a redirect is not followed.
 * @param toPrivate whether addresses of the own network are allowed
 */
export function send(
  target: { url: string; secret: string },
  message: { id: string; body: string; now: Date },
  toPrivate: boolean,
): Promise<Outcome> {
  const url = new URL(target.url);
  const literal = literalAddress(url);
  if (!toPrivate && (url.protocol !== 'https:' || (literal && !isPublic(literal))))
    return Promise.resolve({ status: null, error: 'The address is not public.' });
  const timestamp = Math.floor(message.now.getTime() / 1000);
  const headers = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(message.body)),
    'user-agent': 'Omnipresence-Webhooks/1',
    'webhook-id': message.id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatureOf(target.secret, message.id, timestamp, message.body),
  };
  return new Promise((done) => {
    const start = url.protocol === 'https:' ? overHttps : overHttp;
    const options = { method: 'POST', headers, ...(toPrivate ? {} : { lookup: publicOnly }) };
    const sent = start(url, options, (answer) => {
      const status = answer.statusCode ?? 0;
      const ok = status >= 200 && status < 300;
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        text += part;
        if (text.length > MOST_READ) answer.destroy();
      });
      answer.on('close', () => {
        clearTimeout(timer);
        done({ status, error: ok ? null : `Answered ${status}. ${shortened(text)}`.trim() });
      });
    });
    const timer = setTimeout(() => sent.destroy(new Error(`No answer within ${PATIENCE_MS / 1000} s.`)), PATIENCE_MS);
    sent.on('error', (error) => {
      clearTimeout(timer);
      done({ status: null, error: reasonOf(error) });
    });
    sent.end(message.body);
  });
}

const shortened = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 200);

function reasonOf(error: Error & { code?: string }): string {
  if (error instanceof PrivateAddress) return 'The address is not public.';
  return shortened(error.code ? `${error.code}: ${error.message}` : error.message);
}
