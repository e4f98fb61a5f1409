/**
 * Takes today's list and its registers while there is network, so that they open without it: also after the browser was
 * closed, and also when nobody has opened them. A register is taken again only when it changed.
 */
import { type Changes } from '../../../src/sync/wire.js';
import { heard } from './device.js';
import { fetchAndKeep } from './navigate.js';
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
  /** Of the last answer about changes: the marks before it need not be told again. */
  cursor?: string;
}

let running: Promise<void> | null = null;
let makesWay = false;

/** A new version takes over only when this one has nothing in hand: it takes the rest of the pages. */
export const stopWarming = (): void => void (makesWay = true);

/** @param path the page that is open: a page that was opened before the worker was there is not kept yet */
export function warm(path: string, version: string): Promise<void> {
  makesWay = false;
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

  const wanted = new Map<string, string>([['/waiting', '']]);
  const askedAt = Date.now();
  const changes = await fetchChanges(notes.cursor);
  if (changes) await heard(owner, changes.cells, askedAt);
  for (const [path, digest] of changes ? registersOf(changes) : []) wanted.set(path, digest);
  if (keptPath(new URL(open, location.origin))) wanted.set(open, wanted.get(open) ?? '');
  wanted.delete('/');

  for (const [path, digest] of wanted) {
    if (makesWay) return;
    const page = await findPage(owner, path);
    const isFresh = page && Date.now() - page.storedAt < FRESH_FOR && notes.taken[path] === digest;
    if (!isFresh && (await fetchPage(path)) !== owner) continue;
    notes.taken = Object.fromEntries(
      Object.entries({ ...notes.taken, [path]: digest }).filter(([each]) => wanted.has(each)),
    );
    await cache.put(NOTES, Response.json({ ...notes, version, cursor: changes?.cursor ?? notes.cursor }));
  }
  if (changes) await dropPast(cache, owner, new Set(wanted.keys()));
}

/** @returns for whom it was drawn, or null when it was not answered as a page */
async function fetchPage(path: string): Promise<string | null> {
  const { answer, kept } = fetchAndKeep(new Request(path, { redirect: 'manual', cache: 'no-store' }));
  const response = await answer;
  await kept;
  return response.status === 200 ? bindingOf(response) : null;
}

/** @returns null when the server did not tell, or this person may see no register */
async function fetchChanges(cursor = ''): Promise<Changes | null> {
  const address = `/api/sync/changes?cursor=${encodeURIComponent(cursor)}`;
  const answer = await fetch(address, { redirect: 'manual', cache: 'no-store' });
  return answer.status === 200 ? ((await answer.json()) as Changes) : null;
}

/** @returns path and digest of the registers from today on, the nearest first */
const registersOf = ({ rosters, digests }: Changes): [string, string][] =>
  rosters
    .filter((each) => Date.parse(each.scheduled_end_at) >= today())
    .map((each) => ({ ...each, distance: Math.abs(Date.parse(each.scheduled_start_at) - Date.now()) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MOST)
    .map((each) => [
      `/sessions/${each.session_id}`,
      [each.name, each.scheduled_start_at, each.participants_digest, digests[each.session_id]].join('|'),
    ]);

/** Registers of past days go, but for those that somebody opened today. */
async function dropPast(cache: Cache, owner: string, wanted: Set<string>): Promise<void> {
  for (const request of await cache.keys()) {
    const path = new URL(request.url).pathname;
    if (!/^\/sessions\/\d+$/.test(path) || wanted.has(path)) continue;
    const page = await findPage(owner, path);
    if (page && page.storedAt < today()) await cache.delete(request);
  }
}
