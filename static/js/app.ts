/** Every page: htmx, what happens when a request fails, dialogs and toasts. All of it is optional. */
import htmx, { type HtmxRequestCtx } from 'htmx.org';
import './worker/register.js';
import './status.js';
import { fill, problemIn, signedOut, toast, wholePage, wordsOf } from './page.js';

window.htmx = htmx;
// Whoever signed in since in another tab has not made what stands here: the server refuses it in his name.
document.addEventListener('htmx:config:request', (event) => {
  const { binding } = document.body.dataset;
  if (binding) event.detail.ctx.request.headers['X-Binding'] = binding;
});
const words = wordsOf(document.body);

/** What the person calls the thing that was sent: data-what on the form, or "Your change". */
const what = (ctx?: HtmxRequestCtx) =>
  ctx?.sourceElement.closest<HTMLElement>('[data-what]')?.dataset.what ?? words.this ?? '';

/** The roll call tells of its own failures, on the row. */
const isQuiet = (ctx?: HtmxRequestCtx) => !!ctx?.sourceElement.closest('#register');

function tellRefusal(ctx: HtmxRequestCtx): void {
  const status = ctx.response?.status ?? 0;
  const text = signedOut(ctx) ? words.signed_out : status >= 500 ? words.broken : words.refused;
  toast('problem', fill(text, { what: what(ctx), status }));
}

// Signed out: the server sends to the sign-in page. For an act that would lose what was typed, so it is told instead.
document.addEventListener('htmx:after:request', (event) => {
  const { ctx } = event.detail;
  const { redirect } = (ctx as unknown as { hx?: { redirect?: string } }).hx ?? {};
  if (ctx.request.method === 'GET' || !redirect?.startsWith('/login')) return;
  event.preventDefault();
  if (!isQuiet(ctx)) toast('problem', fill(words.signed_out, { what: what(ctx) }));
});

// htmx 4 swaps refusals too. A fragment belongs on the page; a whole page, plain text or JSON does not, and a refusal
// that is about no field (shared/_problem.njk) is told beside the page, which stays as it is.
document.addEventListener('htmx:before:swap', (event) => {
  const { ctx } = event.detail;
  if (!ctx.response || isQuiet(ctx)) return;
  const told = ctx.response.status >= 400 ? problemIn(ctx) : '';
  if (told) {
    event.preventDefault();
    toast('problem', told);
    return;
  }
  const html = ctx.response.headers.get('content-type')?.includes('html');
  if (
    signedOut(ctx) ||
    (ctx.target !== document.body && wholePage(ctx)) ||
    (ctx.response.status >= 400 && (!html || !ctx.text?.trim()))
  ) {
    event.preventDefault();
    tellRefusal(ctx);
  }
});

// No answer at all: nothing was swapped, so what was typed is still there.
document.addEventListener('htmx:error', (event) => {
  const { ctx } = event.detail;
  if (!ctx || ctx.response || isQuiet(ctx)) return;
  toast('problem', ctx.request.method === 'GET' ? (words.unreachable ?? '') : fill(words.offline, { what: what(ctx) }));
});

// After a refused form: to the summary of what is wrong.
document.addEventListener('htmx:after:swap', (event) => {
  if ((event.detail.ctx.response?.status ?? 0) >= 400) document.querySelector<HTMLElement>('[data-focus]')?.focus();
});
document.querySelector<HTMLElement>('[data-focus]')?.focus();

// One question before an act that is not undone by one click. Here, where it is at hand even when the comforts did not load.
document.addEventListener(
  'submit',
  (event) => {
    const question = (event.target as HTMLElement).dataset.confirm;
    if (question && !confirm(question)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  },
  true,
);

const dialog = document.getElementById('dialog') as HTMLDialogElement | null;
let opener: HTMLElement | null = null;

document.addEventListener('click', (event) => {
  const target = event.target as Element;
  if (target.closest('[data-close-toast]')) target.closest('.toast-card')?.remove();

  // A link that opens as a dialog, and still is a link: new tab, middle click and no script all work.
  const link = target.closest<HTMLAnchorElement>('#register a[href]');
  if (link && dialog && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey) {
    event.preventDefault();
    opener = link;
    void htmx.ajax('GET', link.href, { target: dialog, swap: 'innerHTML' });
  }

  // A click outside closes an open menu and an open dialog.
  for (const menu of document.querySelectorAll<HTMLDetailsElement>('details.account[open]'))
    if (!menu.contains(target)) menu.open = false;
  if (target === dialog || target.id === 'keys') (target as HTMLDialogElement).close();
  if (target.closest('[data-close-dialog]')) {
    event.preventDefault();
    target.closest('dialog')?.close();
  }
});

// It opens when its content is there, so nobody looks at an empty box.
document.addEventListener('htmx:after:swap', (event) => {
  if (dialog && event.detail.ctx.target === dialog && !dialog.open && dialog.childElementCount) dialog.showModal();
});
dialog?.addEventListener('close', () => {
  // The row that opened it may have been drawn anew meanwhile.
  const again = opener?.isConnected
    ? opener
    : document.querySelector<HTMLElement>(`a[href="${opener?.getAttribute('href')}"]`);
  again?.focus();
  opener = null;
  dialog.replaceChildren();
});

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  const menu = document.querySelector<HTMLDetailsElement>('details.account[open]');
  if (menu) {
    menu.open = false;
    menu.querySelector('summary')?.focus();
  }
});
