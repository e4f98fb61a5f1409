/** A small HTTP client with kept connections and identity encoding, and loops that measure. Loopback only. */
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';

export interface Answer {
  status: number;
  text: string;
  bytes: number;
  /** From sending to the last byte, in ms. */
  ms: number;
  cookie: string | null;
}

interface Sending {
  json?: unknown;
  form?: Record<string, string>;
  headers?: Record<string, string>;
  /** What may come back compressed; `identity` if not said. */
  encoding?: string;
}

export class Client {
  readonly port: number;
  cookie: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });

  constructor(port: number, cookie: string) {
    this.port = port;
    this.cookie = cookie;
  }

  send(method: string, path: string, sending: Sending = {}): Promise<Answer> {
    const body = sending.json
      ? JSON.stringify(sending.json)
      : sending.form && new URLSearchParams(sending.form).toString();
    const headers: Record<string, string | number> = {
      'accept-encoding': sending.encoding ?? 'identity',
      accept: sending.json ? 'application/json' : 'text/html',
      ...(this.cookie ? { cookie: this.cookie } : {}),
      ...(body ? { 'content-type': sending.json ? 'application/json' : 'application/x-www-form-urlencoded' } : {}),
      ...(body ? { 'content-length': Buffer.byteLength(body) } : {}),
      ...sending.headers,
    };
    const started = performance.now();
    return new Promise((resolve, reject) => {
      const outgoing = request(
        { host: '127.0.0.1', port: this.port, method, path, headers, agent: this.#agent, timeout: 60_000 },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const all = Buffer.concat(chunks);
            resolve({
              status: response.statusCode ?? 0,
              text: sending.encoding ? '' : all.toString('utf8'),
              bytes: all.length,
              ms: performance.now() - started,
              cookie: response.headers['set-cookie']?.[0]?.split(';')[0] ?? null,
            });
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.on('timeout', () => outgoing.destroy(new Error('no answer for a minute')));
      outgoing.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

export interface Throughput {
  perSecond: number;
  errors: number;
  bytes: number;
}

/**
 * Asks for one page over so many connections at once, each the next as soon as the last has come. Reads no more of an
 * answer than its status and length, so that the one who measures takes as little of the machine as possible.
 */
export async function pagesPerSecond(
  port: number,
  path: string,
  cookie: string,
  connections: number,
  ms: number,
): Promise<Throughput> {
  const head = `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\naccept: text/html\r\naccept-encoding: identity\r\n`;
  const question = Buffer.from(`${head}${cookie ? `cookie: ${cookie}\r\n` : ''}\r\n`);
  const end = performance.now() + ms;
  let pages = 0;
  let errors = 0;
  let bytes = 0;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: connections }, () => {
      const socket: Socket = connect(port, '127.0.0.1');
      socket.setNoDelay(true);
      let missing = -1;
      let header = Buffer.alloc(0);
      return new Promise<void>((done) => {
        socket.on('connect', () => socket.write(question));
        socket.on('error', () => {
          errors++;
          done();
        });
        socket.on('close', () => done());
        socket.setTimeout(30_000, () => socket.destroy(new Error('no answer')));
        socket.on('data', (chunk: Buffer) => {
          let rest = chunk.length;
          if (missing < 0) {
            header = header.length ? Buffer.concat([header, chunk]) : chunk;
            const cut = header.indexOf('\r\n\r\n');
            if (cut < 0) return;
            const text = header.toString('latin1', 0, cut);
            const length = /content-length: *(\d+)/i.exec(text);
            if (!text.startsWith('HTTP/1.1 200') || !length) errors++;
            if (!length) {
              socket.destroy();
              return;
            }
            missing = Number(length[1]);
            bytes += missing;
            rest = header.length - cut - 4;
            header = Buffer.alloc(0);
          }
          missing -= rest;
          if (missing > 0) return;
          missing = -1;
          pages++;
          if (performance.now() < end) socket.write(question);
          else socket.end();
        });
      });
    }),
  );
  return { perSecond: (pages * 1000) / (performance.now() - started), errors, bytes };
}

export const median = (values: number[]): number => quantile(values, 0.5);

export function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
