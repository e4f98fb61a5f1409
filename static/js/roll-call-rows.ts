/** The rows of a register, and what everything on the page asks of them. */
import type { Ref } from '../../src/sync/wire.js';
import { wordsOf, type Words } from './parts.js';

export type Row = HTMLLIElement;

export interface Roll {
  element: HTMLElement;
  list: HTMLElement;
  words: Words;
  /** Where a mark of this register is posted. */
  url: string;
  session: number;
  sessionName: string;
  states: { code: string; label: string; shortcut: string | null }[];
  /** This person may mark. */
  editable: boolean;
}

/** How marks are kept: on the device and from there, or, where nothing can be kept, straight to the server. */
export interface Marks {
  /** One mark; '' takes it away. */
  set(row: Row, state: string): void;
  /** One act on many. */
  setMany(rows: Row[], state: string): Promise<void>;
  undo(form: HTMLFormElement): Promise<void>;
  /** Waits for what is on its way. @returns false, and tells, when marks are left that the server does not have */
  settled(): Promise<boolean>;
  /** Lays what is known here over rows that were drawn anew. */
  repaint(): void;
}

export function openRoll(element: HTMLElement, list: HTMLElement): Roll {
  const url = element.dataset.url ?? '';
  return {
    element,
    list,
    words: wordsOf(element),
    url,
    session: Number(url.split('/')[2]),
    sessionName: document.querySelector('#session-head h1')?.textContent?.trim() ?? '',
    states: JSON.parse(element.dataset.states ?? '[]') as Roll['states'],
    editable: 'editable' in element.dataset,
  };
}

export const labelOf = ({ states, words }: Roll, code: string | null) =>
  states.find((state) => state.code === code)?.label ?? words.cleared ?? '';

/** The id of a person, or the operation that added him on this device. */
export const idOf = (row: Element) => row.id.slice(1);
export const refOf = (row: Element): Ref => (/^\d+$/.test(idOf(row)) ? Number(idOf(row)) : { op: idOf(row) });
export const rowOf = (node: EventTarget | null) => (node as Element | null)?.closest<Row>('#register > li') ?? null;
export const rowById = (id: string | number) => document.getElementById(`p${id}`) as Row | null;
export const rowsOf = ({ list }: Roll) => Array.from(list.children) as Row[];
export const shownRows = (roll: Roll) => rowsOf(roll).filter((row) => !row.hidden);
export const isLocked = (row: Element) => !!row.querySelector('fieldset')?.disabled;
export const radios = (row: Element) => Array.from(row.querySelectorAll<HTMLInputElement>('input[type=radio]'));
export const nameOf = (row: Element) =>
  Array.from(row.querySelector('a')?.childNodes ?? [], (node) => (node.nodeName === 'U' ? '' : node.textContent))
    .join('')
    .trim();

/** What the row shows: a mark that is not the server's yet (data-m), else the server's (data-s). '' is not marked. */
export const stateOf = (row: HTMLElement) => row.dataset.m ?? row.dataset.s ?? '';

/** Where the focus goes in a row: its state, or the first one. */
export const entry = (row: Element) =>
  row.querySelector<HTMLInputElement>('input[type=radio]:checked') ??
  row.querySelector<HTMLInputElement>('input[type=radio]');

/** Lets the radios say what the row says. */
export function check(row: HTMLElement): void {
  for (const radio of radios(row)) radio.checked = radio.value === stateOf(row);
}

/** The word beside a row: how its mark stands. `face` is its class; '' takes it away. */
export function tellFace(row: Row, face: string, text: string, reason = ''): void {
  for (const name of ['wait', 'kept', 'done', 'fail', 'held']) row.classList.toggle(name, name === face);
  let status = row.querySelector<HTMLElement>('.st');
  if (!face) return status?.remove();
  if (!status) {
    status = document.createElement('span');
    status.className = 'st';
    row.firstElementChild?.append(status);
  }
  if (status.textContent !== text) status.textContent = text;
  status.title = reason;
}
