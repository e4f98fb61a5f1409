import { uuidV5 } from '../platform/text.js';
import { uuid } from '../platform/http/parse.js';
import { Problem } from '../platform/http/problem.js';
import { changedRows } from './form-rows.js';
import { type Mark } from './mark.js';

export { shownText } from './form-rows.js';

const incomplete = () =>
  new Problem(422, {
    code: 'malformed',
    message: 'The form did not arrive whole, so nothing was saved. Please go back, reload the page and save again.',
  });

/**
 * The acts in a plain form: only rows whose radio differs from the one that was shown. The operation id follows from the
 * page's nonce, the person, the base and the choice: a double submit collapses, Back with another choice is another act.
 * @param body the form: `nonce`, and what changedRows reads
 * @throws Problem 422 when the end is missing, so that a form that was cut is refused whole
 */
export function marksOfForm(body: Record<string, unknown>): Mark[] {
  const nonce = String(body.nonce ?? '');
  const rows = uuid.safeParse(nonce).success ? changedRows(body) : null;
  if (!rows) throw incomplete();
  return rows.map(({ participant, revision, state }) => ({
    opId: uuidV5(nonce, `${participant}:${revision}:${state ?? ''}`),
    participant,
    state,
    base: revision,
  }));
}
