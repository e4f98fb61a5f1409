/** People who are added while the register is taken: an operation on the device first, and a row at once. */
import type { OpRow } from './sync/engine.js';
import { radios, rowById, rowsOf, type Roll, type Row } from './roll-call-rows.js';
import { type DeviceMarks } from './roll-call-marks.js';

/** What a row of somebody who was added here tells about that. */
export interface Added {
  face: '' | 'kept' | 'fail' | 'held';
  /** Why he was refused: a key of what is told, and the code. */
  told: string;
  code: OpRow['code'];
  op_id: string;
}

/**
 * Draws the rows of people whom this device added and the page does not show, and gives a row its number when the server
 * has told it.
 * @param drawnAt when the server drew the page: whoever it knew then stands on it, or is gone for a reason
 * @returns what to tell on which row
 */
export function drawPeople(roll: Roll, ops: OpRow[], drawnAt: number): Map<string, Added> {
  const added = new Map<string, Added>();
  for (const made of ops) {
    if (made.op.kind !== 'participant') continue;
    const id = String(made.person);
    const temporary = id === made.op_id ? null : rowById(made.op_id);
    if (made.status === 'dismissed') {
      rowById(made.op_id)?.remove();
      continue;
    }
    if (temporary && rowById(id)) temporary.remove();
    else if (temporary) rename(roll, temporary, id);
    else if (!rowById(id) && (made.closed_at ?? Infinity) > drawnAt) {
      roll.list.append(draw(roll, made, id));
      // The first one of a register in which nobody was expected.
      roll.list.hidden = false;
      document.getElementById('nobody')?.remove();
    }
    if (!rowById(id)) continue;
    const face = faceOf(made);
    const told = face === 'fail' || face === 'held' ? `person ${made.op_id}` : '';
    added.set(id, { face, told, code: made.code, op_id: made.op_id });
  }
  return added;
}

function faceOf({ status, seen, participant_id }: OpRow): Added['face'] {
  if (status === 'waiting') return 'kept';
  if (status === 'refused') return 'fail';
  return participant_id === undefined && !seen ? 'held' : '';
}

function rename(roll: Roll, row: Row, id: string): void {
  row.id = `p${id}`;
  for (const radio of radios(row)) radio.name = `s${id}`;
  // Without a number there is no page about him.
  if (/^\d+$/.test(id)) row.querySelector('a')?.setAttribute('href', `/sessions/${roll.session}/people/${id}`);
}

/** The markup of presence/_roll-call-row.njk. */
function draw(roll: Roll, made: OpRow, id: string): Row {
  const row = document.createElement('li');
  row.dataset.r = '0';
  row.innerHTML = '<fieldset><legend><a></a></legend><div></div></fieldset>';
  if (made.op.kind !== 'participant') return row;
  const { first_name, last_name, identifier } = made.op;
  const name = row.querySelector('a')!;
  name.textContent = first_name;
  name.dataset.i = [first_name, last_name]
    .map((text) => [...text.trim()][0] ?? '')
    .join('')
    .toUpperCase();
  if (last_name) {
    const last = document.createElement('b');
    last.textContent = last_name;
    name.append(' ', last);
  }
  if (identifier) {
    const small = document.createElement('small');
    small.textContent = identifier;
    name.after(small);
  }
  row.querySelector('div')!.append(
    ...roll.states.map(({ code, label }) => {
      const choice = document.createElement('label');
      const radio = document.createElement('input');
      radio.type = 'radio';
      radio.value = code;
      choice.append(radio, label);
      return choice;
    }),
  );
  row.querySelector('fieldset')!.disabled =
    !roll.editable || rowsOf(roll).some((other) => other.querySelector('fieldset')?.disabled);
  rename(roll, row, id);
  return row;
}

/** The form below the register. Where nothing can be kept it goes to the server by itself. */
export function startEnrol(roll: Roll, ready: Promise<DeviceMarks | null>): void {
  const button = () => document.querySelector<HTMLButtonElement>('#enrol button');
  document.addEventListener(
    'submit',
    (event) => {
      const form = event.target as HTMLFormElement;
      if (form.id !== 'enrol' || form.dataset.direct) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      button()?.setAttribute('aria-busy', 'true');
      void ready.then(async (marks) => {
        const direct = !marks || !(await add(marks, form));
        button()?.removeAttribute('aria-busy');
        if (!direct) return;
        form.dataset.direct = 'yes';
        form.requestSubmit();
        delete form.dataset.direct;
      });
    },
    true,
  );

  /** @returns false when the form must go to the server: nothing was kept, or the server knows better what is wrong */
  async function add(marks: DeviceMarks, form: HTMLFormElement): Promise<boolean> {
    const field = (name: string) => (form.elements.namedItem(name) as HTMLInputElement | null)?.value.trim() ?? '';
    const group_id = Number(field('group_id'));
    const [first_name, last_name, identifier] = [field('first_name'), field('last_name'), field('identifier')];
    if (!group_id || !first_name || [first_name, last_name, identifier].some((text) => text.length > 100)) return false;
    const kept = await marks.add(
      {
        kind: 'participant',
        session_id: roll.session,
        first_name,
        last_name,
        ...(identifier && { identifier }),
        group_id,
        joined_on: field('joined_on'),
      },
      `${first_name} ${last_name}`.trim(),
    );
    if (!kept) return false;
    form.reset();
    form.querySelector<HTMLInputElement>('[name=first_name]')?.focus();
    return true;
  }
}
