/** The pages of the settings: lists that are put in order by dragging, and the sample of a colour. All of it is optional. */
import Sortable from 'sortablejs';
import { inkOn } from '../../src/presence/ink.js';

for (const list of document.querySelectorAll<HTMLElement>('[data-sortable]')) {
  const form = document.getElementById(list.dataset.sortable!) as HTMLFormElement;
  for (const grip of list.querySelectorAll<HTMLElement>('.grip')) grip.title = list.dataset.handle ?? '';
  Sortable.create(list, {
    handle: '.grip',
    animation: 150,
    onEnd: ({ oldIndex, newIndex }) => {
      if (oldIndex === newIndex) return;
      // What is not on this list (retired ones) keeps its place behind it.
      for (const line of document.querySelectorAll<HTMLElement>('[data-id]'))
        form.append(
          Object.assign(document.createElement('input'), { type: 'hidden', name: 'ids', value: line.dataset.id }),
        );
      form.requestSubmit();
    },
  });
}

const picker = document.querySelector<HTMLInputElement>('input[type=color]');
const sample = document.querySelector<HTMLElement>('[data-sample]');
const label = document.querySelector<HTMLInputElement>('#f-label');
const show = () => {
  if (!picker || !sample) return;
  sample.style.background = picker.value;
  sample.style.color = inkOn(picker.value);
  if (label?.value) sample.textContent = label.value;
};
picker?.addEventListener('input', show);
label?.addEventListener('input', show);
