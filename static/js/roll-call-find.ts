/** Search and order of a register. */
import { fill, fold, say } from './parts.js';
import { nameOf, rowsOf, shownRows, stateOf, type Roll, type Row } from './roll-call-rows.js';

export interface Find {
  /** Applies search and order to rows that were drawn anew. */
  refresh(): void;
  focus(): void;
}

export function startFind(roll: Roll, enter: (row: Row) => void): Find {
  const find = document.getElementById('find') as HTMLInputElement | null;
  const sort = document.getElementById('sort') as HTMLSelectElement | null;
  const folded = new Map<string, string>();
  let needle: string[] = [];
  let nextPlace = 0;
  const places = new Map<string, number>();
  for (const row of rowsOf(roll)) places.set(row.id, nextPlace++);

  /** Only what the person sees of somebody is searched: the name and the identifier. */
  function fits(row: Row): boolean {
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
    for (const row of rowsOf(roll)) {
      row.hidden = !fits(row);
      if (!row.hidden) count++;
    }
    const none = document.getElementById('none');
    if (none) none.hidden = count > 0 || !rowsOf(roll).length;
  }

  function order(): void {
    const all = rowsOf(roll);
    for (const row of all) if (!places.has(row.id)) places.set(row.id, nextPlace++);
    const marked = (row: Row) => (sort?.value === 'open' && stateOf(row) !== '' ? 1 : 0);
    const sorted = [...all].sort((a, b) => marked(a) - marked(b) || places.get(a.id)! - places.get(b.id)!);
    if (sorted.every((row, at) => row === all[at])) return;
    const active = document.activeElement as HTMLElement | null;
    roll.list.append(...sorted);
    if (active && roll.list.contains(active)) active.focus({ preventScroll: true });
  }

  function look(): void {
    filter();
    if (needle.length) say(fill(roll.words.shown, { count: shownRows(roll).length }));
  }

  function clear(): void {
    if (find) find.value = '';
    needle = [];
    look();
  }

  let frame = 0;
  find?.addEventListener('input', () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => {
      needle = fold(find.value).split(' ').filter(Boolean);
      look();
    });
  });
  find?.addEventListener('keydown', (event) => {
    const leaves = event.key === 'Escape' || event.key === 'Enter' || event.key === 'ArrowDown';
    if (event.key === 'Escape') clear();
    const first = shownRows(roll)[0];
    if (leaves && first) {
      event.preventDefault();
      enter(first);
    }
  });
  document.getElementById('find-clear')?.addEventListener('click', () => {
    clear();
    find?.focus();
  });
  sort?.addEventListener('change', order);
  // A browser that comes back to this page may have kept what was typed.
  if (find?.value) find.dispatchEvent(new Event('input'));

  return {
    refresh() {
      order();
      filter();
    },
    focus: () => find?.focus(),
  };
}
