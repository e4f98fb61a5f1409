/**
 * What others mark appears on the open roll call. One stream for all visible pages of a browser: whichever holds the lock
 * opens it and passes on what it hears. Hidden pages need nothing; a page that comes back asks for everything once.
 * Where no stream can be had, the rows are asked for now and then; nobody is told about it.
 */

interface Change {
  session: number;
  people: number[];
}

/** How long after it was drawn a page still hears everything since from the stream itself. Milliseconds. */
const FRESH = 8_000;
/** How often the rows are asked for while there is no stream. Milliseconds. */
const POLL = 20_000;
/** What comes within this time is fetched at once. Milliseconds. */
const TOGETHER = 60;

const element = document.getElementById('roll');
const list = document.getElementById('register');
if (element && list) watch(Number(element.dataset.url?.split('/')[2]), list);

function watch(session: number, list: HTMLElement): void {
  const others = typeof BroadcastChannel === 'function' ? new BroadcastChannel('live') : null;
  /** Sessions of the visible pages of this browser, by page; this page is one of them. */
  const watched = new Map<string, { session: number; at: number }>();
  const self = Math.random().toString(36).slice(2);
  let stream: EventSource | null = null;
  let release: (() => void) | null = null;
  let polling = 0;

  /* ---- rows ---- */

  let pending: Set<number> | 'all' | null = null;
  let timer = 0;

  function need(people: number[] | 'all'): void {
    if (people === 'all' || pending === 'all' || people.some((id) => !document.getElementById(`p${id}`)))
      pending = 'all';
    else pending = new Set([...(pending ?? []), ...people]);
    timer ||= window.setTimeout(() => void fetchRows(), TOGETHER);
  }

  async function fetchRows(): Promise<void> {
    const people = pending;
    pending = null;
    try {
      const query = people === 'all' || !people ? '' : `?people=${[...people].join(',') || 0}`;
      const answer = await fetch(`/sessions/${session}/rows${query}`, { headers: { 'HX-Request': 'true' } });
      const html = answer.ok && !answer.redirected ? await answer.text() : '';
      if (html.includes('<ol>')) draw(new DOMParser().parseFromString(html, 'text/html'), people === 'all');
    } catch {
      // The next change, or the next look, brings it.
    } finally {
      timer = 0;
      if (pending) timer = window.setTimeout(() => void fetchRows(), TOGETHER);
    }
  }

  function draw(drawn: Document, everybody: boolean): void {
    const { activeElement: focused } = document;
    const at = focused && list.contains(focused) ? placeOf(focused) : null;
    let changed = false;
    let before: Element | null = null;
    for (const row of drawn.querySelectorAll('ol > li')) {
      const known = document.getElementById(row.id);
      // Older than what stands here: an own mark has come between.
      const older = known && Number(known.dataset.r ?? 0) > Number((row as HTMLElement).dataset.r ?? 0);
      // A mark that this page is sending itself, or could not send, is told on its row: its own answer draws that anew.
      const busy = known && 'direct' in known.dataset;
      if (known && (older || busy || same(known, row as HTMLElement))) {
        before = known;
        continue;
      }
      const made = document.importNode(row, true) as HTMLElement;
      if (known) {
        made.hidden = known.hidden;
        known.replaceWith(made);
      } else if (everybody) {
        if (before) before.after(made);
        else list.prepend(made);
      } else continue;
      made.classList.add('by-other');
      setTimeout(() => made.classList.remove('by-other'), 2_500);
      before = made;
      changed = true;
    }
    for (const id of ['tally', 'session-head']) {
      const [now, then] = [document.getElementById(id), drawn.getElementById(id)];
      if (now && then && now.outerHTML !== then.outerHTML && !now.contains(document.activeElement))
        now.replaceWith(then);
    }
    // The roll call lays its own marks over what others drew.
    document.dispatchEvent(new CustomEvent('htmx:after:swap', { detail: { ctx: {} } }));
    if (changed && at)
      document.getElementById(at.row)?.querySelector<HTMLElement>(at.what)?.focus({ preventScroll: true });
  }

  const same = (known: HTMLElement, row: HTMLElement) =>
    known.dataset.r === row.dataset.r &&
    'd' in known.dataset === 'd' in row.dataset &&
    known.querySelector('fieldset')?.disabled === row.querySelector('fieldset')?.disabled &&
    known.querySelector('legend')?.textContent === row.querySelector('legend')?.textContent;

  function placeOf(focused: Element): { row: string; what: string } | null {
    const row = focused.closest('li');
    if (!row) return null;
    if (focused instanceof HTMLInputElement && focused.type === 'radio')
      return { row: row.id, what: `input[value="${CSS.escape(focused.value)}"]` };
    return { row: row.id, what: focused.matches('.pick') ? '.pick' : 'a' };
  }

  /* ---- the stream ---- */

  const heard = (change: Change) => {
    if (change.session === session && !document.hidden) need(change.people);
  };

  function open(): void {
    stream?.close();
    const now = Date.now();
    for (const [page, each] of watched) if (page !== self && now - each.at > 60_000) watched.delete(page);
    const sessions = [...new Set([...watched.values()].map((each) => each.session))].slice(0, 20);
    stream = new EventSource(`/api/live?sessions=${sessions.join(',')}`);
    stream.addEventListener('open', () => {
      if (polling) again();
      poll(false);
    });
    stream.addEventListener('register', ({ data }: MessageEvent<string>) => {
      const change = JSON.parse(data) as Change;
      heard(change);
      others?.postMessage({ change });
    });
    stream.addEventListener('error', () => poll(true));
  }

  /** Nobody tells what was marked while there was no stream: every page of this browser asks for it once. */
  function again(): void {
    need('all');
    others?.postMessage({ again: true });
  }

  /** Without a stream the rows are asked for now and then. */
  function poll(now: boolean): void {
    clearInterval(polling);
    polling = now ? window.setInterval(() => need('all'), POLL) : 0;
  }

  others?.addEventListener(
    'message',
    ({ data }: MessageEvent<{ change?: Change; again?: true; page?: string; session?: number; gone?: true }>) => {
      if (data.change) return heard(data.change);
      if (data.again) return document.hidden ? undefined : need('all');
      if (!data.page) return;
      const known = watched.get(data.page);
      if (data.gone) watched.delete(data.page);
      else watched.set(data.page, { session: data.session!, at: Date.now() });
      // Somebody new: the one who holds the stream opens it anew for both.
      if (stream && !data.gone && known?.session !== data.session) open();
    },
  );

  const tell = (gone = false) => others?.postMessage({ page: self, session, ...(gone ? { gone } : {}) });

  function begin(): void {
    watched.set(self, { session, at: Date.now() });
    tell();
    if (!navigator.locks) return open();
    const controller = new AbortController();
    const held = navigator.locks.request('live', { signal: controller.signal }, () => {
      open();
      return new Promise<void>((done) => (release = done));
    });
    held.catch(() => undefined);
    end = () => {
      controller.abort();
      release?.();
      release = null;
    };
  }

  let end = () => {};

  function stop(): void {
    poll(false);
    stream?.close();
    stream = null;
    end();
    tell(true);
  }

  const drawnAt = performance.timeOrigin;
  const isOld = () => 'stored' in document.body.dataset || Date.now() - drawnAt > FRESH;
  setInterval(() => !document.hidden && tell(), 30_000);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return stop();
    begin();
    need('all');
  });
  addEventListener('pagehide', stop);
  if (document.hidden) return;
  begin();
  if (isOld()) need('all');
}
