/**
 * The safety net for plain forms: where the page's script does not run, a form goes to the server by itself. When the
 * network fails its fields become operations in the outbox, and the answer says so. What was handed in is read once and
 * sent as a request of our own; it is never sent again.
 */
import { changedRows } from '../../../src/presence/form-rows.js';
import { type Draft, type Name } from '../sync/capture.js';
import { binding as currentBinding, capture, waiting } from './device.js';
import { isGone } from './navigate.js';
import { escapeHtml, offlinePage } from './offline-page.js';
import { findPage } from './pages.js';

export const FORM = /^\/sessions\/([1-9]\d{0,14})\/(register|people)$/;
/** A server that has not answered by then is taken for gone, ms. What it kept all the same counts once: see personId. */
const PATIENCE = 30_000;

type Fields = Record<string, string>;

export async function plainForm(request: Request, url: URL): Promise<Response> {
  const [, session = '', kind = ''] = FORM.exec(url.pathname) ?? [];
  const sent = new URLSearchParams();
  for (const [name, value] of await request.formData()) if (typeof value === 'string') sent.append(name, value);
  const op_id = kind === 'people' ? await personId(sent) : '';
  if (op_id) sent.set('op_id', op_id);
  let isSignedOut = false;
  try {
    const answer = await fetch(url, { method: 'POST', body: sent, signal: AbortSignal.timeout(PATIENCE) });
    isSignedOut = new URL(answer.url).pathname === '/login';
    // A page may follow a redirect only by itself.
    if (!isSignedOut && !isGone(answer)) return answer.redirected ? Response.redirect(answer.url, 303) : answer;
  } catch {
    // No network.
  }
  const back = `/sessions/${session}`;
  const fields = Object.fromEntries(sent);
  const count = await keep(kind === 'people' ? newPerson : marks, Number(session), fields).catch(() => null);
  if (count === null) return offlinePage('unsaved', { back });
  if (count === 0) return offlinePage('unchanged', { back });
  const name = escapeHtml(`${fields.first_name ?? ''} ${fields.last_name ?? ''}`.trim());
  const told = isSignedOut ? 'signed_out' : kind === 'people' ? 'person' : 'saved';
  return offlinePage(told, { back, count, name, waiting: await waiting() });
}

/**
 * @returns how many operations were put into the outbox, for whom the form was drawn
 * Errors: nothing was stored
 */
async function keep(read: (session: number, fields: Fields) => Draft[], session: number, fields: Fields) {
  const drafts = read(session, fields);
  const owner = fields.binding || (await currentBinding())?.binding;
  if (!owner) throw new Error('signed out');
  if (drafts.length > 0) await capture(owner, drafts, await namesOf(owner, `/sessions/${session}`, drafts));
  return drafts.length;
}

/** The rows that were changed, by the very rule of the server. */
function marks(session: number, fields: Fields): Draft[] {
  const rows = changedRows(fields);
  if (!rows) throw new Error('form cut off');
  return rows.map((row) => ({
    kind: 'presence',
    session_id: session,
    participant_id: row.participant,
    presence_state: row.state,
    shown_revision: row.revision,
    shown_state: row.shown,
  }));
}

function newPerson(session: number, fields: Fields): Draft[] {
  const text = (name: string) => fields[name]?.trim().replace(/\s+/g, ' ') ?? '';
  const group_id = Number(fields.group_id);
  if (!text('first_name') || !Number.isSafeInteger(group_id) || group_id < 1) throw new Error('no person');
  return [
    {
      kind: 'participant',
      ...(fields.op_id ? { op_id: fields.op_id } : {}),
      session_id: session,
      first_name: text('first_name'),
      last_name: text('last_name'),
      ...(text('identifier') ? { identifier: text('identifier') } : {}),
      group_id,
      ...(/^\d{4}-\d\d-\d\d$/.test(fields.joined_on ?? '') ? { joined_on: fields.joined_on! } : {}),
    },
  ];
}

/**
 * The id under which the form goes to the server and into the outbox: when the server added the person and its answer got
 * lost, the operation finds him. (A mark that comes twice is merged by itself.) It follows from what was typed as well,
 * because a page that was kept may be sent again with somebody else.
 * @returns '' when the page gave the form no id
 */
async function personId(sent: URLSearchParams): Promise<string> {
  const told = ['op_id', 'group_id', 'first_name', 'last_name', 'identifier'].map(
    (name) => sent.get(name)?.trim() ?? '',
  );
  if (!told[0]) return '';
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(told)));
  const hex = Array.from(new Uint8Array(hash, 0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
  // A UUID of version 8: made as its maker sees fit.
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})/, '$1-$2-8$3-8$4-');
}

/** What the list of waiting marks calls them: the kept register knows it, the form does not. */
async function namesOf(owner: string, path: string, drafts: Draft[]): Promise<Name[]> {
  const page = await findPage(owner, path);
  if (!page) return [];
  const title = decodeURIComponent(page.response.headers.get('X-Title') ?? '');
  const names: Name[] = [{ kind: 'session', id: Number(path.split('/').pop()), name: plain(title) }];
  const html = await page.response.text();
  for (const draft of drafts)
    if (draft.kind === 'presence') {
      const id = draft.participant_id as number;
      const [, name] = new RegExp(`<li id=p${id} [^]*?<a [^>]*>([^]*?)(<u>|</a>)`).exec(html) ?? [];
      if (name) names.push({ kind: 'person', id, name: plain(name) });
    }
  return names;
}

const SIGNS: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" };
/** @returns the text of a piece of HTML that the server wrote */
const plain = (html: string): string =>
  html.replace(/<[^>]*>/g, '').replace(/&[#\w]+;/g, (sign) => SIGNS[sign] ?? sign);
