/** Comforts of pages with network: forms and notices. None of it is kept for the time without. */
import { keepUnsentForms } from './unsent-form.js';

// A double click sends once: the second answer would tell of a refusal, and hide what the first one shows only once.
// Later than every script that takes a form over.
addEventListener('submit', (event) => {
  const form = event.target as HTMLFormElement;
  if (event.defaultPrevented || form.method !== 'post') return;
  if ('sent' in form.dataset) return event.preventDefault();
  form.dataset.sent = '';
  // Not for ever: an answer may be a file, which leaves the page as it is.
  setTimeout(() => delete form.dataset.sent, 2_000);
});

keepUnsentForms(document.currentScript?.dataset.unsent ?? '');

// Good news leaves by itself (the undo button of a page stays); problems stay until they are closed.
function fade(): void {
  const card = document.querySelector<HTMLElement>('#notice .toast-card');
  if (!card || card.dataset.fading) return;
  card.dataset.fading = 'yes';
  const leave = () => (card.matches(':hover, :focus-within') ? setTimeout(leave, 3_000) : card.remove());
  setTimeout(leave, 12_000);
}
document.addEventListener('htmx:after:swap', fade);
fade();

// What was done is told once: a page that is loaded again does not tell it again.
const here = new URL(location.href);
if (here.searchParams.has('done')) {
  for (const name of ['done', 'count', 'person', 'session']) here.searchParams.delete(name);
  history.replaceState(history.state, '', here);
}

// The summary of a refused form names each field.
for (const link of document.querySelectorAll<HTMLAnchorElement>('.problem a[href^="#f-"]')) {
  const field = document.getElementById(link.hash.slice(1));
  const label =
    document.querySelector(`label[for="${CSS.escape(link.hash.slice(1))}"]`) ??
    field?.closest('fieldset')?.querySelector('legend');
  const name = label?.firstChild?.textContent?.trim();
  if (name && !link.textContent?.startsWith(name)) link.prepend(`${name}: `);
}

// A template keeps what was chosen already.
document.querySelector('.templates')?.addEventListener('click', ({ target }) => {
  const link = (target as Element).closest('a');
  if (!link) return;
  const address = new URL(link.href);
  for (const name of ['group_id', 'date']) {
    const field = document.querySelector<HTMLInputElement>(`main form [name=${name}]`);
    if (field?.value) address.searchParams.set(name, field.value);
  }
  link.href = address.href;
});

// What is there to be copied is marked as a whole.
document.addEventListener('focusin', ({ target }) => {
  if (target instanceof HTMLInputElement && 'select' in target.dataset) target.select();
});

// First run: suggest the zone of this browser.
const zone = document.querySelector<HTMLSelectElement>('select[data-guess-zone]');
if (zone && !zone.value) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
