/**
 * Takes today's list and its registers while there is network, so that they open without it: also after the browser was
 * closed, and also when nobody has opened them. A register is taken again only when it changed.
 */
import { type Changes } from '../../../src/sync/wire.js';
import { remember } from './navigate.js';
import { bindingOf, cacheOf, findPage, keptPath, today } from './pages.js';

/** At most so many registers: an administrator sees those of the whole organization. The nearest come first. */
const MOST = 40;
/** A page that did not change is taken again all the same, so that it is not over before its time. Milliseconds. */
const FRESH_FOR = 6 * 3_600_000;
const NOTES = '/.warm';

/** What was taken, kept beside the pages so that it goes with them. */
interface Notes {
  /** Of the files that the pages ask for: after an update every page is taken again. */
  version: string;
  /** By path: what told that the page changed. */
  taken: Record<string, string>;
}

let running: Promise<void> | null = null;

/** @param path the page that is open: a page that was opened before the worker was there is not kept yet */
export function warm(path: string, version: string): Promise<void> {
  running ??= take(path, version)
    .catch(() => undefined) // No network, or no room: what is kept stays as it is.
    .finally(() => (running = null));
  return running;
}

async function take(open: string, version: string): Promise<void> {
  const owner = await fetchPage('/');
  if (!owner) return;
  const cache = await cacheOf(owner);
  const notes = ((await (await cache.match(NOTES))?.json()) ?? { version, taken: {} }) as Notes;
  if (notes.version !== version) notes.taken = {};
  const taken: Record<string, string> = {};

  const wanted = new Map<string, string>([['/waiting', '']]);
  const rosters = await fetchRosters();
  for (const [path, digest] of rosters ?? []) wanted.set(path, digest);
  if (keptPath(new URL(open, location.origin))) wanted.set(open, wanted.get(open) ?? '');
  wanted.delete('/');

  for (const [path, digest] of wanted) {
    const page = await findPage(owner, path);
    const isFresh = page && Date.now() - page.storedAt < FRESH_FOR && notes.taken[path] === digest;
    if (!isFresh && (await fetchPage(path)) !== owner) continue;
    taken[path] = digest;
    await cache.put(NOTES, Response.json({ version, taken: { ...notes.taken, ...taken } }));
  }
  if (rosters) await dropPast(cache, owner, new Set(wanted.keys()));
}

/** @returns for whom it was drawn, or null when it was not answered as a page */
async function fetchPage(path: string): Promise<string | null> {
  const url = new URL(path, location.origin);
  const response = await fetch(url, { redirect: 'manual', cache: 'no-store' });
  const owner = response.status === 200 ? bindingOf(response) : null;
  if (owner) await remember(url, response);
  return owner;
}

/** @returns path and digest of the registers from today on, the nearest first; null when nobody could tell */
async function fetchRosters(): Promise<[string, string][] | null> {
  const answer = await fetch('/api/sync/changes', { redirect: 'manual', cache: 'no-store' });
  if (answer.status !== 200) return null;
  const { rosters, digests } = (await answer.json()) as Changes;
  return rosters
    .filter((each) => Date.parse(each.scheduled_end_at) >= today())
    .map((each) => ({ ...each, distance: Math.abs(Date.parse(each.scheduled_start_at) - Date.now()) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MOST)
    .map((each) => [
      `/sessions/${each.session_id}`,
      [each.name, each.scheduled_start_at, each.participants_digest, digests[each.session_id]].join('|'),
    ]);
}

/** Registers of past days go, but for those that somebody opened today. */
async function dropPast(cache: Cache, owner: string, wanted: Set<string>): Promise<void> {
  for (const request of await cache.keys()) {
    const path = new URL(request.url).pathname;
    if (!/^\/sessions\/\d+$/.test(path) || wanted.has(path)) continue;
    const page = await findPage(owner, path);
    if (page && page.storedAt < today()) await cache.delete(request);
  }
}
