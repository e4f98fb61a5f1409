/** Selecting several people, to mark them as one. */
import { fill } from './parts.js';
import { isLocked, nameOf, rowsOf, shownRows, type Roll, type Row } from './roll-call-rows.js';

export interface Pick {
  /** Selecting is on. */
  active(): boolean;
  end(): void;
  /** Gives rows that were drawn anew their box. */
  refresh(): void;
}

export function startPick(roll: Roll, setMany: (rows: Row[], state: string) => Promise<void>): Pick {
  let picking = false;
  let anchor: Row | null = null;
  const bar = document.getElementById('picked');
  const pickButton = document.getElementById('pick');
  const boxOf = (row: Element) => row.querySelector<HTMLInputElement>('.pick');
  const pickedRows = () => rowsOf(roll).filter((row) => boxOf(row)?.checked);

  function addBox(row: Row): void {
    if (boxOf(row) || isLocked(row)) return;
    const box = document.createElement('input');
    box.type = 'checkbox';
    box.className = 'pick';
    box.autocomplete = 'off';
    box.setAttribute('aria-label', fill(roll.words.select, { name: nameOf(row) }));
    row.firstElementChild?.prepend(box);
  }

  function start(): void {
    picking = true;
    anchor = null;
    roll.element.classList.add('js-picking');
    pickButton?.setAttribute('aria-pressed', 'true');
    for (const row of rowsOf(roll)) addBox(row);
    if (bar) bar.hidden = false;
    changed();
  }

  function end(): void {
    picking = false;
    roll.element.classList.remove('js-picking');
    pickButton?.setAttribute('aria-pressed', 'false');
    const inside = document.activeElement?.matches('.pick') || bar?.contains(document.activeElement);
    for (const row of rowsOf(roll)) boxOf(row)?.remove();
    if (bar) bar.hidden = true;
    if (inside) pickButton?.focus();
  }

  /** With shift: everybody from the last box to this one. */
  function range(row: Row, whole: boolean): void {
    const on = boxOf(row)?.checked ?? false;
    if (whole && anchor?.isConnected) {
      const all = shownRows(roll);
      const [from, to] = [all.indexOf(anchor), all.indexOf(row)].sort((a, b) => a - b);
      for (const other of all.slice(from, to! + 1)) {
        const box = boxOf(other);
        if (box) box.checked = on;
      }
      changed();
    }
    anchor = row;
  }

  function changed(): void {
    const count = pickedRows().length;
    const text = document.getElementById('picked-count');
    if (text) text.textContent = fill(roll.words.selected, { count });
    for (const button of bar?.querySelectorAll<HTMLButtonElement>('[data-set]') ?? []) button.disabled = count === 0;
  }

  roll.list.addEventListener('change', (event) => {
    if ((event.target as Element).matches('.pick')) changed();
  });
  roll.list.addEventListener('click', (event) => {
    const box = event.target as Element;
    const row = box.closest<Row>('li');
    if (row && box.matches('.pick')) range(row, (event as MouseEvent).shiftKey);
  });
  pickButton?.addEventListener('click', () => (picking ? end() : start()));
  document.getElementById('picked-end')?.addEventListener('click', end);
  document.getElementById('picked-all')?.addEventListener('click', () => {
    const boxes = shownRows(roll).flatMap((row) => boxOf(row) ?? []);
    const on = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = on;
    changed();
  });
  bar?.addEventListener('click', (event) => {
    const button = (event.target as Element).closest<HTMLElement>('[data-set]');
    const chosen = pickedRows();
    if (button && chosen.length) void setMany(chosen, button.dataset.set ?? '').then(end);
  });

  return {
    active: () => picking,
    end,
    refresh() {
      if (picking) for (const row of rowsOf(roll)) addBox(row);
    },
  };
}
