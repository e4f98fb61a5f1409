/**
 * The pages that open without network, kept apart by binding (`organization:user`). Names of people lie here and nowhere
 * else, so they end with the sign-in: purged at sign-out, and not shown any more once the binding's time is over.
 */

const PREFIX = 'pages-';
/** A binding of which no time is known: so long after a page was stored it may be shown. Milliseconds. */
const SHOWN_FOR = 72 * 3_600_000;

export interface KeptPage {
  path: string;
  response: Response;
  storedAt: number;
}

/** @returns under which path this page is kept, or null: no other page is */
export function keptPath(url: URL): string | null {
  return /^\/(sessions(\/\d{1,15})?|waiting)?$/.test(url.pathname) ? url.pathname : null;
}

/** @returns whose page this is, or null: nobody is signed in, or it is no page of ours */
export function bindingOf(response: Response): string | null {
  const binding = response.headers.get('X-Binding');
  return binding && /^\d+:\d+$/.test(binding) ? binding : null;
}

export const cacheOf = (binding: string): Promise<Cache> => caches.open(PREFIX + binding);

/**
 * Keeps a page that the server just answered: only a whole page, as it is when it is opened (a query may add a notice), and
 * only for the person for whom it was drawn. What lists need of it stands in headers, so that they need not read it.
 */
export async function keepPage(url: URL, response: Response): Promise<void> {
  const binding = bindingOf(response);
  const path = url.search === '' ? keptPath(url) : null;
  if (!path || !binding || response.status !== 200 || response.redirected) return;
  if (!response.headers.get('Content-Type')?.startsWith('text/html')) return;
  const storedAt = new Date().toISOString();
  const html = await response.text();
  const headers = new Headers(response.headers);
  headers.delete('Content-Encoding');
  headers.delete('Content-Length');
  headers.set('X-Stored', storedAt);
  const [, title = ''] = /<title>([^<]*?)( · [^·<]*)?<\/title>/.exec(html) ?? [];
  const [, group = '', starts = '', when = ''] =
    /id="session-head"[^>]* data-group="([^"]*)"[^]*?<time datetime="([^"]*)">([^<]*)<\/time>/.exec(html) ?? [];
  headers.set('X-Title', encodeURIComponent(title));
  headers.set('X-Starts', starts);
  headers.set('X-When', encodeURIComponent(group && group !== title ? `${group} · ${when}` : when));
  const kept = new Response(html.replace(/<body\b/, `<body data-stored="${storedAt}"`), { headers });
  await (await cacheOf(binding)).put(path, kept);
}

/** @returns the page as it was stored last, or null */
export async function findPage(binding: string, path: string): Promise<KeptPage | null> {
  const response = await (await cacheOf(binding)).match(path, { ignoreVary: true });
  return response ? { path, response, storedAt: Date.parse(response.headers.get('X-Stored') ?? '') || 0 } : null;
}

/** @param until the binding's time in ms, or null when the server never told one */
export const isOver = (until: number | null, storedAt: number): boolean => Date.now() > (until ?? storedAt + SHOWN_FOR);

/** @returns midnight of the device's day, ms */
export const today = (): number => new Date().setHours(0, 0, 0, 0);

/** @returns the registers that are kept, in the order of their beginning; their texts are HTML as the server wrote it */
export async function keptRegisters(binding: string) {
  const cache = await cacheOf(binding);
  const found = [];
  for (const { url } of await cache.keys()) {
    const path = new URL(url).pathname;
    const headers = /^\/sessions\/\d+$/.test(path) && (await cache.match(url, { ignoreVary: true }))?.headers;
    if (!headers) continue;
    const text = (name: string) => decodeURIComponent(headers.get(name) ?? '');
    found.push({
      path,
      title: text('X-Title'),
      when: text('X-When'),
      starts: headers.get('X-Starts') ?? '',
      storedAt: Date.parse(headers.get('X-Stored') ?? '') || 0,
    });
  }
  return found.sort((a, b) => (a.starts < b.starts ? -1 : 1));
}

/** Removes the pages of everybody but `binding`; of everybody when it is null. */
export async function purgePages(binding: string | null): Promise<void> {
  for (const name of await caches.keys())
    if (name.startsWith(PREFIX) && name !== PREFIX + binding) await caches.delete(name);
}
