/** The tally, counted from the rows: it is right without network, too. The markup is that of presence/_tally.njk. */
import { rowsOf, stateOf, type Roll } from './roll-call-rows.js';

const number = new Intl.NumberFormat(document.documentElement.lang);

export const unmarked = (roll: Roll) => rowsOf(roll).filter((row) => stateOf(row) === '').length;

export function tally(roll: Roll): void {
  const box = document.getElementById('tally');
  if (!box) return;
  const rows = rowsOf(roll);
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(stateOf(row), (counts.get(stateOf(row)) ?? 0) + 1);
  const open = counts.get('') ?? 0;
  const put = (chip: Element | null, count: number) => {
    const text = number.format(count);
    const b = chip?.querySelector('b');
    if (b && b.textContent !== text) b.textContent = text;
  };
  for (const chip of box.querySelectorAll<HTMLElement>('[data-c]')) put(chip, counts.get(chip.dataset.c ?? '') ?? 0);
  const last = box.querySelector('.chip-open');
  put(last, open);
  last?.classList.toggle('chip-done', open === 0 && rows.length > 0);
  box.dataset.unmarked = String(open);
  const bar = box.querySelector('progress');
  if (bar) {
    bar.max = rows.length || 1;
    bar.value = rows.length - open;
  }
  const disputed = rows.filter((row) => 'd' in row.dataset).length;
  let chip = box.querySelector('.chip-disputed');
  if (!chip && disputed) {
    chip = document.createElement('li');
    chip.className = 'chip chip-disputed';
    const word = document.createElement('span');
    word.textContent = roll.words.disputed ?? '';
    chip.append(word, ' ', document.createElement('b'));
    box.querySelector('ul')?.append(chip);
  }
  if (chip && !disputed) chip.remove();
  else put(chip, disputed);
  const rest = document.querySelector<HTMLButtonElement>('#mark-all button');
  if (rest) rest.disabled = open === 0;
}
