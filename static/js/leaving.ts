/** Signing out while marks wait: sends them if it can, else asks what becomes of them. Keeping them is what happens by itself. */
import { type Device } from './device.js';
import { amount, fill, saveFile, type Words } from './page.js';
import { type State } from './sync/engine.js';

/** How long a sign-out waits for the marks to be sent. Milliseconds. */
const PATIENCE = 10_000;

export function askBeforeLeaving({ engine, binding }: Device, words: Words): void {
  let free = false;
  document.addEventListener('submit', (event) => {
    const form = event.target as HTMLFormElement;
    if (form.getAttribute('action') !== '/logout' || free) return;
    event.preventDefault();
    void leave(form);
  });

  async function leave(form: HTMLFormElement): Promise<void> {
    const button = form.querySelector('button');
    if ((await engine.state()).waiting) {
      if (button) button.disabled = true;
      await Promise.race([engine.wake(), new Promise((done) => setTimeout(done, PATIENCE))]);
      if (button) button.disabled = false;
      const count = await engine.state();
      if (count.waiting && !(await ask(count))) return;
    }
    // The service worker does the same where there is one.
    await engine.leave().catch(() => undefined);
    free = true;
    form.requestSubmit();
  }

  /** @returns true: sign out */
  function ask(state: State): Promise<boolean> {
    const told = { count: state.waiting, what: amount(state) };
    const dialog = document.createElement('dialog');
    dialog.className = 'sheet leaving';
    dialog.setAttribute('aria-labelledby', 'leaving-title');
    const add = <K extends keyof HTMLElementTagNameMap>(name: K, text: string, className = '') => {
      const element = document.createElement(name);
      element.textContent = text;
      element.className = className;
      return element;
    };
    const title = add('h2', fill(words.leaving, told));
    title.id = 'leaving-title';
    const keep = add('button', words.leaving_keep ?? '', 'btn btn-primary');
    const file = add('button', words.export ?? '', 'btn');
    const stay = add('button', words.leaving_stay ?? '', 'btn');
    const discard = add('button', words.leaving_discard ?? '', 'btn');
    const label = add('label', fill(words.leaving_type, told), 'field');
    const typed = document.createElement('input');
    typed.className = 'input';
    typed.inputMode = 'numeric';
    typed.autocomplete = 'off';
    label.append(typed);
    const first = add('p', '', 'actions');
    first.append(keep, file, stay);
    const last = add('details', '', 'leaving-discard');
    last.append(add('summary', words.leaving_other ?? ''), label, discard);
    discard.disabled = true;
    typed.addEventListener('input', () => (discard.disabled = typed.value.trim() !== String(told.count)));
    dialog.append(title, add('p', words.leaving_told ?? ''), first, last);
    document.body.append(dialog);
    dialog.showModal();
    keep.focus();
    return new Promise((done) => {
      const end = (out: boolean) => {
        dialog.remove();
        done(out);
      };
      keep.addEventListener('click', () => end(true));
      stay.addEventListener('click', () => end(false));
      dialog.addEventListener('cancel', () => end(false));
      file.addEventListener('click', () => void engine.exportOutbox(binding).then(saveFile));
      // What was sent meanwhile is not there any more: then the number is another one, and nothing is deleted.
      discard.addEventListener('click', () => void engine.discard(binding, told.count).then(end));
    });
  }
}
