/**
 * Marks where nothing can be kept on the device: each goes to the server by itself, and is called saved when the server
 * has answered, not before. Every mark gets its own operation id at the tap and waits in its row's line: marks of one row
 * go one after the other (each on the revision that the last one made), rows go side by side. A mark without an answer
 * stays at the head of its line, is shown as "Not saved", and is sent again with the same id, so it can count only once.
 */
import type { HtmxRequestCtx } from 'htmx.org';
import { button, fill, problemIn, say, signedOut, toast, uuid, wholePage } from './parts.js';
import {
  check,
  entry,
  idOf,
  isLocked,
  labelOf,
  nameOf,
  radios,
  rowById,
  rowOf,
  rowsOf,
  stateOf,
  tellFace,
  type Marks,
  type Roll,
  type Row,
} from './roll-call-rows.js';
import { actOnList, fieldsOf, pointUndo, valuesOf } from './roll-call-server.js';

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

export function directMarks(roll: Roll, painted: () => void): Marks {
  const { htmx } = window;
  const { words, list, url } = roll;
  const lines = new Map<string, Line>();
  const endings = new Map<string, Ending>();
  const waiting = () => [...lines.values()].filter((line) => line.marks.length > 0);
  const failures = () => [...lines.entries()].filter(([, line]) => line.failed);

  function set(row: Row, state: string): void {
    if (!roll.editable || isLocked(row)) return;
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
      const row = rowById(id);
      if (line.saved && row)
        pointUndo('op_id', mark.op, fill(words.act, { name: nameOf(row), state: labelOf(roll, mark.state) }));
      else keepMine(id, line);
    }
    line.busy = false;
    paint(id);
    const row = rowById(id);
    if (row && line.failed) {
      const state = labelOf(roll, line.marks[0]!.state);
      say(fill(words.said_failed, { name: nameOf(row), state, reason: line.failed }));
    } else if (row && line.saved) {
      say(fill(words.said_saved, { name: nameOf(row), state: labelOf(roll, row.dataset.s ?? '') }));
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
    const active = document.activeElement;
    const focus = active && row.contains(active) ? (active instanceof HTMLInputElement ? active.value : '') : null;
    await htmx.ajax('POST', url, {
      source: row,
      target: row,
      swap: 'outerMorph',
      values: { op_id: mark.op, participant_id: id, presence_state: mark.state, revision: mark.revision },
    });
    const ending = endings.get(mark.op) ?? { drawn: false, status: 0, reason: words.no_answer ?? '' };
    endings.delete(mark.op);
    const drawn = rowById(id);
    if (ending.drawn && drawn) {
      // What the person touched on a radio counts no more, only what the server says.
      check(drawn);
      if (focus !== null && document.activeElement === document.body)
        (radios(drawn).find((radio) => radio.value === focus) ?? entry(drawn))?.focus({ preventScroll: true });
    }
    return ending;
  }

  /** A refused mark that others were waiting behind: they were tapped without having seen the other person's mark. */
  function keepMine(id: string, line: Line): void {
    const last = line.marks.at(-1);
    const mine = rowById(id)?.querySelector<HTMLElement>('.mine');
    if (!last || !mine) return;
    mine.dataset.mine = last.state;
    mine.textContent = fill(words.use_mine, { state: labelOf(roll, last.state) });
    line.marks = [];
  }

  const idle: (() => void)[] = [];
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

  /** The operation id of a mark that was sent from the list. */
  const opOf = (ctx?: HtmxRequestCtx) => (ctx && list.contains(ctx.sourceElement) ? valuesOf(ctx)?.op_id : undefined);

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

  function paint(id: string): void {
    const row = rowById(id);
    const line = lines.get(id);
    if (!row || !line) return;
    const mark = line.marks.at(-1);
    const face = line.failed ? 'fail' : mark ? 'wait' : line.saved ? 'done' : '';
    if (mark) row.dataset.m = mark.state;
    else delete row.dataset.m;
    // The row tells of this mark until the server has answered, whatever the device's outbox says meanwhile.
    row.toggleAttribute('data-direct', !!mark);
    check(row);
    const text = face === 'fail' ? words.failed : face === 'wait' ? words.saving : words.saved;
    tellFace(row, face, text ?? '', line.failed);
    if (face === 'fail') {
      const again = document.createElement('button');
      again.type = 'button';
      again.dataset.retry = '';
      again.textContent = words.retry ?? '';
      row.querySelector('.st')?.append(again);
    }
    painted();
  }

  function tellFailures(): void {
    const open = failures();
    const alerts = document.getElementById('alerts');
    const mine = alerts?.querySelector('[data-failures]');
    if (!open.length) return mine?.remove();
    const text = `${words.failed}: ${open.length}. ${open[0]![1].failed}`;
    const card = toast('problem', text, button(words.retry_all, retryAll));
    if (card) card.dataset.failures = '';
  }

  list.addEventListener('click', (event) => {
    const row = rowOf(event.target);
    if (!row || !(event.target as Element).closest('[data-retry]')) return;
    entry(row)?.focus({ preventScroll: true });
    void pump(idOf(row));
  });

  async function act(address: string, values: Record<string, string>): Promise<void> {
    if (!(await settled())) return;
    acting = true;
    try {
      await actOnList(roll, address, values);
    } finally {
      acting = false;
      for (const [id, line] of lines) if (line.marks.length > 0 && !line.failed) void pump(id);
    }
  }

  return {
    set,
    settled,
    setMany: (rows, state) =>
      act(`${url}/bulk`, {
        batch_id: uuid(),
        presence_state: state,
        scope: 'selected',
        revisions: rows.map((row) => `${idOf(row)}:${row.dataset.r}`).join(','),
      }),
    undo: (form) => act(form.getAttribute('action') ?? '', fieldsOf(form)),
    repaint() {
      for (const row of rowsOf(roll)) {
        if (lines.has(idOf(row))) paint(idOf(row));
        else if (stateOf(row) === row.dataset.s) check(row);
      }
    },
  };
}
