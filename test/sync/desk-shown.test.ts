import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { User } from '../../src/auth/index.js';
import { Device } from '../support/device.js';
import { checkAnswers } from '../contract/check-answers.js';
import { PASSWORD, World } from '../world.js';

let world: World;
let device: Device;
let made: Awaited<ReturnType<World['addRegister']>>;
let conflict: number;
beforeAll(async () => {
  world = await World.open();
  await checkAnswers(world);
  device = await Device.open(world.bruno);
});
afterAll(() => world.close());
/** Three pupils late by Ana; of the first one Bruno's device says present. */
beforeEach(async () => {
  made = await world.addRegister(world.school, ['Ada Lovelace', 'Alan Turing', 'Grace Hopper']);
  for (const { id } of made.participants)
    await world.ana.post('/api/presence', { session_id: made.session.id, participant_id: id, presence_state: 'late' });
  const result = await device.one(
    device.mark(made.session.id, made.participants[0]!.id, 'present', { note: 'In the back' }),
  );
  conflict = result.conflict_id!;
});

const register = (visitor = world.bruno) => visitor.get(`/sessions/${made.session.id}`);
const rowOf = (body: string, at: number) => new RegExp(`<li id=p${made.participants[at]!.id} .*?</li>`).exec(body)![0];
const resolve = () =>
  world.ana.post(`/api/admin/sync-conflicts/${conflict}/resolve`, { choice: 'server', reason: 'Asked both' });
const DISPUTED = '<mark title="Bruno Example: Present">Disputed</mark>';

describe('a disputed mark', () => {
  it('is shown as disputed in the register, with who says otherwise; the tally counts it as it stands', async () => {
    const { body } = await register();
    expect(rowOf(body, 0)).toContain(DISPUTED);
    expect(rowOf(body, 0)).toContain('data-s="late" data-d>');
    expect(rowOf(body, 1)).not.toContain('Disputed');
    expect(body).toContain('<li class="chip chip-disputed"><span>Disputed</span> <b>1</b></li>');
    expect(body).toMatch(/<span>Late<\/span> <b>3<\/b>/);
    const roster = (await world.bruno.get(`/api/sessions/${made.session.id}/roster`)).json;
    expect(roster.meta.disputed).toBe(1);
    expect(roster.data.map(({ presence }: any) => presence.disputed)).toEqual([false, true, false]);
  });

  it('costs a row that is not disputed no byte, and its own row one element', async () => {
    const disputed = rowOf((await register()).body, 0);
    await resolve();
    const settled = rowOf((await register()).body, 0);
    const elements = (html: string) => html.match(/<[a-z]/g)!.length;
    expect(elements(disputed) - elements(settled)).toBe(1);
    expect(settled).not.toContain('data-d');
  });

  it('is drawn anew when somebody else says something else, and when it is settled', async () => {
    expect(rowOf((await register()).body, 0)).toContain(DISPUTED);
    const other = await Device.open(await world.visitor().signIn(world.school.user.ana!.email, PASSWORD));
    await other.one(other.mark(made.session.id, made.participants[0]!.id, 'absent'));
    expect(rowOf((await register()).body, 0)).toContain('title="Bruno Example: Present; Ana Example: Absent"');
    await resolve();
    const { body } = await register();
    expect(rowOf(body, 0)).not.toContain('Disputed');
    expect(body).not.toContain('chip-disputed');
  });

  it('is told in the answer to a tap on another row', async () => {
    const answer = await world.bruno.form(
      `/sessions/${made.session.id}/presence`,
      {
        op_id: crypto.randomUUID(),
        participant_id: String(made.participants[1]!.id),
        presence_state: 'absent',
        revision: '1',
      },
      { 'hx-request': 'true' },
    );
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('chip-disputed');
  });

  it('shows both versions on the page of the person, and leads whoever may decide to the desk', async () => {
    const path = `/sessions/${made.session.id}/people/${made.participants[0]!.id}`;
    const forBruno = (await world.bruno.get(path)).body;
    expect(forBruno).toMatch(
      /Until somebody decides[^]*?<b>Late<\/b> <span>Ana Example[^]*?<b>Present<\/b> <span>Bruno/,
    );
    expect(forBruno).toContain('In the back');
    expect(forBruno).toContain('An administrator decides.');
    expect(forBruno).not.toContain(`/conflicts/${conflict}`);
    expect((await world.ana.get(path)).body).toContain(`href="/conflicts/${conflict}"`);
    await resolve();
    const after = (await world.bruno.get(path)).body;
    expect(after).not.toContain('Until somebody decides');
    expect(after).toMatch(/Bruno Example: Present[^]*?Declined[^]*?Asked both/);
  });

  it('tells on the page of the person who else observed the same', async () => {
    const path = `/sessions/${made.session.id}/people/${made.participants[1]!.id}`;
    const same = device.mark(made.session.id, made.participants[1]!.id, 'late', { note: 'Came by tram' });
    expect((await device.one(same)).outcome).toBe('merged');
    const page = (await world.ana.get(path)).body;
    expect(page).toMatch(/Also observed by Bruno Example[^]*?Came by tram/);
    expect(page).not.toContain('Until somebody decides');
  });

  it('is shown as disputed in the statement, to the person himself too', async () => {
    const path = `/participants/${made.participants[0]!.id}/presence`;
    const statement = (await world.mara.get(path)).body;
    expect(statement).toContain('1 mark is disputed: it counts as it stands until somebody decides.');
    expect(statement).toMatch(/Late <span class="tag tag-disputed">[^]*?Disputed<\/span>/);
    expect((await world.mara.get(`/participants/${made.participants[0]!.id}`)).body).toContain('tag-disputed');
    await world.write(world.school, async (tx) => {
      (await tx.findOneOrFail(User, world.school.user.emil!.id)).participant = made.participants[0]!.id;
    });
    const emil = await world.visitor().signIn(world.school.user.emil!.email, PASSWORD);
    expect((await emil.get(path)).body).toContain('Disputed');
    await resolve();
    const settled = (await emil.get(path)).body;
    expect(settled.slice(settled.indexOf('<main'))).not.toContain('isputed');
  });
});

describe('whoever may decide', () => {
  it('sees how much waits beside the navigation and on the first page; nobody else does', async () => {
    const count = async (path: string) => (await world.ana.get(path)).json.meta.total as number;
    const place = await world.openPlace('Waiting School', 'education', 'Europe/Paris', {
      wanda: 'administrator',
      will: 'frontline',
    });
    const { wanda, will } = place.visitor as Record<string, typeof world.ana>;
    expect((await wanda!.get('/')).body).not.toContain('nav-count');
    const { session, participants } = await world.addRegister(place, 3);
    const theirs = await Device.open(will!);
    for (const { id } of participants.slice(0, 2))
      await wanda!.post('/api/presence', { session_id: session.id, participant_id: id, presence_state: 'late' });
    await theirs.send([
      ...participants.slice(0, 2).map(({ id }) => theirs.mark(session.id, id, 'present')),
      theirs.mark(session.id, participants[2]!.id, 'dancing'),
    ]);
    const home = (await wanda!.get('/')).body;
    expect(home).toContain(
      '<a class="link" href="/conflicts">2 conflicts</a>, <a class="link" href="/parked">1 parked mark</a>',
    );
    expect(home).toMatch(/class="nav-count">3</);
    expect((await wanda!.get('/participants')).body).toMatch(/class="nav-count">3</);
    const frontline = (await will!.get('/')).body;
    expect(frontline).not.toContain('href="/conflicts"');
    expect(frontline).not.toContain('nav-count');
    // The other school's numbers are its own.
    const waits = (await count('/api/admin/sync-conflicts')) + (await count('/api/admin/parked-operations'));
    expect((await world.ana.get('/')).body).toContain(`class="nav-count">${waits}<`);
  });
});
