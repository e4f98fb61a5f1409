/** What came back: status, headers and the body as text; `json` parses it. */
export interface Answer {
  status: number;
  headers: Headers;
  body: string;
  json: any;
}

/** A person or a program before the server: keeps its cookie, follows no redirect. */
export class Visitor {
  /** Is told of every answer of every visitor; what it throws, the request throws. */
  static hears: ((method: string, path: string, answer: Answer) => void) | undefined;
  readonly cookies = new Map<string, string>();

  constructor(
    readonly address: string,
    readonly name = 'somebody',
  ) {}

  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const isText = typeof body === 'string' || body instanceof FormData || body instanceof URLSearchParams;
    const response = await fetch(this.address + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(this.cookies.size > 0 ? { cookie: this.cookieHeader } : {}),
        ...(body !== undefined && !isText ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isText ? (body as string) : JSON.stringify(body) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [name = '', ...value] = line.split(';')[0]!.split('=');
      if (value.join('=') === '' || /expires=Thu, 01 Jan 1970/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value.join('='));
    }
    // A stream has no end to wait for.
    const streams = response.headers.get('content-type')?.startsWith('text/event-stream');
    if (streams) await response.body?.cancel();
    const text = streams ? '' : await response.text();
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    const answer = { status: response.status, headers: response.headers, body: text, json };
    Visitor.hears?.(method, path, answer);
    return answer;
  }

  get = (path: string, headers?: Record<string, string>) => this.send('GET', path, undefined, headers);
  post = (path: string, body?: unknown, headers?: Record<string, string>) => this.send('POST', path, body, headers);
  put = (path: string, body?: unknown, headers?: Record<string, string>) => this.send('PUT', path, body, headers);
  patch = (path: string, body?: unknown, headers?: Record<string, string>) => this.send('PATCH', path, body, headers);
  delete = (path: string, headers?: Record<string, string>) => this.send('DELETE', path, undefined, headers);
  /** Sends an HTML form. */
  form = (path: string, fields: Record<string, string> | [string, string][], headers?: Record<string, string>) =>
    this.send('POST', path, new URLSearchParams(fields), headers);

  async signIn(email: string, password: string, organization?: string): Promise<this> {
    const answer = await this.post('/api/auth/login', { email, password, organization });
    if (answer.status !== 200) throw new Error(`${email} could not sign in: ${answer.status} ${answer.body}`);
    return this;
  }

  /** The cookie header, for tests that speak HTTP themselves or drive a browser. */
  get cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }
}
