/** What the scripts of a page share: app.js brings it, the others take it from there (parts.ts). */
import type { Htmx, HtmxRequestCtx } from 'htmx.org';
import type { Count } from './sync/count.js';

declare global {
  interface Window {
    htmx: Htmx;
    page: typeof shared;
  }
}

export type Words = Record<string, string>;

/** The translated texts that the server put on an element (data-words). */
export function wordsOf(element: HTMLElement | null): Words {
  return JSON.parse(element?.dataset.words?.trim() || '{}') as Words;
}

/** Fills `{name}` places. */
export function fill(text: string | undefined, params: Record<string, string | number>): string {
  return (text ?? '').replace(/\{(\w+)\}/g, (whole, name: string) => (name in params ? String(params[name]) : whole));
}

/** Speaks to a screen reader, politely: the newest sentence wins. */
export function say(text: string): void {
  const region = document.getElementById('say');
  if (region) region.textContent = text;
}

const words = wordsOf(document.body);

/** Of the two forms that the device has for a number: one, and many. */
export const many = (from: Words, name: string, count: number) =>
  fill(from[`${name}_${count === 1 ? 'one' : 'many'}`], { count });

/** @returns "3 marks", "1 new person", "3 marks and 1 new person" */
export function amount({ waiting, people }: Count): string {
  const marks = many(words, 'marks', waiting - people);
  const added = many(words, 'people', people);
  return !people ? marks : waiting === people ? added : fill(words.both, { marks, people: added });
}

/** Made once, because making one takes long. A browser that does not know the organization's zone uses its own. */
const [day, time, both] = (
  [{ dateStyle: 'medium' }, { timeStyle: 'short' }, { dateStyle: 'medium', timeStyle: 'short' }] as const
).map((style) => {
  const { lang } = document.documentElement;
  try {
    return new Intl.DateTimeFormat(lang, { ...style, timeZone: document.body.dataset.zone });
  } catch {
    return new Intl.DateTimeFormat(lang, style);
  }
}) as [Intl.DateTimeFormat, Intl.DateTimeFormat, Intl.DateTimeFormat];

/** @returns a time of today as a time, another one with its day; both in the organization's zone, as all times of a page */
export const when = (ms: number): string => (day.format(ms) === day.format() ? time : both).format(ms);

export function button(text: string | undefined, act: () => void): HTMLButtonElement {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = 'btn btn-sm';
  made.textContent = text ?? '';
  made.addEventListener('click', act);
  return made;
}

/** Hands the outbox to the person as a file. */
export function saveFile(text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  link.download = `omnipresence-marks-${new Date().toISOString().slice(0, 10)}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/**
 * A notice that stays until it is closed. Problems are announced at once.
 * @param more a button beside it
 * @returns the notice
 */
export function toast(kind: 'done' | 'problem', text: string, more?: HTMLButtonElement): HTMLElement | null {
  const region = document.getElementById(kind === 'problem' ? 'alerts' : 'notice');
  if (!region) return null;
  const card = document.createElement('div');
  card.className = `toast-card toast-${kind}`;
  const sentence = document.createElement('p');
  sentence.textContent = text;
  card.append(
    sentence,
    ...(more ? [more] : []),
    button(words.close, () => card.remove()),
  );
  // A modal dialog covers the page and everything on it: what must be read goes into the dialog.
  const modal = document.querySelector('dialog[open]');
  if (modal) {
    card.setAttribute('role', 'alert');
    modal.querySelector(':scope > .toast-card')?.remove();
    modal.prepend(card);
  } else region.replaceChildren(card);
  return card;
}

/** A version 4 UUID: 0, 1 and 8 stand for chance. crypto.randomUUID exists only on https and localhost. */
export const uuid = (): string =>
  '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, (digit) =>
    (Number(digit) ^ (crypto.getRandomValues(new Uint8Array(1))[0]! & (15 >> (Number(digit) / 4)))).toString(16),
  );

/** The form in which names are searched: no accents, lower case. The server's `fold` knows some rarer letters more. */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{Mn}+/gu, '')
    .toLowerCase()
    .replace(/ø/g, 'o')
    .replace(/ł/g, 'l')
    .replace(/ß/g, 'ss')
    .replace(/\s+/gu, ' ')
    .trim();
}

/** True when the request ended at the sign-in page instead of where it went. */
export function signedOut(ctx: HtmxRequestCtx): boolean {
  const raw = ctx.response?.raw;
  const { redirect } = (ctx as unknown as { hx?: { redirect?: string } }).hx ?? {};
  return (
    !!redirect?.startsWith('/login') ||
    ctx.response?.status === 401 ||
    (!!raw?.redirected && new URL(raw.url).pathname === '/login')
  );
}

/** True when an answer is a whole page, which never belongs inside another one. */
export function wholePage(ctx: HtmxRequestCtx): boolean {
  return /^\s*(<!doctype|<html)/i.test(ctx.text ?? '');
}

/** The sentence of a refusal that is about no field (shared/_problem.njk), or ''. */
export function problemIn(ctx: HtmxRequestCtx): string {
  if (!ctx.text?.includes('data-problem')) return '';
  const found = new DOMParser().parseFromString(ctx.text, 'text/html').querySelector('[data-problem]');
  return found?.textContent?.trim().replace(/\s+/g, ' ') ?? '';
}

const shared = {
  amount,
  button,
  fill,
  fold,
  problemIn,
  saveFile,
  say,
  signedOut,
  toast,
  uuid,
  when,
  wholePage,
  wordsOf,
};
window.page = shared;
