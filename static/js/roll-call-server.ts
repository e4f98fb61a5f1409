/** Acts that the server alone can do: an act on the whole list that it draws anew, and the completion of the register. */
import { type HtmxRequestCtx } from 'htmx.org';
import { type Roll } from './roll-call-rows.js';

export const valuesOf = (ctx?: HtmxRequestCtx) => (ctx as { values?: Record<string, string> } | undefined)?.values;

/** Rows and list lie in the plain form, and htmx would send all of it: only what was meant goes. */
export function sendOnlyValues(roll: Roll): void {
  document.addEventListener('htmx:config:request', (event) => {
    const { ctx } = event.detail;
    const values = valuesOf(ctx);
    if (!values || (ctx.sourceElement !== roll.element && !roll.list.contains(ctx.sourceElement))) return;
    const body = new FormData();
    for (const [name, value] of Object.entries(values)) body.set(name, value);
    ctx.request.body = body;
    ctx.request.timeout = 20_000;
  });
}

/** The answer draws the list (or rows out of band), the tally, the undo button and the notice. */
export async function actOnList(roll: Roll, address: string, values: Record<string, string>): Promise<void> {
  roll.element.dataset.what = roll.words.marks;
  await window.htmx.ajax('POST', address, {
    source: roll.element,
    target: roll.list,
    swap: 'innerHTML settle:0',
    values,
  });
}

/** The fields of a form, as an act on the list sends them. */
export const fieldsOf = (form: HTMLFormElement) =>
  Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));

export async function completeRegister(roll: Roll, form: HTMLFormElement): Promise<void> {
  roll.element.dataset.what = roll.words.the_register;
  const action = form.getAttribute('action') ?? '';
  await window.htmx.ajax('POST', action, {
    source: roll.element,
    target: '#session-head',
    swap: 'outerHTML',
    values: {},
  });
}

/** The undo button now means this act. After a reload the server says what it means. */
export function pointUndo(name: 'op_id' | 'batch_id', id: string, text: string): void {
  const form = document.getElementById('undo');
  const field = form?.querySelector<HTMLInputElement>('input');
  const button = form?.querySelector('button');
  if (!form || !field || !button) return;
  field.name = name;
  field.value = id;
  button.disabled = id === '';
  const told = form.querySelector('.undo-text');
  if (told) told.textContent = text;
}
