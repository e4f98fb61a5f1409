/**
 * A page that is opened: from the network, and from what is kept when the network does not answer. Only navigations come
 * here, so a fragment of htmx never enters the cache.
 */
import { binding as currentBinding, enter, leave, waiting } from './device.js';
import { escapeHtml, offlinePage } from './offline-page.js';
import { settleSignOut } from './owed.js';
import { bindingOf, findPage, isOver, keepPage, keptPath, keptRegisters, purgePages, today } from './pages.js';

/** After so long a kept page is better than none, ms. The answer of the network still refreshes it. */
const PATIENCE = 4_000;
/** What a proxy says when the server behind it does not answer. */
export const isGone = ({ status }: Response): boolean => status === 502 || status === 503 || status === 504;

/** How often somebody signed out: what was asked for before is not kept any more. */
let signOuts = 0;
let turn: Promise<unknown> = Promise.resolve();
/** One after the other, so that no page is kept while the pages are being purged. */
const inTurn = (work: () => Promise<void>): Promise<void> => {
  const done = turn.then(work, work);
  turn = done.catch(() => undefined);
  return done;
};

/** Fetches, and afterwards remembers for whom the server draws pages, and keeps this one. */
export function fetchAndKeep(request: Request): { answer: Promise<Response>; kept: Promise<void> } {
  const before = signOuts;
  const answer = settleSignOut().then(() => fetch(request));
  const kept = answer.then((response) => {
    const copy = response.clone();
    return inTurn(async () => {
      const owner = bindingOf(copy);
      if (!owner || before !== signOuts) return;
      if (owner !== (await currentBinding())?.binding) {
        await enter(owner);
        await purgePages(owner);
      }
      await keepPage(new URL(request.url), copy);
    });
  });
  return { answer, kept };
}

/** Names go with the sign-in; what waits to be sent stays. */
export function forget(): Promise<void> {
  signOuts++;
  return inTurn(async () => {
    await purgePages(null);
    await leave();
  });
}

export async function navigate(request: Request, url: URL, event: ExtendableEvent): Promise<Response> {
  const { answer: network, kept } = fetchAndKeep(request);
  event.waitUntil(kept.catch(() => undefined));
  // A list with a query shows something else than the list that is kept; to a register it adds a notice.
  const path = url.search === '' || /\d$/.test(url.pathname) ? keptPath(url) : null;
  const owner = path ? await currentBinding() : null;
  const page = path && owner ? await findPage(owner.binding, path) : null;
  const isUsable = page && !isOver(owner!.until, page.storedAt) && !isPast(path!, page.storedAt);
  try {
    const answer = await (isUsable ? Promise.race([network, sleep(PATIENCE)]) : network);
    if (answer && !(isUsable && isGone(answer))) return answer;
  } catch {
    // No network.
  }
  return isUsable ? page.response : whatOpens();
}

/** Yesterday's list of today is none. */
const isPast = (path: string, storedAt: number): boolean => path === '/' && storedAt < today();

const sleep = (ms: number) => new Promise<null>((done) => setTimeout(done, ms, null));

/** What this device has for somebody without network: the registers that open, or that they are locked. */
export async function whatOpens(): Promise<Response> {
  const owner = await currentBinding();
  const count = await waiting();
  if (!owner) return offlinePage('offline', { waiting: count, kept: '', empty: 'hidden', today: 'hidden' });
  const all = await keptRegisters(owner.binding);
  const open = all.filter((register) => !isOver(owner.until, register.storedAt));
  if (isOver(owner.until, Date.now()) || (all.length > 0 && open.length === 0))
    return offlinePage('locked', { waiting: count });
  const kept = open.map(
    ({ path, title, when }) =>
      `<li><div class="row-main"><a class="row-title" href="${path}">${title || escapeHtml(path)}</a><p class="row-meta">${when}</p></div></li>`,
  );
  const list = await findPage(owner.binding, '/');
  return offlinePage('offline', {
    waiting: count,
    kept: kept.join(''),
    empty: kept.length === 0 ? 'hidden' : '',
    today: list && !isPast('/', list.storedAt) ? '' : 'hidden',
  });
}
