/**
 * A form that was sent and got no answer, because the sign-in had ended or the network was gone: what was typed stands in
 * it again. The fields of the last form of this tab are remembered until the next page shows that it was answered. The
 * address of a form that was not taken says `unsent`: the server puts it there when it asks to sign in first, and the
 * service worker when it could not send.
 */

interface Field {
  name: string;
  value: string;
  checked: boolean;
}

interface Sent {
  /** For whom the page was drawn. */
  binding: string;
  /** Path and query of the page that the form stands on when it is opened. */
  page: string;
  action: string;
  fields: Field[];
}

const KEY = 'sent-form';
/** What a page may not remember, or cannot put back. */
const NOT_KEPT = new Set(['password', 'file', 'submit', 'button', 'reset', 'image']);

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

const controlsOf = (form: HTMLFormElement) =>
  ([...form.elements] as Control[]).filter(({ name, type }) => name && type && !NOT_KEPT.has(type));
const actionOf = (form: HTMLFormElement) =>
  new URL(form.getAttribute('action') || location.href, location.href).pathname;
const isBox = (control: Control): control is HTMLInputElement => /^(checkbox|radio)$/.test(control.type);
const stateOf = (control: Control) => (isBox(control) ? String(control.checked) : control.value);
const here = () => location.pathname + location.search;

function remembered(): Sent | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Sent | null;
  } catch {
    return null;
  }
}

function remember(sent: Sent): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(sent));
  } catch {
    // No room, or no right to keep anything: then the browser's own memory of forms has to do.
  }
}

/** @returns whether the address says that a form was not taken; it does not say so any longer */
function takeMark(): boolean {
  const address = new URL(location.href);
  if (!address.searchParams.has('unsent')) return false;
  address.searchParams.delete('unsent');
  history.replaceState(history.state, '', address);
  return true;
}

/** @param told says above the form why it is filled in; '' on pages that keep by themselves what is entered there */
export function keepUnsentForms(told: string): void {
  const { binding } = document.body.dataset;
  const before = remembered();
  const isBack = performance.getEntriesByType('navigation').some((each) => (each as any).type === 'back_forward');
  const isUnsent = takeMark();
  if (before && before.binding === binding && (isUnsent || isBack)) {
    // The scripts of the page come first: what they show of a field follows what is put into it.
    if (before.page === here()) document.addEventListener('DOMContentLoaded', () => told && putBack(before, told));
    // The form stood on the page that had refused it, which only a form opens.
    else if (isUnsent) return location.replace(`${before.page}${before.page.includes('?') ? '&' : '?'}unsent=yes`);
  } else sessionStorage.removeItem(KEY);

  document.addEventListener('submit', ({ target }) => {
    const form = target as HTMLFormElement;
    // A dialog's form is no page's, and htmx leaves the page as it is.
    if (!binding || form.method !== 'post' || form.hasAttribute('hx-post')) return;
    const action = actionOf(form);
    if (action === '/logout') return sessionStorage.removeItem(KEY);
    if (!told) return;
    const controls = controlsOf(form);
    const isAgain = before?.binding === binding && before.action === action;
    if (!controls.some(({ type }) => type !== 'hidden')) {
      // A preview carries on what was typed on the page before it.
      const isTyped = ({ name }: Control) => before!.fields.some((field) => field.name === name);
      if (isAgain && controls.length > 0 && controls.every(isTyped)) remember(before);
      return;
    }
    const fields = controls.map((each) => ({
      name: each.name,
      value: each.value,
      checked: isBox(each) && each.checked,
    }));
    remember({ binding, page: isAgain ? before.page : here(), action, fields });
  });
}

function putBack({ action, fields }: Sent, told: string): void {
  const form = [...document.forms].find(
    (each) => each.method === 'post' && actionOf(each) === action && fields.every(({ name }) => name in each.elements),
  );
  if (!form) return;
  const seen = new Map<string, number>();
  for (const control of controlsOf(form)) {
    const { name } = control;
    const same = fields.filter((field) => field.name === name);
    const before = stateOf(control);
    if (isBox(control)) {
      const kept = same.find(({ value }) => value === control.value);
      if (kept) control.checked = kept.checked;
    } else {
      const at = seen.get(name) ?? 0;
      seen.set(name, at + 1);
      const kept = same[at];
      const isThere =
        !(control instanceof HTMLSelectElement) || [...control.options].some((o) => o.value === kept?.value);
      // Hidden ones, too: the version says which state of the thing this was typed over.
      if (kept && isThere) control.value = kept.value;
    }
    if (stateOf(control) === before) continue;
    control.dispatchEvent(new Event('input', { bubbles: true }));
    // What was typed is not to be sent unseen.
    const folded = control.type === 'hidden' ? null : control.closest('details');
    if (folded) folded.open = true;
  }
  const box = document.createElement('p');
  box.className = 'problem';
  box.setAttribute('role', 'alert');
  box.tabIndex = -1;
  box.textContent = told;
  form.before(box);
  box.focus();
}
