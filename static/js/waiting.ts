/** The page "Marks on this device": what waits, what was refused or is disputed, and what a person can do about it. Filled on the device. */
import { type Device } from './device.js';
import { amount, button, fill, saveFile, toast, when, wordsOf } from './parts.js';
import { type Item, type State } from './sync/engine.js';

const page = document.getElementById('waiting');
if (page) void start(page);

async function start(page: HTMLElement): Promise<void> {
  const words = wordsOf(page);
  const states = JSON.parse(page.dataset.states ?? '[]') as { code: string; label: string }[];
  const found = await window.device;
  if (!found) return void toast('problem', words.no_storage ?? '');
  const { engine, binding }: Device = found;
  const part = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
  function lineOf(title: string, meta: string[], more: Node[] = []): HTMLLIElement {
    const line = document.createElement('li');
    const main = document.createElement('div');
    main.className = 'row-main';
    const strong = document.createElement('strong');
    strong.textContent = title;
    const small = document.createElement('p');
    small.className = 'row-meta';
    small.textContent = meta.filter(Boolean).join(' · ');
    main.append(strong, small);
    const side = document.createElement('div');
    side.className = 'row-side';
    side.append(...more);
    line.append(main, side);
    return line;
  }

  const stateOf = (code: string | null) => states.find((state) => state.code === code)?.label ?? code;

  /** What somebody else says of the same person. */
  function theirsOf(theirs: Item['row']['current']): string {
    const name = theirs?.recorded_by ?? words.somebody ?? '';
    const state = stateOf(theirs?.presence_state ?? null);
    return state ? fill(words.theirs, { name, state }) : fill(words.theirs_away, { name });
  }

  function itemLine({ row, person, session }: Item): HTMLLIElement {
    const { op } = row;
    const remove = () => {
      if (confirm(words.dismiss_sure)) void engine.dismiss(binding, row.op_id);
    };
    const isReadable = typeof op === 'object' && op !== null;
    const what = !isReadable
      ? ''
      : op.kind === 'participant'
        ? words.new_person
        : (stateOf(op.presence_state) ?? words.take_away);
    const register = session ?? (row.session === '' ? '' : fill(words.session, { id: row.session }));
    const refused = row.status === 'refused';
    const disputed = row.status === 'settled';
    const why = refused
      ? (words[`code_${row.code}`] ?? words.code_other)
      : disputed
        ? theirsOf(row.current)
        : row.trouble
          ? words.too_large
          : words.waiting;
    const meta = [register, when(row.captured_at), why ?? ''];
    const more = [];
    if (disputed) {
      const link = document.createElement('a');
      link.className = 'btn btn-sm';
      link.href = `/sessions/${row.session}#p${row.person}`;
      link.textContent = words.decide ?? '';
      more.push(link);
    }
    if (refused) more.push(button(words.dismiss, remove));
    return lineOf(`${person ?? fill(words.person, { id: row.person })}${what ? `: ${what}` : ''}`, meta, more);
  }

  const askFor = (state: State) => fill(words.type_count, { count: state.waiting, what: amount(state) });

  function section(id: string, lines: HTMLLIElement[]): void {
    part(id).hidden = lines.length === 0;
    part(id)
      .querySelector('ul')
      ?.replaceChildren(...lines);
  }

  async function handIn(of: string): Promise<void> {
    if (!confirm(words.hand_in_sure)) return;
    const left = await engine.handInOnBehalf(of);
    if (left === null) toast('done', words.handed_in ?? '');
    else toast('problem', fill(words.hand_in_left, { reason: words[`reason_${left}`] ?? words.reason_other ?? '' }));
    await draw(await engine.state());
    if (left === null) await freshNavigation().catch(() => undefined);
  }

  /** Beside the navigation stands how much waits for an administrator: that has just become more. */
  async function freshNavigation(): Promise<void> {
    const html = await (await fetch(location.href)).text();
    const nav = new DOMParser().parseFromString(html, 'text/html').querySelector('.nav');
    if (nav) document.querySelector('.nav')?.replaceWith(nav);
  }

  let waiting = 0;
  let nextTryAt: number | null = null;
  const [organization] = binding.split(':');
  async function draw(state: State): Promise<void> {
    const items = await engine.list(binding);
    const others = await engine.foreign();
    const of = (status: string) => items.filter((item) => item.row.status === status);
    section('refused', of('refused').map(itemLine));
    section('disputed', of('settled').map(itemLine));
    section('queued', of('waiting').map(itemLine));
    // Of other accounts no more than how many marks wait; handed in are only those of this organization.
    section(
      'others',
      others.map((other) => {
        const mayHandIn = page.dataset.administrator && other.binding.startsWith(`${organization}:`);
        return lineOf(
          `${other.name ?? words.another}: ${amount(other)}`,
          [],
          mayHandIn ? [button(words.hand_in, () => void handIn(other.binding))] : [],
        );
      }),
    );
    ({ waiting, nextTryAt } = state);
    part('waiting-empty').hidden = items.length + others.length > 0;
    part('waiting-acts').hidden = items.length === of('settled').length;
    part('discard').hidden = waiting === 0;
    part('lasting').hidden = waiting === 0 || isLasting === undefined;
    part('discard-label').textContent = askFor(state);
    count();
  }

  /** Counts down to the next try. */
  function count(): void {
    const seconds = Math.ceil(((nextTryAt ?? 0) - Date.now()) / 1_000);
    part('next-try').textContent = waiting && seconds > 0 ? fill(words.next_try, { seconds }) : '';
  }
  setInterval(count, 1_000);

  page.addEventListener('click', (event) => {
    const act = (event.target as Element).closest<HTMLElement>('[data-act]')?.dataset.act;
    if (act === 'export') void engine.exportOutbox(binding).then(saveFile);
    if (act !== 'send') return;
    void engine.wake(true).then(async () => {
      const left = (await engine.state()).waiting;
      toast(left ? 'problem' : 'done', (left ? words.not_sent : words.sent) ?? '');
    });
  });

  const isLasting = await navigator.storage?.persisted?.().catch(() => undefined);
  part('lasting').textContent = (isLasting ? words.lasting : words.not_lasting) ?? '';

  const form = part('discard').querySelector('form')!;
  const typed = form.querySelector('input')!;
  const gone = form.querySelector('button')!;
  typed.addEventListener('input', () => (gone.disabled = typed.value.trim() !== String(waiting)));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void engine.discard(binding, Number(typed.value)).then(async (isDone) => {
      form.reset();
      gone.disabled = true;
      // Some were sent, or came, meanwhile.
      const state = await engine.state();
      if (!isDone && state.waiting) toast('problem', askFor(state));
    });
  });

  // One after the other; a change that comes meanwhile is drawn once more.
  let drawing: Promise<void> | null = null;
  let state: State;
  let drawn: State | null = null;
  engine.subscribe((now) => {
    state = now;
    drawing ??= (async () => {
      while (drawn !== state) await draw((drawn = state));
    })().finally(() => (drawing = null));
  });
}
