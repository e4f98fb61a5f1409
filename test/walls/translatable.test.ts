import { type EntityClass, type EntityManager } from '@mikro-orm/core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiToken, SetupAddress, User } from '../../src/auth/index.js';
import { Webhook } from '../../src/notifications/index.js';
import { Group, Import, Participant } from '../../src/participants/index.js';
import { Reply } from '../../src/platform/http/reply.js';
import { routesOf, type Route } from '../../src/platform/http/routes.js';
import { PresenceState, SyncConflict } from '../../src/presence/index.js';
import { Export } from '../../src/reports/index.js';
import { Session } from '../../src/sessions/index.js';
import { SyncClient } from '../../src/sync/index.js';
import { DOMAIN_PACKS, Organization } from '../../src/tenancy/index.js';
import { idOf, isPage, nameOf, pathOf, rowsOf, type Rows } from '../support/route-targets.js';
import { type Answer } from '../support/visitor.js';
import { bareTexts, DATA } from '../support/visible-text.js';
import { World } from '../world.js';

let world: World;
let pages: Route[];
let rows: Rows;

beforeAll(async () => {
  world = await World.open();
  rows = await rowsOf(world, world.school);
  await world.write(world.school, markData);
  // Signed-out pages have no organization to take their language from.
  const reply = world.app.get(Reply);
  const contextOf = reply.pageContext;
  reply.pageContext = (request) => {
    const page = contextOf(request);
    return page.user ? page : { ...page, locale: PSEUDO, terms: marked(page.terms) };
  };
  pages = routesOf(world.app).filter(isPage);
});
afterAll(() => world.close());

/** The locale that brackets whatever can be translated. */
const PSEUDO = 'en-x-pseudo';

/** The same terms, as words that the organization chose itself. */
const marked = (terms: Record<string, unknown>) =>
  Object.fromEntries(Object.keys(terms).map((name) => [name, { one: `${name}${DATA}`, many: `${name}s${DATA}` }]));

/** Puts the sign of data into every name that a page may show. */
async function markData(tx: EntityManager): Promise<void> {
  const organization = await tx.findOneOrFail(Organization, {});
  const terms = marked(DOMAIN_PACKS[organization.domainType].terms);
  Object.assign(organization, { name: `School${DATA}`, locale: PSEUDO, settings: { terms } });
  for (const user of await tx.find(User, {})) Object.assign(user, { firstName: `Ana${DATA}`, lastName: `User${DATA}` });
  for (const person of await tx.find(Participant, {}))
    Object.assign(person, { firstName: `First${DATA}`, lastName: `Last${DATA}`, identifier: `${person.id}${DATA}` });
  for (const group of await tx.find(Group, {}))
    Object.assign(group, { name: `Group${DATA}`, groupType: `type${DATA}` });
  for (const session of await tx.find(Session, {}))
    Object.assign(session, { name: `Session${DATA}`, location: `Room${DATA}` });
  for (const state of await tx.find(PresenceState, {})) state.label = `${state.code}${DATA}`;
  for (const client of await tx.find(SyncClient, {})) client.label = `Browser${DATA}`;
  for (const token of await tx.find(ApiToken, {})) token.name = `Token${DATA}`;
  for (const webhook of await tx.find(Webhook, {})) webhook.name = `Program${DATA}`;
  for (const job of await tx.find(Import, {})) job.fileName = `file${DATA}.csv`;
  for (const job of await tx.find(Export, {})) {
    job.fileName = `file${DATA}.csv`;
    job.failure = JSON.stringify({ code: 'x', message: DATA });
  }
}

const isHtml = (answer: Answer) => /text\/html/.test(answer.headers.get('content-type') ?? '');

/** What an administrator sees of a route: read, sent empty, sent with a value that does not fit, and as a fragment. */
async function seenOf(route: Route): Promise<Record<string, Answer>> {
  const path = pathOf(route, (name) => (route.targets?.[name] === null ? 'nothing' : idOf(route, name, rows)));
  const long = DATA.repeat(3000);
  const form = (fields: Record<string, string> = {}) => new URLSearchParams(fields);
  const token = /\/setup$/.test(path) ? world.app.get(SetupAddress).open().split('=')[1]! : '';
  const visitor = /\/(setup|login)$/.test(path) ? world.visitor() : world.ana;
  const ask = (body?: URLSearchParams, headers?: Record<string, string>) =>
    visitor.send(route.method, body || !token ? path : `${path}?token=${token}`, body, headers);
  if (route.method === 'GET') return { page: await ask(), fragment: await ask(undefined, { 'hx-request': 'true' }) };
  const wrong = {
    token,
    name: long,
    first_name: long,
    note: long,
    email: 'nobody',
    presence_state: 'nothing',
    q: long,
  };
  return {
    empty: await ask(form({ token })),
    'wrong values': await ask(form(wrong)),
    fragment: await ask(form({ token }), { 'hx-request': 'true' }),
  };
}

describe('every visible text can be translated', () => {
  it('and a text that cannot is found', () => {
    expect(bareTexts('<p>⟦Sign in⟧</p><button>⟦Save ⟦all⟧ marks⟧</button>')).toEqual([]);
    expect(bareTexts(`<p>Ada${DATA}, 12 %, a@b.example</p><time>20 Nov</time><b>Omnipresence</b>`)).toEqual([]);
    expect(bareTexts('<p>⟦Sign in⟧ now</p>')).toEqual(['now']);
    expect(bareTexts('<button aria-label="Close">×</button>')).toEqual(['Close']);
    expect(bareTexts('<input type="submit" value="Go on">')).toEqual(['Go on']);
    expect(bareTexts('<body data-words="{&quot;saved&quot;:&quot;Saved&quot;}">')).toEqual(['Saved']);
    expect(bareTexts('<input placeholder="⟦Search⟧" value="typed text"><script>var text = "bare"</script>')).toEqual(
      [],
    );
  });

  it('on every page, whether it is read, sent empty or sent wrong', async () => {
    const bare: Record<string, string[]> = {};
    let seen = 0;
    for (const route of pages) {
      if (/\/logout$/.test(route.path)) continue;
      for (const [how, answer] of Object.entries(await seenOf(route))) {
        if (answer.status >= 500) bare[`${nameOf(route)} (${how})`] = [`answers ${answer.status}`];
        if (!isHtml(answer)) continue;
        seen++;
        const texts = bareTexts(answer.body);
        if (texts.length > 0) bare[`${nameOf(route)} (${how})`] = texts;
      }
    }
    expect(bare).toEqual({});
    expect(seen).toBeGreaterThan(pages.length);
  }, 120_000);

  it('in every state that a page can be in', async () => {
    const bare: Record<string, string[]> = {};
    const look = async (what: string, path: string, visitor = world.ana) => {
      const answer = await visitor.get(path);
      if (answer.status !== 200 || !isHtml(answer)) bare[what] = [`answers ${answer.status}`];
      else if (bareTexts(answer.body).length > 0) bare[what] = bareTexts(answer.body);
    };
    const change = <T extends object>(entity: EntityClass<T>, values: Partial<T>) =>
      world.write(world.school, async (tx) => {
        for (const row of await tx.find(entity, {})) Object.assign(row, values);
      });
    const now = new Date();
    const session = `/sessions/${rows.get(Session)}`;
    const person = `${session}/people/${rows.get(Participant)}`;
    const sessions: Record<string, Partial<Session>> = {
      running: { status: 'running', actualStartAt: now },
      locked: { status: 'ended', actualEndAt: now, lockedAt: now, registerCompletedAt: now },
      cancelled: { status: 'cancelled' },
    };
    // The desk: a preview, a decision, and what it leaves behind.
    const conflict = rows.get(SyncConflict)!;
    const previewed = await world.ana.form('/conflicts/preview', {
      ids: String(conflict),
      choice: 'device',
      reason: `asked${DATA}`,
    });
    expect(previewed.status).toBe(200);
    if (bareTexts(previewed.body).length > 0) bare['preview of a decision'] = bareTexts(previewed.body);
    await look('all selected', '/conflicts?select=all');
    const decided = await world.ana.post(`/api/admin/sync-conflicts/${conflict}/resolve`, {
      choice: 'device',
      reason: `asked${DATA}`,
    });
    expect(decided.status).toBe(200);
    const [parked] = (await world.ana.get('/api/admin/parked-operations')).json.data;
    await look('parked, of one author', `/parked?author=${parked.user.id}`);
    const discarded = await world.ana.post(`/api/admin/parked-operations/${parked.op_id}/discard`, {
      reason: `nobody${DATA}`,
    });
    expect(discarded.status).toBe(200);
    for (const path of ['/conflicts/settled', `/conflicts/${conflict}`, '/parked?status=discarded', person])
      await look(`${path}, decided`, path);
    await world.ana.form(`${session}/presence`, {
      op_id: crypto.randomUUID(),
      participant_id: String(rows.get(Participant)),
      presence_state: 'absent',
      revision: '2',
    });
    for (const [state, values] of Object.entries(sessions)) {
      await change(Session, values);
      for (const path of ['/', '/sessions', session, person]) await look(`${path}, session ${state}`, path);
    }
    for (const [name, visitor] of Object.entries(world.school.visitor))
      for (const path of name === 'emil' ? ['/'] : ['/', '/participants', '/groups', '/sessions', session, person])
        await look(`${path}, as ${name}`, path, visitor);

    for (const status of ['queued', 'running', 'undoing', 'undone', 'done', 'failed'] as const) {
      await change(Import, { status, total: 4, processed: 3, failedCount: 1, undoneAt: now, finishedAt: now });
      for (const path of ['/import', `/import/${rows.get(Import)}`]) await look(`${path}, ${status}`, path);
    }
    const file = `first_name,last_name,external_id,date_of_birth,Colour${DATA}\nAda${DATA},Byron${DATA},1${DATA},2010-02-31,\n`;
    const form = new FormData();
    form.append('files', new Blob([`${file}Bea${DATA},,2${DATA},,x,y\n`], { type: 'text/csv' }), `people${DATA}.csv`);
    const uploaded = await world.ana.post('/import', form);
    expect(uploaded.status).toBe(303);
    await look('preview of an upload', uploaded.headers.get('location')!);

    await change(Group, { isActive: false });
    await change(Participant, { isActive: false });
    const pages = [`/groups/${rows.get(Group)}`, `/participants/${rows.get(Participant)}`];
    for (const path of [...pages, '/groups', '/participants', '/participants?q=nobody'])
      await look(`${path}, not in use`, path);
    expect(bare).toEqual({});
  }, 120_000);

  it('on the pages of refusals', async () => {
    const answers = {
      'not found': await world.ana.get('/nowhere'),
      'not found, fragment': await world.ana.get('/nowhere', { 'hx-request': 'true' }),
      'not allowed': await world.mara.form(`/sessions/${rows.get(Session)}/people`, {}),
      'too much': await world.ana.form(`/sessions/${rows.get(Session)}/register`, { x: 'x'.repeat(2_200_000) }),
      'another site': await world.ana.form('/logout', {}, { 'sec-fetch-site': 'cross-site' }),
    };
    expect(Object.values(answers).map(({ status }) => status)).toEqual([404, 404, 403, 413, 403]);
    for (const [name, answer] of Object.entries(answers)) expect([name, bareTexts(answer.body)]).toEqual([name, []]);
  });
});
