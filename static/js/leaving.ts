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
    const dialog = document.getElementById('leaving') as HTMLDialogElement;
    const part = <T extends HTMLElement>(selector: string) => dialog.querySelector<T>(selector)!;
    const typed = part<HTMLInputElement>('input');
    const discard = part<HTMLButtonElement>('[data-act=discard]');
    const draw = () => {
      const told = { count: state.waiting, what: amount(state) };
      part('h2').textContent = fill(words.leaving, told);
      part('label span').textContent = fill(words.leaving_type, told);
      typed.value = '';
      discard.disabled = true;
    };
    draw();
    typed.oninput = () => (discard.disabled = typed.value.trim() !== String(state.waiting));
    // Enter in the field is no answer.
    typed.onkeydown = (event) => event.key !== 'Enter';
    part('[data-act=export]').onclick = () => void engine.exportOutbox(binding).then(saveFile);
    // What was sent meanwhile is not there any more: then nothing is deleted, and the person is asked again, if there is
    // still something to ask.
    discard.onclick = async () => {
      const isDone = await engine.discard(binding, state.waiting);
      state = await engine.state();
      if (isDone || !state.waiting) return dialog.close('out');
      draw();
      typed.focus();
    };
    dialog.returnValue = '';
    dialog.showModal();
    return new Promise((done) => (dialog.onclose = () => done(dialog.returnValue === 'out')));
  }
}
