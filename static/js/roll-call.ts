/**
 * The roll call: one tap or one key a person, each mark sent by itself.
 *
 * A mark is called saved when the server has answered, not before. Every mark gets its own operation id at the tap and
 * waits in its row's line: marks of one row go one after the other (each on the revision that the last one made), rows go
 * side by side. A mark without an answer stays at the head of its line, is shown as "Not saved", and is sent again with
 * the same id, so it can count only once.
 *
 * The rows carry no behaviour: everything is delegated from the list, and can be laid over a list that was drawn anew.
 */
import type { HtmxRequestCtx } from 'htmx.org';
import { fill, fold, problemIn, say, signedOut, toast, uuid, wholePage, wordsOf } from './page.js';

interface Mark {
  op: string;
  /** Code of a state; '' takes the mark away. */
  state: string;
  /** Fixed at the first sending: a repetition must be the same operation. */
  revision?: string;
}

interface Line {
  marks: Mark[];
  busy: boolean;
  /** Why the head of the line is not saved; '' while it is on its way. */
  failed: string;
  /** Shown after the answer until the next act in the list. */
  saved: boolean;
}

/** How a sending ended. `drawn`: the server's row is on the page. `refused`: it said no, and would say so again. */
interface Ending {
  drawn: boolean;
  refused?: boolean;
  status: number;
  reason: string;
}

const roll = document.getElementById('roll');
const list = document.getElementById('register');
if (roll && list) start(roll, list);

function start(roll: HTMLElement, list: HTMLElement): void {
  const { htmx } = window;
  const words = wordsOf(roll);
  const url = roll.dataset.url ?? '';
  const states = JSON.parse(roll.dataset.states ?? '[]') as { code: string; label: string; shortcut: string | null }[];
  const byKey = new Map(states.flatMap((s) => (s.shortcut ? [[s.shortcut.toLowerCase(), s.code] as const] : [])));
  const labelOf = (code: string) => states.find((s) => s.code === code)?.label ?? words.cleared ?? '';
  const editable = !!document.getElementById('pick');

  /* ---- rows ---- */

  const idOf = (row: Element) => row.id.slice(1);
  const rowOf = (node: EventTarget | null) =>
    (node as Element | null)?.closest<HTMLLIElement>('#register > li') ?? null;
  const rowById = (id: string) => document.getElementById(`p${id}`) as HTMLLIElement | null;
  const rows = () => Array.from(list.children) as HTMLLIElement[];
  const shownRows = () => rows().filter((row) => !row.hidden);
  const radios = (row: Element) => Array.from(row.querySelectorAll<HTMLInputElement>('input[type=radio]'));
  const nameOf = (row: Element) =>
    Array.from(row.querySelector('a')?.childNodes ?? [], (node) => (node.nodeName === 'U' ? '' : node.textContent))
      .join('')
      .trim();

  /* ---- one mark after the other ---- */

  const lines = new Map<string, Line>();
  const endings = new Map<string, Ending>();
  const waiting = () => [...lines.values()].filter((line) => line.marks.length > 0);
  const failures = () => [...lines.entries()].filter(([, line]) => line.failed);

  function set(row: HTMLLIElement, state: string): void {
    if (!editable || row.querySelector('fieldset')?.disabled) return;
    const id = idOf(row);
    const line = lines.get(id) ?? { marks: [], busy: false, failed: '', saved: false };
    const last = line.marks.at(-1)?.state ?? row.dataset.s ?? '';
    if (last === state && !line.failed) return paint(id);
    if (last !== state) line.marks.push({ op: uuid(), state });
    lines.set(id, line);
    void pump(id);
  }

  /** An act on the whole list is on its way. */
  let acting = false;

  async function pump(id: string): Promise<void> {
    const line = lines.get(id);
    if (!line || line.busy) return;
    // The answer to an act on the list draws every row: a tap waits for it, or one of the two would show the past.
    if (acting) return paint(id);
    line.busy = true;
    line.failed = '';
    line.saved = false;
    while (line.marks.length) {
      paint(id);
      const mark = line.marks[0]!;
      const ending = await send(id, mark);
      if (ending.refused) {
        line.marks = [];
        const row = rowById(id);
        toast('problem', `${row ? nameOf(row) : ''}: ${ending.reason}`);
        break;
      }
      if (!ending.drawn) {
        line.failed = ending.reason;
        break;
      }
      line.marks.shift();
      line.saved = ending.status < 400;
      if (line.saved) remember(id, mark);
      else keepMine(id, line);
    }
    line.busy = false;
    paint(id);
    const row = rowById(id);
    if (row && line.failed) {
      say(fill(words.said_failed, { name: nameOf(row), state: labelOf(line.marks[0]!.state), reason: line.failed }));
    } else if (row && line.saved) {
      say(fill(words.said_saved, { name: nameOf(row), state: labelOf(row.dataset.s ?? '') }));
      setTimeout(() => {
        if (line.saved && !line.marks.length) {
          line.saved = false;
          paint(id);
        }
      }, 4000);
    }
    tellFailures();
    if (!waiting().some((other) => other.busy)) idle.splice(0).forEach((done) => done());
  }

  async function send(id: string, mark: Mark): Promise<Ending> {
    const row = rowById(id);
    if (!row) return { drawn: false, status: 0, reason: '' };
    mark.revision ??= row.dataset.r ?? '0';
    const focus = focusIn(row);
    await htmx.ajax('POST', url, {
      source: row,
      target: row,
      swap: 'outerMorph',
      values: { op_id: mark.op, participant_id: id, presence_state: mark.state, revision: mark.revision },
    });
    const ending = endings.get(mark.op) ?? { drawn: false, status: 0, reason: words.no_answer ?? '' };
    endings.delete(mark.op);
    if (ending.drawn) sync(id, focus);
    return ending;
  }

  /** The answer's row was morphed in: what the person touched on a radio counts no more, only what the server says. */
  function sync(id: string, focus: string | null): void {
    const row = rowById(id);
    if (!row) return;
    for (const radio of radios(row)) radio.checked = radio.defaultChecked;
    if (focus !== null && document.activeElement === document.body) {
      const found = radios(row).find((radio) => radio.value === focus) ?? entry(row);
      found?.focus({ preventScroll: true });
    }
  }

  function focusIn(row: Element): string | null {
    const active = document.activeElement;
    return active && row.contains(active) ? (active instanceof HTMLInputElement ? active.value : '') : null;
  }

  /** A refused mark that others were waiting behind: they were tapped without having seen the other person's mark. */
  function keepMine(id: string, line: Line): void {
    const last = line.marks.at(-1);
    const button = rowById(id)?.querySelector<HTMLElement>('.mine');
    if (!last || !button) return;
    button.dataset.mine = last.state;
    button.textContent = fill(words.use_mine, { state: labelOf(last.state) });
    line.marks = [];
  }

  const idle: (() => void)[] = [];
  /** Resolves when nothing is on its way. @returns false when marks are left that could not be saved */
  async function settled(): Promise<boolean> {
    if (waiting().some((line) => line.busy)) await new Promise<void>((done) => idle.push(done));
    const open = failures().length;
    if (open) toast('problem', fill(words.unsaved_first, { count: open }));
    return open === 0;
  }

  function retryAll(): void {
    for (const [id] of failures()) void pump(id);
  }
  addEventListener('online', retryAll);

  addEventListener('beforeunload', (event) => {
    if (waiting().length) event.preventDefault();
  });

  /* ---- htmx: what goes out, what comes back ---- */

  const valuesOf = (ctx?: HtmxRequestCtx) => (ctx as { values?: Record<string, string> } | undefined)?.values;
  /** The operation id of a mark that was sent from the list. */
  const opOf = (ctx?: HtmxRequestCtx) => (ctx && list.contains(ctx.sourceElement) ? valuesOf(ctx)?.op_id : undefined);

  // Rows and list lie in the plain form, and htmx would send all of it: only what was meant goes.
  document.addEventListener('htmx:config:request', (event) => {
    const { ctx } = event.detail;
    const values = valuesOf(ctx);
    if (!values || (ctx.sourceElement !== roll && !list.contains(ctx.sourceElement))) return;
    const body = new FormData();
    for (const [name, value] of Object.entries(values)) body.set(name, value);
    ctx.request.body = body;
    ctx.request.timeout = 20_000;
  });

  // Before htmx follows a redirect to the sign-in page: the marks that wait here would be lost.
  document.addEventListener('htmx:after:request', (event) => {
    const { ctx } = event.detail;
    const op = opOf(ctx);
    if (op && signedOut(ctx)) endings.set(op, { drawn: false, status: 401, reason: words.signed_out ?? '' });
  });

  document.addEventListener('htmx:before:swap', (event) => {
    const { ctx } = event.detail;
    const op = opOf(ctx);
    if (!op || !ctx.response) return;
    const { status } = ctx.response;
    const holdsRow = !wholePage(ctx) && new RegExp(`id=["']?${ctx.target.id}["'\\s>]`).test(ctx.text ?? '');
    const drawn = holdsRow && status < 500 && !signedOut(ctx);
    const told = drawn ? '' : problemIn(ctx);
    const refused = !!told && status < 500 && ![401, 408, 425, 429].includes(status);
    const reason = signedOut(ctx) ? words.signed_out : told || fill(words.server, { status });
    endings.set(op, { drawn, refused, status, reason: reason ?? '' });
    if (!drawn) event.preventDefault();
  });

  // Rows, lists or the tally were drawn by somebody else (a note, an undo, a bulk mark): lay our own things over them.
  document.addEventListener('htmx:after:swap', (event) => {
    const { ctx } = event.detail;
    if (opOf(ctx)) return;
    for (const row of rows()) if (lines.has(idOf(row)) || row.id === ctx.target?.id) paint(idOf(row));
    if (picking) for (const row of rows()) addPick(row);
    order();
    filter();
    const rest = document.querySelector<HTMLButtonElement>('#mark-all button');
    if (rest) rest.disabled = unmarked() === 0;
  });
  document.addEventListener('htmx:after:settle', () => {
    const rest = document.querySelector<HTMLButtonElement>('#mark-all button');
    if (rest) rest.disabled = unmarked() === 0;
  });

  const unmarked = () => Number(document.getElementById('tally')?.dataset.unmarked ?? 0);

  /* ---- what a row shows beside the server's word ---- */

  function paint(id: string): void {
    const row = rowById(id);
    if (!row) return;
    const line = lines.get(id);
    const mark = line?.marks.at(-1);
    const face = line?.failed ? 'fail' : mark ? 'wait' : line?.saved ? 'done' : '';
    row.classList.remove('fail', 'wait', 'done');
    if (face) row.classList.add(face);
    if (mark) for (const radio of radios(row)) radio.checked = radio.value === mark.state;
    else for (const radio of radios(row)) radio.checked = radio.value === (row.dataset.s ?? '');
    let status = row.querySelector<HTMLElement>('.st');
    if (!face) status?.remove();
    else {
      if (!status) {
        status = document.createElement('span');
        status.className = 'st';
        row.firstElementChild?.append(status);
      }
      if (status.dataset.face !== face) {
        status.dataset.face = face;
        status.textContent = (face === 'fail' ? words.failed : face === 'wait' ? words.saving : words.saved) ?? '';
        if (face === 'fail') {
          const again = document.createElement('button');
          again.type = 'button';
          again.dataset.retry = '';
          again.textContent = words.retry ?? '';
          status.append(again);
        }
      }
      status.title = line?.failed ?? '';
    }
    row.hidden = !fits(row);
    if (picking) addPick(row);
  }

  function tellFailures(): void {
    const open = failures();
    const alerts = document.getElementById('alerts');
    const mine = alerts?.querySelector('[data-failures]');
    if (!open.length) return mine?.remove();
    toast('problem', `${words.failed}: ${open.length}. ${open[0]![1].failed}`);
    const card = alerts?.firstElementChild as HTMLElement | null;
    if (!card) return;
    card.dataset.failures = '';
    const again = document.createElement('button');
    again.type = 'button';
    again.className = 'btn btn-sm';
    again.textContent = words.retry_all ?? '';
    again.addEventListener('click', retryAll);
    card.querySelector('p')?.after(again);
  }

  /** The undo button now means this mark. After a reload the server says what it means. */
  function remember(id: string, mark: Mark): void {
    const form = document.getElementById('undo');
    const field = form?.querySelector<HTMLInputElement>('input');
    const button = form?.querySelector('button');
    const row = rowById(id);
    if (!form || !field || !button || !row) return;
    field.name = 'op_id';
    field.value = mark.op;
    button.disabled = false;
    const text = form.querySelector('.undo-text');
    if (text) text.textContent = fill(words.act, { name: nameOf(row), state: labelOf(mark.state) });
  }

  /* ---- taps ---- */

  list.addEventListener('change', (event) => {
    const input = event.target as HTMLInputElement;
    const row = rowOf(input);
    if (row && input.type === 'radio') set(row, input.value);
    else if (row && input.matches('.pick')) pickedChanged();
  });

  list.addEventListener('click', (event) => {
    const target = event.target as HTMLElement;
    const row = rowOf(target);
    if (!row) return;
    const mine = target.closest<HTMLElement>('[data-mine]');
    if (mine) {
      entry(row)?.focus({ preventScroll: true });
      const line = lines.get(idOf(row));
      if (line) line.saved = false;
      set(row, mine.dataset.mine ?? '');
    }
    if (target.closest('[data-retry]')) {
      entry(row)?.focus({ preventScroll: true });
      void pump(idOf(row));
    }
    if (target.matches('.pick')) pickRange(row, (event as MouseEvent).shiftKey);
  });

  // With script a mark saves itself; Enter in the list must not send the plain form.
  list.closest('form')?.addEventListener('submit', (event) => event.preventDefault());

  /* ---- keys ---- */

  const singleKeys = document.getElementById('single-keys') as HTMLInputElement | null;
  const remembered = (() => {
    try {
      return localStorage.getItem('single-keys');
    } catch {
      return null;
    }
  })();
  if (singleKeys) {
    singleKeys.checked = remembered !== 'off';
    singleKeys.addEventListener('change', () => {
      try {
        localStorage.setItem('single-keys', singleKeys.checked ? 'on' : 'off');
      } catch {
        // A browser that keeps nothing forgets this too.
      }
    });
  }

  /** Where the focus goes in a row: its state, or the first one. */
  const entry = (row: Element) =>
    row.querySelector<HTMLInputElement>('input[type=radio]:checked') ??
    row.querySelector<HTMLInputElement>('input[type=radio]');

  function go(from: HTMLLIElement | null, step: 1 | -1, focused: Element | null): void {
    let row = (
      from ? (step > 0 ? from.nextElementSibling : from.previousElementSibling) : list.firstElementChild
    ) as HTMLLIElement | null;
    while (row?.hidden) row = (step > 0 ? row.nextElementSibling : row.previousElementSibling) as HTMLLIElement | null;
    if (row) enter(row, focused);
  }

  /** Keeps to the kind of control that has the focus: from link to link, from box to box, else to the state. */
  function enter(row: Element, focused: Element | null): void {
    const kind = focused?.matches('a') ? 'a' : focused?.matches('.pick') ? '.pick' : null;
    const target =
      (kind && row.querySelector<HTMLElement>(kind)) || (editable ? entry(row) : null) || row.querySelector('a');
    target?.focus();
  }

  list.addEventListener('keydown', (event) => {
    const row = rowOf(event.target);
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const focused = document.activeElement;
    const radio = focused instanceof HTMLInputElement && focused.type === 'radio' ? focused : null;
    const forward = document.documentElement.dir === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
    switch (event.key) {
      case 'ArrowDown':
        go(row, 1, focused);
        break;
      case 'ArrowUp':
        go(row, -1, focused);
        break;
      case 'ArrowLeft':
      case 'ArrowRight': {
        // Radios would select on an arrow, and so save: only the focus moves.
        const all = radios(row);
        const at = radio ? all.indexOf(radio) : -1;
        const to = event.key === forward ? Math.min(at + 1, all.length - 1) : Math.max(at - 1, 0);
        all[to]?.focus();
        break;
      }
      case 'Home':
      case 'End': {
        const target = event.key === 'Home' ? shownRows()[0] : shownRows().at(-1);
        if (target) enter(target, focused);
        break;
      }
      case ' ':
      case 'Enter':
        if (!radio) return;
        set(row, radio.value);
        break;
      case 'Delete':
      case 'Backspace':
        if (!radio) return;
        set(row, '');
        break;
      case 'Escape':
        if (!picking) return;
        endPicking();
        break;
      default: {
        if (!singleKeys?.checked || event.repeat || event.key.length !== 1) return;
        if (event.key === '/') {
          find?.focus();
          break;
        }
        const code = byKey.get(event.key.toLowerCase());
        if (code === undefined) return;
        set(row, code);
        go(row, 1, radio);
      }
    }
    event.preventDefault();
  });
  document.getElementById('keys-open')?.addEventListener('click', () => {
    (document.getElementById('keys') as HTMLDialogElement | null)?.showModal();
  });

  /* ---- search and order ---- */

  const find = document.getElementById('find') as HTMLInputElement | null;
  const sort = document.getElementById('sort') as HTMLSelectElement | null;
  const folded = new Map<string, string>();
  let needle: string[] = [];
  let nextPlace = 0;
  const places = new Map<string, number>();
  for (const row of rows()) places.set(row.id, nextPlace++);

  /** Only what the person sees of somebody is searched: the name and the identifier. */
  function fits(row: HTMLLIElement): boolean {
    if (!needle.length) return true;
    let text = folded.get(row.id);
    if (text === undefined) {
      text = fold(`${nameOf(row)} ${row.querySelector('small')?.textContent ?? ''}`);
      folded.set(row.id, text);
    }
    return needle.every((part) => text.includes(part));
  }

  function filter(): void {
    let count = 0;
    for (const row of rows()) {
      row.hidden = !fits(row);
      if (!row.hidden) count++;
    }
    const none = document.getElementById('none');
    if (none) none.hidden = count > 0 || !rows().length;
    if (needle.length) say(fill(words.shown, { count }));
  }

  function order(): void {
    const all = rows();
    for (const row of all) if (!places.has(row.id)) places.set(row.id, nextPlace++);
    const open = (row: HTMLElement) => (sort?.value === 'open' && (row.dataset.s ?? '') !== '' ? 1 : 0);
    const sorted = [...all].sort((a, b) => open(a) - open(b) || places.get(a.id)! - places.get(b.id)!);
    if (sorted.every((row, at) => row === all[at])) return;
    const active = document.activeElement as HTMLElement | null;
    list.append(...sorted);
    if (active && list.contains(active)) active.focus({ preventScroll: true });
  }

  let frame = 0;
  find?.addEventListener('input', () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => {
      needle = fold(find.value).split(' ').filter(Boolean);
      filter();
    });
  });
  function clearFind(): void {
    if (find) find.value = '';
    needle = [];
    filter();
  }
  find?.addEventListener('keydown', (event) => {
    const first = shownRows()[0];
    if (event.key === 'Escape') clearFind();
    if ((event.key === 'Escape' || event.key === 'Enter' || event.key === 'ArrowDown') && first) {
      event.preventDefault();
      enter(event.key === 'Escape' ? (shownRows()[0] ?? first) : first, null);
    }
  });
  document.getElementById('find-clear')?.addEventListener('click', () => {
    clearFind();
    find?.focus();
  });
  sort?.addEventListener('change', order);
  // A browser that comes back to this page may have kept what was typed.
  if (find?.value) find.dispatchEvent(new Event('input'));

  /* ---- select several ---- */

  let picking = false;
  let anchor: HTMLLIElement | null = null;
  const bar = document.getElementById('picked');
  const pickButton = document.getElementById('pick');
  const boxOf = (row: Element) => row.querySelector<HTMLInputElement>('.pick');
  const pickedRows = () => rows().filter((row) => boxOf(row)?.checked);

  function addPick(row: HTMLLIElement): void {
    if (boxOf(row) || row.querySelector('fieldset')?.disabled) return;
    const box = document.createElement('input');
    box.type = 'checkbox';
    box.className = 'pick';
    box.autocomplete = 'off';
    box.setAttribute('aria-label', fill(words.select, { name: nameOf(row) }));
    row.firstElementChild?.prepend(box);
  }

  function startPicking(): void {
    picking = true;
    anchor = null;
    roll.classList.add('js-picking');
    pickButton?.setAttribute('aria-pressed', 'true');
    for (const row of rows()) addPick(row);
    if (bar) bar.hidden = false;
    pickedChanged();
  }

  function endPicking(): void {
    picking = false;
    roll.classList.remove('js-picking');
    pickButton?.setAttribute('aria-pressed', 'false');
    const inside = document.activeElement?.matches('.pick') || bar?.contains(document.activeElement);
    for (const row of rows()) boxOf(row)?.remove();
    if (bar) bar.hidden = true;
    if (inside) pickButton?.focus();
  }

  function pickRange(row: HTMLLIElement, range: boolean): void {
    const on = boxOf(row)?.checked ?? false;
    if (range && anchor?.isConnected) {
      const all = shownRows();
      const [from, to] = [all.indexOf(anchor), all.indexOf(row)].sort((a, b) => a - b);
      for (const other of all.slice(from, to! + 1)) {
        const box = boxOf(other);
        if (box) box.checked = on;
      }
      pickedChanged();
    }
    anchor = row;
  }

  function pickedChanged(): void {
    const count = pickedRows().length;
    const text = document.getElementById('picked-count');
    if (text) text.textContent = fill(words.selected, { count });
    for (const button of bar?.querySelectorAll<HTMLButtonElement>('[data-set]') ?? []) button.disabled = count === 0;
  }

  pickButton?.addEventListener('click', () => (picking ? endPicking() : startPicking()));
  document.getElementById('picked-end')?.addEventListener('click', endPicking);
  document.getElementById('picked-all')?.addEventListener('click', () => {
    const boxes = shownRows().flatMap((row) => boxOf(row) ?? []);
    const on = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = on;
    pickedChanged();
  });
  bar?.addEventListener('click', (event) => {
    const button = (event.target as Element).closest<HTMLElement>('[data-set]');
    if (button) void setPicked(button.dataset.set ?? '');
  });

  async function setPicked(state: string): Promise<void> {
    if (!(await settled())) return;
    const chosen = pickedRows();
    if (!chosen.length) return;
    await act(`${url}/bulk`, {
      batch_id: uuid(),
      presence_state: state,
      scope: 'selected',
      revisions: chosen.map((row) => `${idOf(row)}:${row.dataset.r}`).join(','),
    });
    endPicking();
  }

  /* ---- acts on the whole list ---- */

  /** The answer draws the list (or rows out of band), the tally, the undo button and the notice. */
  async function act(address: string, values: Record<string, string>): Promise<void> {
    roll.dataset.what = words.marks;
    acting = true;
    try {
      await htmx.ajax('POST', address, { source: roll, target: list, swap: 'innerHTML settle:0', values });
    } finally {
      acting = false;
      for (const [id, line] of lines) if (line.marks.length > 0 && !line.failed) void pump(id);
    }
  }

  // Forms of the page that touch marks: wait for what is on its way, then send. One click, one act.
  document.addEventListener('submit', (event) => {
    const form = event.target as HTMLFormElement;
    if (form.matches('[data-clear]')) {
      const row = rowById(form.dataset.clear ?? '');
      if (!row) return;
      event.preventDefault();
      form.closest('dialog')?.close();
      return set(row, '');
    }
    const kind = form.matches('[data-complete]')
      ? 'complete'
      : form.matches('#mark-all, #undo, [data-undo]')
        ? 'list'
        : null;
    if (!kind) return;
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = 'yes';
    void submitted(form, kind).finally(() => delete form.dataset.busy);
  });

  async function submitted(form: HTMLFormElement, kind: 'complete' | 'list'): Promise<void> {
    if (!(await settled())) return;
    const action = form.getAttribute('action') ?? '';
    if (kind === 'list') {
      const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
      await act(action, form.id === 'mark-all' ? { ...values, batch_id: uuid() } : values);
      form.closest('.toast-card')?.remove();
      return;
    }
    const open = unmarked();
    if (open && !confirm(fill(words.complete_open, { count: open }))) return;
    roll.dataset.what = words.the_register;
    await htmx.ajax('POST', action, { source: roll, target: '#session-head', swap: 'outerHTML', values: {} });
  }
}
