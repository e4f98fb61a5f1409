/** What both scripts of a page share. */
import type { Htmx, HtmxRequestCtx } from 'htmx.org';

declare global {
  interface Window {
    htmx: Htmx;
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

/** A notice that stays until it is closed. Problems are announced at once. @returns the notice */
export function toast(kind: 'done' | 'problem', text: string): HTMLElement | null {
  const region = document.getElementById(kind === 'problem' ? 'alerts' : 'notice');
  if (!region) return null;
  const card = document.createElement('div');
  card.className = `toast-card toast-${kind}`;
  const sentence = document.createElement('p');
  sentence.textContent = text;
  const close = document.createElement('button');
  close.type = 'button';
  close.className = 'btn btn-sm';
  close.dataset.closeToast = '';
  close.textContent = words.close ?? '×';
  card.append(sentence, close);
  // A modal dialog covers the page and everything on it: what must be read goes into the dialog.
  const modal = document.querySelector('dialog[open]');
  if (modal) {
    card.setAttribute('role', 'alert');
    modal.querySelector(':scope > .toast-card')?.remove();
    modal.prepend(card);
  } else region.replaceChildren(card);
  return card;
}

/** A version 4 UUID. crypto.randomUUID exists only on https and localhost. */
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The form in which names are searched: no accents, lower case (the server's `fold`). */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{Mn}+/gu, '')
    .toLowerCase()
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
