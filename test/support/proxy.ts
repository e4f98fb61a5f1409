import { createServer, type Server, type Socket, connect } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** A bad network: time in ms, rates in bytes a second for each direction, and the share of connections that break. */
export interface Weather {
  roundTrip: number;
  bytesPerSecond: number;
  resets: number;
}

/** What happens to requests of one kind instead of being passed on and answered; so many times, then never again. */
interface Mischief {
  /** Of the first line, for example `POST /api/sync`. */
  matches: RegExp;
  times: number;
  /** Answers by itself, and the server never sees it; absent: the server answers, and the answer is lost. */
  answer?: string;
}

const REQUEST = /^([A-Z]+ \S+) HTTP\/1\.1\r\n/;

/**
 * The network between a browser and the server, outside of the browser: what it does to a connection happens to pages and
 * service workers alike. It knows nothing of HTTP but where a request begins.
 */
export class Proxy {
  private readonly sockets = new Set<Socket>();
  private readonly mischiefs: Mischief[] = [];
  private isCut = false;
  private weather: Weather | null = null;
  private lanes = { up: new Lane(), down: new Lane() };
  /** First lines of the requests that came by, in order. */
  readonly seen: string[] = [];

  private constructor(
    private readonly server: Server,
    private target: number,
    private readonly random: () => number,
  ) {}

  /** @param address of the server behind it @param seed of its dice */
  static async open(address: string, seed = 1): Promise<Proxy> {
    const server = createServer({ noDelay: true });
    const proxy = new Proxy(server, portOf(address), dice(seed));
    server.on('connection', (socket) => proxy.accept(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  /** No connection any more, and no new one. */
  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  restore(): void {
    this.isCut = false;
  }

  /** Another server answers from now on. */
  aimAt(address: string): void {
    this.target = portOf(address);
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** @param weather null: a good network again */
  set(weather: Weather | null): void {
    this.weather = weather;
    this.lanes = { up: new Lane(), down: new Lane() };
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** The server gets such requests and answers them; nobody hears the answers. */
  loseReplies(matches: RegExp, times: number): void {
    this.mischiefs.push({ matches, times });
  }

  /** Such requests are answered here, with this text (status line, headers, body). */
  answer(matches: RegExp, times: number, status: string, type: string, body: string): void {
    const length = Buffer.byteLength(body);
    const head = `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`;
    this.mischiefs.push({ matches, times, answer: head + body });
  }

  /** Nothing happens to requests any more. */
  mend(): void {
    this.mischiefs.length = 0;
  }

  /** @returns how many requests of this kind came by */
  count(matches: RegExp): number {
    return this.seen.filter((line) => matches.test(line)).length;
  }

  async close(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(client: Socket): void {
    client.on('error', () => undefined);
    if (this.isCut) return void client.resetAndDestroy();
    const server = connect({ host: '127.0.0.1', port: this.target, noDelay: true });
    server.on('error', () => client.resetAndDestroy());
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('close', () => {
        this.sockets.delete(socket);
        (socket === client ? server : client).destroy();
      });
    }
    const isDoomed = this.weather && this.random() < this.weather.resets;
    const line = { lost: false, left: isDoomed ? 300 + this.random() * 6_000 : Infinity };
    void this.carry(client, server, this.lanes.up, line, (chunk) => this.request(chunk, client, line));
    void this.carry(server, client, this.lanes.down, line, () => {
      if (line.lost) client.resetAndDestroy();
      return !line.lost;
    });
  }

  /** @returns whether the bytes are passed on */
  private request(chunk: Buffer, client: Socket, line: { lost: boolean }): boolean {
    const [, first] = REQUEST.exec(chunk.subarray(0, 4_096).toString('latin1')) ?? [];
    if (first === undefined) return !line.lost;
    this.seen.push(first);
    const found = this.mischiefs.find((each) => each.times > 0 && each.matches.test(first));
    if (!found) return true;
    found.times--;
    line.lost = true;
    if (found.answer === undefined) return true;
    client.end(found.answer);
    return false;
  }

  private async carry(
    from: Socket,
    to: Socket,
    lane: Lane,
    line: { left: number },
    passes: (chunk: Buffer) => boolean,
  ): Promise<void> {
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        if (!passes(chunk)) continue;
        line.left -= chunk.length;
        if (line.left < 0) return void (from.resetAndDestroy(), to.resetAndDestroy());
        if (!this.weather) {
          if (!to.write(chunk)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
          continue;
        }
        const { roundTrip, bytesPerSecond } = this.weather;
        for (let at = 0; at < chunk.length; at += 1_460) {
          const part = chunk.subarray(at, at + 1_460);
          await lane.take(part.length, bytesPerSecond);
          setTimeout(() => to.writable && to.write(part), roundTrip / 2);
        }
      }
      // What is still on its way arrives before the end.
      if (this.weather) await sleep(this.weather.roundTrip / 2 + 5);
      to.end();
    } catch {
      to.destroy();
    }
  }
}

/** One direction of a link, shared by its connections. */
class Lane {
  private freeAt = 0;

  /** Resolves when so many bytes have gone through. */
  async take(bytes: number, bytesPerSecond: number): Promise<void> {
    this.freeAt = Math.max(performance.now(), this.freeAt) + (bytes / bytesPerSecond) * 1_000;
    await sleep(this.freeAt - performance.now());
  }
}

const portOf = (address: string): number => Number(new URL(address).port);

/** Numbers from 0 to 1, always the same ones for a seed. */
export function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
