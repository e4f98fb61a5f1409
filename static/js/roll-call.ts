/**
 * The roll call: one tap or one key a person. This file puts its parts together: the rows, what keeps their marks (the
 * device, or the server alone where nothing can be kept), keys, search and selection.
 *
 * The rows carry no behaviour: everything is delegated from the list, and can be laid over a list that was drawn anew.
 */
import { fill } from './parts.js';
import { directMarks } from './roll-call-direct.js';
import { startFind } from './roll-call-find.js';
import { enterRow, startKeys } from './roll-call-keys.js';
import { deviceMarks, type DeviceMarks } from './roll-call-marks.js';
import { startEnrol } from './roll-call-people.js';
import { startPick } from './roll-call-pick.js';
import { openRoll, rowById, rowOf, rowsOf, stateOf, type Marks, type Roll, type Row } from './roll-call-rows.js';
import { completeRegister, sendOnlyValues } from './roll-call-server.js';
import { tally, unmarked } from './roll-call-tally.js';

const element = document.getElementById('roll');
const list = document.getElementById('register');
if (element && list) start(openRoll(element, list));

function start(roll: Roll): void {
  sendOnlyValues(roll);
  let frame = 0;
  const painted = (hasNewRows = false) => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => tally(roll));
    if (hasNewRows) find.refresh();
  };
  const find = startFind(roll, (row) => enterRow(roll, row, null));
  let server: Marks | null = null;
  const direct = () => (server ??= directMarks(roll, painted));
  const onDevice: Promise<DeviceMarks | null> = (window.device ?? Promise.resolve(null)).then(
    (device) => device && deviceMarks(roll, device, direct, painted),
  );
  const marks: Promise<Marks> = onDevice.then((found) => found ?? direct());
  /** Taps before the device is open wait for it, in their order. */
  let early = 0;
  const set = (row: Row, state: string) => {
    early++;
    void marks.then((by) => {
      early--;
      by.set(row, state);
    });
  };
  addEventListener('beforeunload', (event) => {
    if (early) event.preventDefault();
  });
  const pick = startPick(roll, async (rows, state) => (await marks).setMany(rows, state));
  startKeys(roll, {
    set,
    find: () => find.focus(),
    escape() {
      const was = pick.active();
      pick.end();
      return was;
    },
  });
  startEnrol(roll, onDevice);

  roll.list.addEventListener('change', (event) => {
    const input = event.target as HTMLInputElement;
    const row = rowOf(input);
    if (row && input.type === 'radio') set(row, input.value);
  });
  // "Use mine" in a row that the server drew after a refusal.
  roll.list.addEventListener('click', (event) => {
    const mine = (event.target as Element).closest<HTMLElement>('p:not(.told) > [data-mine]');
    const row = rowOf(mine);
    if (mine && row) set(row, mine.dataset.mine ?? '');
  });
  // With script a mark saves itself; Enter in the list must not send the plain form.
  roll.list.closest('form')?.addEventListener('submit', (event) => event.preventDefault());

  // Rows, lists or the tally were drawn by somebody else (a note, an undo, an act on many): lay our own things over them.
  document.addEventListener('htmx:after:swap', () => {
    void marks.then((by) => {
      by.repaint();
      pick.refresh();
      find.refresh();
      painted();
    });
  });

  // Forms of the page that touch marks. One click, one act.
  document.addEventListener('submit', (event) => {
    const form = event.target as HTMLFormElement;
    if (form.matches('[data-clear]')) {
      const row = rowById(form.dataset.clear ?? '');
      if (!row) return;
      event.preventDefault();
      form.closest('dialog')?.close();
      return set(row, '');
    }
    if (!form.matches('[data-complete], #mark-all, #undo, [data-undo]')) return;
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = 'yes';
    void submitted(form).finally(() => delete form.dataset.busy);
  });

  async function submitted(form: HTMLFormElement): Promise<void> {
    const by = await marks;
    if (form.id === 'mark-all') {
      const state = form.querySelector<HTMLInputElement>('[name=presence_state]')?.value ?? '';
      return by.setMany(
        rowsOf(roll).filter((row) => stateOf(row) === ''),
        state,
      );
    }
    if (form.matches('[data-complete]')) {
      if (!(await by.settled())) return;
      const open = unmarked(roll);
      if (open && !confirm(fill(roll.words.complete_open, { count: open }))) return;
      return completeRegister(roll, form);
    }
    await by.undo(form);
    form.closest('.toast-card')?.remove();
  }
}
