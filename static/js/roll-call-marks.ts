/**
 * Marks by way of the device: every tap is an operation in the outbox before anything is said, and the rows show what the
 * outbox and the answers to it say, laid over what the server drew. The same with network and without.
 */
import type { Draft, Name, OpRow, ParticipantDraft, PresenceDraft, State } from './sync/engine.js';
import { type Device } from './device.js';
import { button, fill, say, toast, uuid } from './parts.js';
import { drawPeople, type Added } from './roll-call-people.js';
import {
  check,
  entry,
  idOf,
  isLocked,
  labelOf,
  nameOf,
  refOf,
  rowById,
  rowOf,
  rowsOf,
  stateOf,
  tellFace,
  type Marks,
  type Roll,
  type Row,
} from './roll-call-rows.js';
import { actOnList, fieldsOf, pointUndo } from './roll-call-server.js';

/** How long "Saved" stands beside a row. Milliseconds. */
const SAVED_STANDS = 4_000;
/** How long good news stands at least. Milliseconds. */
const STANDS = 12_000;
/** How long an act that needs the server waits for the marks before it. Milliseconds. */
const PATIENCE = 10_000;

/** What is said of somebody who was added here. */
const FACES = { kept: 'kept', fail: 'refused', held: 'parked' } as const;

export interface DeviceMarks extends Marks {
  /** Puts somebody new into the outbox, and tells it. @returns false when that was not stored; the person has been told */
  add(person: ParticipantDraft, name: string): Promise<boolean>;
}

/**
 * @param direct takes over for a mark that the device cannot keep
 * @param painted called after rows were painted
 */
export function deviceMarks(
  roll: Roll,
  { engine, binding, captured }: Device,
  direct: () => Marks,
  painted: (hasNewRows: boolean) => void,
): DeviceMarks {
  const { overlay, lastAct, undoOf } = globalThis.deviceEngine!;
  const { words, list, session } = roll;
  let ops: OpRow[] = [];
  let state: State | null = null;
  /** Taps that are not on the disk yet: what the row shows meanwhile. */
  const tapped = new Map<string, { state: string }>();
  /** Rows whose newest mark had not arrived when they were painted last. */
  const onTheWay = new Set<string>();
  const justSaved = new Map<string, ReturnType<typeof setTimeout>>();
  /** Rows whose dispute this page told: it ends when the person has chosen. */
  const disputes = new Set<string>();

  /* ---- capture ---- */

  function draftOf(row: Row, to: string, more: Partial<PresenceDraft> = {}): PresenceDraft {
    return {
      kind: 'presence',
      session_id: session,
      participant_id: refOf(row),
      presence_state: to || null,
      shown_revision: Number(row.dataset.r ?? 0),
      shown_state: stateOf(row) || null,
      ...more,
    };
  }

  const personName = (row: Row): Name => {
    const ref = refOf(row);
    return { kind: 'person', id: typeof ref === 'number' ? ref : ref.op, name: nameOf(row) };
  };

  /** @returns the op_ids, or null when nothing was stored */
  async function store(drafts: Draft[], names: Name[]): Promise<string[] | null> {
    try {
      const made = await engine.capture(binding, drafts, [
        { kind: 'session', id: session, name: roll.sessionName },
        ...names,
      ]);
      captured();
      return made.map((op) => op.op_id);
    } catch (error) {
      const { reason } = error as { reason?: string };
      const away = reason === 'locked' && (await engine.state()).away;
      toast('problem', (away ? words.signed_out : reason === 'locked' ? words.locked : words.not_kept) ?? '');
      if (reason === 'locked') void engine.wake(true);
      return reason === 'locked' ? [] : null;
    }
  }

  async function mark(rows: Row[], to: string, more: Partial<PresenceDraft> = {}): Promise<string[]> {
    const drafts = rows.map((row) => draftOf(row, to, more));
    const tap = { state: to };
    for (const row of rows) {
      tapped.set(idOf(row), tap);
      paint(row, []);
    }
    const made = await store(drafts, rows.map(personName));
    await refresh();
    for (const row of rows) if (tapped.get(idOf(row)) === tap) tapped.delete(idOf(row));
    paintAll();
    // The device could not keep it: it goes straight to the server, and is called saved when that has answered.
    if (!made) for (const row of rows) direct().set(row, to);
    return made ?? [];
  }

  function set(row: Row, to: string): void {
    if (!roll.editable || isLocked(row)) return;
    if (stateOf(row) === to) return check(row);
    void mark([row], to).then(([op]) => {
      if (!op) return;
      const params = { name: nameOf(row), state: labelOf(roll, to) };
      pointUndo('op_id', op, fill(words.act, params));
      if (!isOnline()) say(fill(words.said_kept, params));
    });
  }

  async function setMany(rows: Row[], to: string): Promise<void> {
    const changed = rows.filter((row) => stateOf(row) !== to && !isLocked(row));
    if (!changed.length) return;
    const act_id = uuid();
    const made = await mark(changed, to, { act_id });
    if (!made.length) return;
    const told = { count: made.length, state: labelOf(roll, to) };
    pointUndo('batch_id', act_id, fill(words.many, told));
    done(fill(words.many_done, told), words.undo, () =>
      (document.getElementById('undo') as HTMLFormElement | null)?.requestSubmit(),
    );
  }

  /** Good news, with what can be done about it; it leaves by itself, but not while somebody is at it. */
  function done(text: string, act?: string, work?: () => void): void {
    const more = button(act, () => {
      card?.remove();
      work?.();
    });
    const card = toast('done', text, work && more);
    const leave = () => {
      setTimeout(() => (card?.matches(':hover, :focus-within') ? leave() : card?.remove()), STANDS);
    };
    leave();
  }

  /* ---- undo ---- */

  const isOnline = () => navigator.onLine && state?.online !== false;
  const isOf = (row: OpRow, act: string) => row.op.kind === 'presence' && (row.op_id === act || row.op.act_id === act);

  async function undo(form: HTMLFormElement): Promise<void> {
    const fields = fieldsOf(form);
    const act = fields.op_id || fields.batch_id || '';
    await refresh();
    const rows = ops.filter((row) => isOf(row, act));
    const waits = rows.some((row) => row.status === 'waiting');
    // What the server has, the server takes back: it knows the note and the times from before, too.
    if (!waits && (isOnline() || !rows.length)) return actOnList(roll, form.getAttribute('action') ?? '', fields);
    const drafts = undoOf({ id: act, rows, waiting: waits }, ops, uuid());
    if (!drafts.length || !(await store(drafts, []))?.length) return;
    pointUndo('batch_id', '', '');
    await refresh();
    paintAll();
    done(fill(drafts.length === 1 ? words.undone_one : words.undone, { count: drafts.length }));
  }

  /** At the start: the newest act may be one that the server had not seen when it drew the page. */
  function pointAtNewest(): void {
    const newest = ops.filter((row) => row.op.kind === 'presence').at(-1);
    if (!newest || (newest.closed_at ?? Infinity) <= drawnAt) return;
    const act = lastAct(ops);
    if (!act) return newest.undoes ? pointUndo('batch_id', '', '') : undefined;
    const [first] = act.rows;
    const row = first && rowById(first.person);
    const to = labelOf(roll, first?.op.kind === 'presence' ? first.op.presence_state : null);
    const text =
      act.rows.length > 1
        ? fill(words.many, { count: act.rows.length, state: to })
        : fill(words.act, { name: row ? nameOf(row) : '', state: to });
    pointUndo(act.rows.length > 1 || act.id !== first?.op_id ? 'batch_id' : 'op_id', act.id, text);
  }

  /* ---- painting ---- */

  /** When the server drew this page, by the clock of the device. */
  const drawnAt = Date.parse(document.body.dataset.stored ?? '') || performance.timeOrigin;

  const isFresh = !('stored' in document.body.dataset);
  /** What the server took in before it drew this page is what it drew. */
  const isOnThePage = ({ status, first, outcome, closed_at }: OpRow) =>
    isFresh &&
    status === 'settled' &&
    /applied|merged/.test(first ?? outcome ?? '') &&
    (closed_at ?? drawnAt) < drawnAt;

  let asked = false;
  /** The server shows less than it took in: it was restored from a backup, and is to be offered what it lost. */
  function askServer(): void {
    if (!asked) void engine.wake(true);
    asked = true;
  }

  let reading: Promise<void> | null = null;
  let stale = false;
  /** Reads the outbox; calls that come meanwhile share one more reading. */
  function refresh(): Promise<void> {
    stale = true;
    return (reading ??= (async () => {
      while (stale) {
        stale = false;
        ops = await engine.opsOfSession(binding, session);
      }
    })().finally(() => (reading = null)));
  }

  function paintAll(): void {
    const added = drawPeople(roll, ops, drawnAt);
    const byPerson = new Map<string, OpRow[]>();
    for (const op of ops) {
      const id = String(op.person);
      if (isOnThePage(op)) {
        if ((op.revision ?? 0) > Number(rowById(id)?.dataset.r ?? Infinity)) askServer();
        continue;
      }
      byPerson.set(id, [...(byPerson.get(id) ?? []), op]);
    }
    const saved: Row[] = [];
    for (const row of rowsOf(roll)) {
      if (row.dataset.direct !== undefined) continue;
      const id = idOf(row);
      const mine = byPerson.get(id);
      if (mine || tapped.has(id) || row.dataset.m !== undefined || onTheWay.has(id)) {
        if (paint(row, mine ?? [], added.get(id))) saved.push(row);
      }
    }
    tellSaved(saved);
    painted(added.size > 0);
  }

  /** @returns true when the row's mark arrived since it was painted last */
  function paint(row: Row, mine: OpRow[], person?: Added): boolean {
    const id = idOf(row);
    const tap = tapped.get(id);
    const shown = { state: row.dataset.s || null, revision: Number(row.dataset.r ?? 0) };
    const face = overlay(shown, mine);
    const waits = mine.some((op) => op.status === 'waiting' && op.op.kind === 'presence');
    // What the server has is what the server would draw now.
    if (!waits && face.revision > shown.revision) {
      row.dataset.r = String(face.revision);
      if (face.state) row.dataset.s = face.state;
      else delete row.dataset.s;
    }
    const now = tap ? tap.state : (face.state ?? '');
    if (now === (row.dataset.s ?? '')) delete row.dataset.m;
    else row.dataset.m = now;
    check(row);
    if (tap) {
      tellFace(row, 'wait', words.saving ?? '');
      return false;
    }
    const arrived = onTheWay.has(id) && !waits && (face.face === '' || face.face === 'saved');
    const turned = onTheWay.has(id) && !waits && !arrived;
    if (waits) onTheWay.add(id);
    else onTheWay.delete(id);
    dispute(row, face.face === 'disputed');
    if (waits) tellWaiting(row);
    else if (face.face === 'refused') tellFace(row, 'fail', words.refused ?? '');
    else if (face.face === 'parked') tellFace(row, 'held', words.parked ?? '');
    else if (person?.face) tellFace(row, person.face, words[FACES[person.face]] ?? '');
    else if (!justSaved.has(id)) tellFace(row, '', '');
    told(row, face, person, turned);
    return arrived;
  }

  function tellWaiting(row: Row): void {
    clearTimeout(justSaved.get(idOf(row)));
    justSaved.delete(idOf(row));
    // While the network is gone it is tried again and again: that is no news for the row.
    if (state?.sending && isOnline()) tellFace(row, 'wait', words.sending ?? '');
    else tellFace(row, 'kept', words.kept ?? '');
  }

  function tellSaved(rows: Row[]): void {
    for (const row of rows) {
      const id = idOf(row);
      tellFace(row, 'done', words.saved ?? '');
      clearTimeout(justSaved.get(id));
      justSaved.set(
        id,
        setTimeout(() => {
          justSaved.delete(id);
          const now = rowById(id);
          if (now?.classList.contains('done')) tellFace(now, '', '');
        }, SAVED_STANDS),
      );
    }
    const [row] = rows;
    if (rows.length > 1) say(fill(words.said_many, { count: rows.length }));
    else if (row) say(fill(words.said_saved, { name: nameOf(row), state: labelOf(roll, stateOf(row)) }));
  }

  /** A mark that clashed is shown as disputed, as the server would draw it, until the person chose. */
  function dispute(row: Row, now: boolean): void {
    const id = idOf(row);
    if (now) {
      disputes.add(id);
      row.dataset.d = '';
    } else if (disputes.delete(id)) {
      delete row.dataset.d;
      row.querySelector('legend mark')?.remove();
    }
  }

  /** What a person has to know or to decide, under the row. */
  function told(row: Row, face: ReturnType<typeof overlay>, person: Added | undefined, aloud: boolean): void {
    const kind = face.face === 'disputed' || face.face === 'refused' || face.face === 'parked' ? face.face : null;
    const key = kind ? `${kind} ${face.op_id}` : (person?.told ?? '');
    const before = row.querySelector<HTMLElement>(':scope > .told');
    if ((before?.dataset.key ?? '') === key) return;
    if (before?.contains(document.activeElement)) entry(row)?.focus({ preventScroll: true });
    before?.remove();
    if (!key) return;
    const box = document.createElement('p');
    box.className = 'told';
    box.dataset.key = key;
    const mine = labelOf(roll, face.mine);
    const offer = (name: string, value: string, text: string) => {
      const made = document.createElement('button');
      made.type = 'button';
      made.dataset[name] = value;
      made.textContent = text;
      box.append(' ', made);
    };
    if (kind === 'disputed') {
      const { theirs } = face;
      const name = theirs?.recorded_by ?? words.somebody ?? '';
      const state = theirs ? theirs.presence_state : face.state;
      const text = !face.mine ? words.clash_away : state ? words.clash : words.clash_theirs_away;
      box.append(fill(text, { name, state: labelOf(roll, state), mine }));
      if (!isLocked(row)) offer('mine', face.mine ?? '', fill(words.use_mine, { state: mine }));
      offer('theirs', face.op_id ?? '', words.keep_theirs ?? '');
    } else {
      const code = kind ? face.code : (person?.code ?? null);
      const why = words[`code_${code}`] ?? words.code_other ?? '';
      const state = face.mine ? mine : (words.taken_away ?? '');
      box.append(kind ? `${fill(words[`${kind}_mark`], { state })} ${why}` : why);
      offer('read', (kind ? face.op_id : person?.op_id) ?? '', words.read ?? '');
    }
    row.append(box);
    if (aloud) say(`${nameOf(row)}: ${box.firstChild?.textContent}`);
  }

  list.addEventListener('click', (event) => {
    const row = rowOf(event.target);
    const choice = (event.target as Element).closest<HTMLButtonElement>('.told button');
    if (!row || !choice) return;
    const { mine, theirs, read } = choice.dataset;
    entry(row)?.focus({ preventScroll: true });
    if (mine !== undefined) return set(row, mine);
    if (read) return void engine.dismiss(binding, read);
    if (!theirs) return;
    choice.disabled = true;
    void engine.withdraw(binding, theirs).then((isDone) => {
      choice.disabled = false;
      if (!isDone) toast('problem', words.no_withdrawal ?? '');
    });
  });

  addEventListener('beforeunload', (event) => {
    if (tapped.size) event.preventDefault();
  });

  /** What was closed because whoever this page was drawn for is not the one who is here now. */
  const closed = new Set<HTMLFieldSetElement | HTMLButtonElement>();
  function close(away: boolean): void {
    const parts = '#register fieldset, #enrol button, #undo button, [data-complete] button';
    if (!away) {
      for (const part of closed) part.disabled = false;
      return closed.clear();
    }
    for (const part of document.querySelectorAll<HTMLFieldSetElement | HTMLButtonElement>(parts)) {
      if (!part.disabled) closed.add(part);
      part.disabled = true;
    }
  }

  // What the server drew just now may have been decided since this device heard of it.
  if (isFresh)
    void engine.heard(
      binding,
      rowsOf(roll).map((row) => ({
        session_id: session,
        participant_id: Number(idOf(row)),
        revision: Number(row.dataset.r),
        disputed: 'd' in row.dataset,
      })),
      drawnAt,
    );

  let started = false;
  engine.subscribe((now) => {
    state = now;
    close(now.away);
    void refresh().then(() => {
      paintAll();
      if (!started) pointAtNewest();
      started = true;
    });
  });

  return {
    set,
    setMany,
    undo,
    async settled() {
      await Promise.race([engine.wake(), new Promise((done) => setTimeout(done, PATIENCE))]);
      await refresh();
      // An added person and his mark wait apart, and are one person here.
      const open = new Set(ops.flatMap((row) => (row.status === 'waiting' ? [row.person] : []))).size;
      if (open) toast('problem', fill(words.unsent_first, { count: open }));
      return open === 0;
    },
    repaint: paintAll,
    async add(person, name) {
      if (!(await store([person], []))?.length) return false;
      done(fill(isOnline() ? words.added : words.added_kept, { name }), words.show, () => {
        const row = rowsOf(roll)
          .filter((each) => nameOf(each) === name)
          .at(-1);
        row?.scrollIntoView({ block: 'center' });
        if (row) entry(row)?.focus({ preventScroll: true });
      });
      return true;
    },
  };
}
