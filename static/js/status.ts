/**
 * The line under the head of every page: what this device holds and how it stands with the server, in words. The line
 * itself is not announced at every change; what a person must hear is said once.
 */
import { device, type Device } from './device.js';
import { askBeforeLeaving, saveFile } from './leaving.js';
import { fill, say, wordsOf, type Words } from './page.js';
import { type State } from './sync/engine.js';
import { takeOver, type WorkerState } from './worker/register.js';

const DAY = 86_400_000;

type Tone = 'ok' | 'busy' | 'offline' | 'problem';
interface Told {
  tone: Tone;
  text: string;
  link?: [address: string, text: string];
}

const line = document.getElementById('device');
if (line && device) void start(line, device);

async function start(line: HTMLElement, opening: Promise<Device | null>): Promise<void> {
  const words = wordsOf(line);
  const found = await opening;
  if (!found) {
    draw(line, [{ tone: 'problem', text: words.no_storage ?? '' }]);
    return;
  }
  const { engine } = found;
  askBeforeLeaving(found, words);
  const foreign = await engine.foreign();
  let state = await engine.state();
  const paint = () => draw(line, [told(words, state), ...besides(words, state, foreign)]);
  let heard = '';
  const hear = (now: State) => {
    state = now;
    paint();
    old(found, words, state);
    // Heard once when it changes, not at every count.
    const { tone, text, link } = told(words, { ...state, sending: 0 });
    if (heard && heard !== tone && tone !== 'busy') say(text || link?.[1] || '');
    if (tone !== 'busy') heard = tone;
  };
  engine.subscribe(hear);
  for (const event of ['online', 'offline'] as const) addEventListener(event, () => hear(state));
  document.addEventListener('omnipresence:worker', paint);
}

const many = (words: Words, name: string, count: number, params: Record<string, string> = {}) =>
  fill(words[`${name}_${count === 1 ? 'one' : 'many'}`], { count, ...params });

/** A time of today as a time, another one with its day. */
function when(ms: number): string {
  const at = new Date(ms);
  const today = at.toDateString() === new Date().toDateString();
  const style: Intl.DateTimeFormatOptions = today
    ? { timeStyle: 'short' }
    : { dateStyle: 'medium', timeStyle: 'short' };
  return new Intl.DateTimeFormat(document.documentElement.lang, style).format(at);
}

/** The one sentence that matters most. */
function told(words: Words, state: State): Told {
  const { waiting, problem } = state;
  const kept = waiting ? ` ${many(words, 'kept', waiting)}` : '';
  const signIn: Told['link'] = ['/login', words.sign_in ?? ''];
  switch (problem) {
    case 'storage':
      return { tone: 'problem', text: words.storage ?? '' };
    case 'signed_out':
      return waiting
        ? { tone: 'problem', text: '', link: ['/login', many(words, 'sign_in_to_send', waiting)] }
        : { tone: 'problem', text: words.signed_out ?? '', link: signIn };
    case 'wrong_user':
      return { tone: 'problem', text: `${words.wrong_user}${kept}`, link: signIn };
    case 'locked':
      return { tone: 'problem', text: `${words.locked}${kept}`, link: signIn };
    case 'outdated':
      return { tone: 'problem', text: `${words.outdated}${kept}` };
    case 'forbidden':
      return { tone: 'problem', text: `${words.forbidden}${kept}` };
    case null:
  }
  const last = state.lastSyncAt ? `, ${fill(words.last_sync, { time: when(state.lastSyncAt) })}` : '';
  const list = (tone: Tone, text: string): Told => ({ tone, text: '', link: ['/waiting', text] });
  if (!state.online || !navigator.onLine)
    return waiting
      ? list('offline', `${many(words, 'offline', waiting)}${last}`)
      : { tone: 'offline', text: `${words.offline}${last}` };
  if (state.sending) return { tone: 'busy', text: fill(words.sending, { count: state.sending }) };
  if (waiting) return list('busy', `${many(words, 'waiting', waiting)}${last}`);
  return { tone: 'ok', text: words.online ?? '' };
}

/** What stands beside it: refused marks, other accounts, a new version. */
function besides(words: Words, state: State, foreign: { waiting: number }[]): Told[] {
  const more: Told[] = [];
  if (state.refused)
    more.push({ tone: 'problem', text: '', link: ['/waiting', many(words, 'needs_person', state.refused)] });
  const others = foreign.reduce((sum, each) => sum + each.waiting, 0);
  if (others) more.push({ tone: 'offline', text: '', link: ['/waiting', many(words, 'foreign', others)] });
  const worker = document.documentElement.dataset.worker as WorkerState | undefined;
  if (worker === 'update')
    more.push({ tone: 'ok', text: words.update ?? '', link: ['#take-over', words.reload ?? ''] });
  if (worker === 'none' && once('no-worker')) more.push({ tone: 'ok', text: words.no_worker ?? '' });
  return more;
}

/** True during the first visit of a browser that lasts: what it tells is told to everybody once. */
function once(name: string): boolean {
  try {
    if (localStorage.getItem(name) && !sessionStorage.getItem(name)) return false;
    localStorage.setItem(name, 'told');
    sessionStorage.setItem(name, 'told');
    return true;
  } catch {
    return true;
  }
}

let drawn = '';
function draw(line: HTMLElement, parts: Told[]): void {
  const key = JSON.stringify(parts);
  if (key === drawn) return;
  drawn = key;
  line.replaceChildren(
    ...parts.map(({ tone, text, link }) => {
      const part = document.createElement('span');
      part.className = `device-${tone}`;
      part.append(text);
      if (link) {
        const a = document.createElement('a');
        [a.href, a.textContent] = link;
        if (link[0] === '#take-over')
          a.addEventListener('click', (event) => {
            event.preventDefault();
            takeOver();
          });
        part.append(text ? ' ' : '', a);
      }
      return part;
    }),
  );
}

/** Marks that wait for a day: the person is told on the page itself, and can take them away as a file. */
function old({ engine, binding }: Device, words: Words, state: State): void {
  const due = state.oldestWaitingAt !== null && Date.now() - state.oldestWaitingAt > DAY;
  const banner = document.getElementById('device-old');
  if (!due) return banner?.remove();
  if (banner) return;
  const box = document.createElement('div');
  box.id = 'device-old';
  box.className = 'problem device-old';
  const text = document.createElement('p');
  text.textContent = words.old ?? '';
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'btn btn-sm';
  button.textContent = words.export ?? '';
  button.addEventListener('click', () => void engine.exportOutbox(binding).then(saveFile));
  box.append(text, button);
  document.getElementById('main')?.prepend(box);
}
