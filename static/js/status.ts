/**
 * The line under the head of every page: what this device holds and how it stands with the server, in words. The line
 * itself is not announced at every change; what a person must hear is said once.
 */
import { device, type Device } from './device.js';
import { askBeforeLeaving } from './leaving.js';
import { amount, button, fill, many, saveFile, say, toast, when, wordsOf, type Words } from './page.js';
import { type Engine, type State } from './sync/engine.js';
import { takeOver, type WorkerState } from './worker/register.js';

const DAY = 86_400_000;

type Tone = 'ok' | 'busy' | 'offline' | 'problem';
interface Told {
  tone: Tone;
  text: string;
  link?: [address: string, text: string | undefined];
  act?: [text: string | undefined, work: () => void];
}

const line = document.getElementById('device');
if (line && device) void start(line, device);

async function start(line: HTMLElement, opening: Promise<Device | null>): Promise<void> {
  const words = wordsOf(line);
  // What stays on top while a register is scrolled stays below this line.
  const measure = () => document.documentElement.style.setProperty('--device', `${line.offsetHeight}px`);
  new ResizeObserver(measure).observe(line);
  const found = await opening;
  if (!found) {
    draw(line, [{ tone: 'problem', text: words.no_storage ?? '' }]);
    return;
  }
  const { engine } = found;
  askBeforeLeaving(found, words);
  let foreign = await engine.foreign();
  let state = await engine.state();
  const send = () =>
    void engine.wake(true).then(async () => {
      if ((await engine.state()).waiting) toast('problem', words.not_sent ?? '');
    });
  const paint = () => draw(line, [told(words, state, send), ...besides(words, state, foreign)]);
  let heard = '';
  const hear = (now: State) => {
    if (now.disputed > state.disputed) say(many(words, 'disputed', now.disputed));
    state = now;
    paint();
    inLists(words, state);
    old(found, words, state);
    // Heard once when it changes, not at every count.
    const { tone, text, link } = told(words, { ...state, sending: 0 }, send);
    if (heard && heard !== tone && tone !== 'busy') say(text || link?.[1] || '');
    if (tone !== 'busy') heard = tone;
  };
  engine.subscribe((now) => {
    hear(now);
    void engine.foreign().then((others) => {
      foreign = others;
      paint();
    });
  });
  for (const event of ['online', 'offline'] as const) addEventListener(event, () => hear(state));
  document.addEventListener('omnipresence:worker', paint);
}

/** The one sentence that matters most. */
function told(words: Words, state: State, send: () => void): Told {
  const { waiting, problem } = state;
  const what = amount(state);
  const kept = waiting ? ` ${fill(words.kept, { what })}` : '';
  const signIn: Told['link'] = ['/login', words.sign_in];
  switch (problem) {
    case 'storage':
      return { tone: 'problem', text: words.storage ?? '' };
    case 'signed_out':
      return waiting
        ? { tone: 'problem', text: '', link: ['/login', fill(words.sign_in_to_send, { what })] }
        : { tone: 'problem', text: words.signed_out ?? '', link: signIn };
    case 'wrong_user':
    case 'locked':
      return { tone: 'problem', text: words[problem] + kept, link: signIn };
    case 'outdated':
    case 'forbidden':
      return { tone: 'problem', text: words[problem] + kept };
    case null:
  }
  const last = state.lastSyncAt ? `, ${fill(words.last_sync, { time: when(state.lastSyncAt) })}` : '';
  const list = (tone: Tone, text: string | undefined): Told => ({
    tone,
    text: '',
    link: ['/waiting', fill(text, { what }) + last],
    act: [words.send, send],
  });
  if (!state.online || !navigator.onLine)
    return waiting ? list('offline', words.offline_kept) : { tone: 'offline', text: words.offline + last };
  if (state.sending) return { tone: 'busy', text: words.sending ?? '' };
  if (waiting) return list('busy', words.waiting);
  return { tone: 'ok', text: words.online ?? '' };
}

/** What stands beside it: that the page is a kept one, refused and disputed marks, other accounts, a new version. */
function besides(words: Words, state: State, foreign: Awaited<ReturnType<Engine['foreign']>>): Told[] {
  const more: Told[] = [];
  const { stored } = document.body.dataset;
  const list = (tone: Tone, text: string) => more.push({ tone, text: '', link: ['/waiting', text] });
  if (stored) more.push({ tone: 'ok', text: fill(words.stored, { time: when(Date.parse(stored)) }) });
  if (state.disputed) list('problem', many(words, 'disputed', state.disputed));
  if (state.refused) list('problem', many(words, 'needs_person', state.refused));
  const [other, second] = foreign;
  if (other) {
    const sum = (name: 'waiting' | 'people') => foreign.reduce((all, each) => all + each[name], 0);
    const what = amount({ waiting: sum('waiting'), people: sum('people') });
    const name = other.name ?? words.another ?? '';
    list('offline', fill(second ? words.foreign_many : words.foreign, { name, what }));
  }
  const worker = document.documentElement.dataset.worker as WorkerState | undefined;
  if (worker === 'update') more.push({ tone: 'ok', text: words.update ?? '', act: [words.reload, takeOver] });
  if (worker === 'none' && once('no-worker')) more.push({ tone: 'ok', text: words.no_worker ?? '' });
  return more;
}

/** Beside each register of a list: what of it was not sent yet. */
function inLists(words: Words, { inSession }: State): void {
  for (const link of document.querySelectorAll('a.row-title')) {
    const [, id] = /^\/sessions\/(\d+)$/.exec(link.getAttribute('href')!) ?? [];
    const side = link.closest('li')?.querySelector('.row-side');
    const count = inSession.get(Number(id));
    side?.querySelector('.tag-kept')?.remove();
    if (!side || !count) continue;
    const tag = document.createElement('span');
    tag.className = 'tag tag-kept';
    tag.textContent = fill(words.unsent, { what: amount(count) });
    side.prepend(tag);
  }
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

/** What a link or a button of the line is, whatever it counts. */
const kindOf = (part: Element) => part.getAttribute('href') ?? part.textContent;
let drawn = '';
function draw(line: HTMLElement, parts: Told[]): void {
  const key = JSON.stringify(parts);
  if (key === drawn) return;
  drawn = key;
  const focused = line.contains(document.activeElement) && kindOf(document.activeElement!);
  line.replaceChildren(
    ...parts.map(({ tone, text, link, act }) => {
      const part = document.createElement('span');
      part.className = `device-${tone}`;
      part.append(text);
      if (link) {
        const a = document.createElement('a');
        a.href = link[0];
        a.textContent = link[1] ?? '';
        part.append(text && ' ', a);
      }
      if (act) part.append(' ', button(...act));
      return part;
    }),
  );
  // Who stands here with the keyboard is not to be thrown to the top of the page.
  if (focused === false) return;
  line.tabIndex = -1;
  ([...line.querySelectorAll<HTMLElement>('a, button')].find((part) => kindOf(part) === focused) ?? line).focus();
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
  box.append(
    text,
    button(words.export, () => void engine.exportOutbox(binding).then(saveFile)),
  );
  document.getElementById('main')?.prepend(box);
}
