/** The register by keyboard: arrows move, Space and Enter set, single keys set and go on. */
import { entry, radios, rowOf, shownRows, type Roll, type Row } from './roll-call-rows.js';

export interface Acts {
  set(row: Row, state: string): void;
  find(): void;
  /** @returns true when there was a selection to leave */
  escape(): boolean;
}

/** Keeps to the kind of control that has the focus: from link to link, from box to box, else to the state. */
export function enterRow(roll: Roll, row: Element, focused: Element | null): void {
  const kind = focused?.matches('a') ? 'a' : focused?.matches('.pick') ? '.pick' : null;
  const target =
    (kind && row.querySelector<HTMLElement>(kind)) || (roll.editable ? entry(row) : null) || row.querySelector('a');
  target?.focus();
}

export function startKeys(roll: Roll, acts: Acts): void {
  const byKey = new Map(roll.states.flatMap((s) => (s.shortcut ? [[s.shortcut.toLowerCase(), s.code] as const] : [])));
  const singleKeys = document.getElementById('single-keys') as HTMLInputElement | null;
  rememberChoice(singleKeys);

  function go(from: Row, step: 1 | -1, focused: Element | null): void {
    const next = (row: Row) => (step > 0 ? row.nextElementSibling : row.previousElementSibling) as Row | null;
    let row = next(from);
    while (row?.hidden) row = next(row);
    if (row) enterRow(roll, row, focused);
  }

  roll.list.addEventListener('keydown', (event) => {
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
        const target = event.key === 'Home' ? shownRows(roll)[0] : shownRows(roll).at(-1);
        if (target) enterRow(roll, target, focused);
        break;
      }
      case ' ':
      case 'Enter':
        if (!radio) return;
        acts.set(row, radio.value);
        break;
      case 'Delete':
      case 'Backspace':
        if (!radio) return;
        acts.set(row, '');
        break;
      case 'Escape':
        if (!acts.escape()) return;
        break;
      default: {
        if (!singleKeys?.checked || event.repeat || event.key.length !== 1) return;
        if (event.key === '/') {
          acts.find();
          break;
        }
        const code = byKey.get(event.key.toLowerCase());
        if (code === undefined) return;
        acts.set(row, code);
        go(row, 1, radio);
      }
    }
    event.preventDefault();
  });
  document.getElementById('keys-open')?.addEventListener('click', () => {
    (document.getElementById('keys') as HTMLDialogElement | null)?.showModal();
  });
}

function rememberChoice(box: HTMLInputElement | null): void {
  if (!box) return;
  try {
    box.checked = localStorage.getItem('single-keys') !== 'off';
  } catch {
    box.checked = true;
  }
  box.addEventListener('change', () => {
    try {
      localStorage.setItem('single-keys', box.checked ? 'on' : 'off');
    } catch {
      // A browser that keeps nothing forgets this too.
    }
  });
}
