import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { clock } from '../../src/platform/clock.js';
import { MailServer } from '../support/mail-server.js';
import { PASSWORD, World, type WorldOptions } from '../world.js';

const PUBLIC_URL = 'https://presence.riverside.example';
const mail = new MailServer();
/** One server that can send mail, and one that cannot. */
let world: World;
let mute: World;
beforeAll(async () => {
  const smtpUrl = await mail.open();
  const options: WorldOptions = { config: { smtpUrl, mailFrom: 'presence@riverside.example', publicUrl: PUBLIC_URL } };
  world = await World.open(options);
  mute = await World.open();
});
afterAll(async () => {
  await mute?.close();
  await world?.close();
  await mail.close();
});
const realNow = clock.now;
afterEach(() => {
  clock.now = realNow;
  mail.refuses = false;
});
const later = (ms: number) => (clock.now = () => new Date(Date.now() + ms));

let serial = 0;
const NEW = 'a sentence of my own';
async function invited(at = mute) {
  const email = `guest${++serial}-${at === mute ? 'mute' : 'mail'}@riverside.example`;
  const body = { email, first_name: 'Gala', last_name: 'Guest', role: 'frontline' };
  const answer = await at.ana.post('/api/admin/users', body);
  const { data } = answer.json;
  return { ...data, email, path: new URL(data.invitation_url).pathname as string };
}
const linkIn = (message: string) => /https:\/\/presence\.riverside\.example(\/\S+)/.exec(message)![1]!;

describe('an invitation', () => {
  it('lets somebody choose a password and signs him in, once', async () => {
    const { path, email, id } = await invited();
    const visitor = mute.visitor();
    const page = await visitor.get(path);
    expect(page.status).toBe(200);
    expect(page.body).toContain(email);
    const short = await visitor.form(path, { password: 'short' });
    expect([short.status, /at least 10 characters/.test(short.body)]).toEqual([422, true]);
    const done = await visitor.form(path, { password: NEW });
    expect([done.status, done.headers.get('location')]).toEqual([303, '/']);
    expect((await visitor.get('/api/auth/me')).json.data.user).toMatchObject({ id, email });
    const user = (await mute.ana.get(`/api/admin/users/${id}`)).json.data;
    expect([user.status, user.last_login_at]).toEqual(['active', expect.any(String)]);
    expect((await mute.visitor().form(path, { password: 'somebody else chooses' })).status).toBe(404);
    await mute.visitor().signIn(email, NEW);
  });

  it('is used by one of two who come at the same moment', async () => {
    const { path } = await invited();
    const visitors = Array.from({ length: 4 }, () => mute.visitor());
    const answers = await Promise.all(visitors.map((each, at) => each.form(path, { password: `${NEW} ${at}` })));
    expect(answers.map((each) => each.status).sort((a, b) => a - b)).toEqual([303, 404, 404, 404]);
  });

  it('ends after seven days, with a newer one, and when its user is disabled', async () => {
    const old = await invited();
    later(7 * 86_400_000 - 60_000);
    expect((await mute.visitor().get(old.path)).status).toBe(200);
    later(7 * 86_400_000 + 60_000);
    expect((await mute.visitor().get(old.path)).status).toBe(404);
    expect((await mute.visitor().form(old.path, { password: NEW })).status).toBe(404);
    clock.now = realNow;
    const again = await mute.ana.post(`/api/admin/users/${old.id}/invitation`);
    const newer = new URL(again.json.data.url).pathname;
    expect((await mute.visitor().get(old.path)).status).toBe(404);
    expect((await mute.visitor().get(newer)).status).toBe(200);
    await mute.ana.delete(`/api/admin/users/${old.id}`);
    expect((await mute.visitor().get(newer)).status).toBe(404);
  });

  it('that never was looks as one that is over', async () => {
    const { path } = await invited();
    await mute.visitor().form(path, { password: NEW });
    const over = await mute.visitor().get(path);
    const never = await mute.visitor().get(`/invitation/${'x'.repeat(43)}`);
    expect([over.status, over.body]).toEqual([404, never.body]);
    // Nor does the secret of an invitation open the other page.
    const other = await invited();
    const asReset = await mute.visitor().get(other.path.replace('invitation', 'password-reset'));
    expect([asReset.status, asReset.body]).toEqual([404, never.body]);
  });

  it('is for those who were invited only', async () => {
    const { id, path } = await invited();
    await mute.visitor().form(path, { password: NEW });
    const answer = await mute.ana.post(`/api/admin/users/${id}/invitation`);
    expect([answer.status, answer.json.errors[0].code]).toEqual([409, 'wrong_status']);
    const foreign = await mute.clara.post(`/api/admin/users/${id}/invitation`);
    expect([foreign.status, foreign.body]).toEqual([
      404,
      (await mute.clara.post('/api/admin/users/9/password-resets')).body,
    ]);
  });
});

describe('mail', () => {
  it('brings the link where it is configured, under the public address', async () => {
    const user = await invited(world);
    expect(user.mail_sent).toBe(true);
    expect(user.invitation_url).toBe(PUBLIC_URL + user.path);
    const message = await mail.messageTo(user.email);
    expect(message).toContain('Subject: Your access to Riverside School');
    expect(message).toContain('Hello Gala Guest');
    expect(linkIn(message)).toBe(user.path);
  });

  it('that was not taken leaves the link with the administrator', async () => {
    mail.refuses = true;
    const user = await invited(world);
    expect(user.mail_sent).toBe(false);
    expect((await world.visitor().get(user.path)).status).toBe(200);
  });
});

describe('a forgotten password', () => {
  it('is answered alike whether the address is known or not', async () => {
    const known = await world.visitor().form('/forgot', { email: world.school.user.mara!.email });
    const unknown = await world.visitor().form('/forgot', { email: 'nobody@nowhere.example' });
    const shown = ({ status, body }: { status: number; body: string }) => [status, body];
    expect(shown(known)).toEqual(shown(unknown));
    expect(known.status).toBe(200);
    const wrong = await world.visitor().form('/forgot', { email: 'not an address' });
    expect([wrong.status, wrong.body.includes('not an address')]).toEqual([422, true]);
  });

  it('is mended by the link that comes by mail: the old sign-ins are over, and the old password', async () => {
    const { email } = world.school.user.bruno!;
    const before = await world.visitor().signIn(email, PASSWORD);
    // The mail names our own address, whatever host the request made up.
    await world.visitor().form('/forgot', { email: email.toUpperCase() }, { 'x-forwarded-host': 'evil.example' });
    const path = linkIn(await mail.messageTo(email));
    expect(path).toMatch(/^\/password-reset\/[\w-]{43}$/);
    const visitor = world.visitor();
    expect((await visitor.form(path, { password: NEW })).headers.get('location')).toBe('/');
    expect((await visitor.get('/api/auth/me')).status).toBe(200);
    expect((await before.get('/api/auth/me')).status).toBe(401);
    expect((await world.visitor().post('/api/auth/login', { email, password: PASSWORD })).status).toBe(401);
    expect((await world.visitor().form(path, { password: 'and once more again' })).status).toBe(404);
  });

  it('sends nobody a second mail within minutes, and nothing to those who are not active', async () => {
    const { email } = world.school.user.emil!;
    const guest = await invited(world);
    for (const asked of [email, email, guest.email]) await world.visitor().form('/forgot', { email: asked });
    await mail.messageTo(email);
    await new Promise((done) => setTimeout(done, 300));
    expect(mail.messages.filter((each) => each.includes(`To: ${email}`))).toHaveLength(1);
    expect(mail.messages.filter((each) => each.includes(`To: ${guest.email}`))).toHaveLength(1);
  });

  it('sends to the administrator where no mail can be sent', async () => {
    const page = await mute.visitor().get('/forgot');
    expect(page.body).toContain('Ask an administrator');
    const asked = await mute.visitor().form('/forgot', { email: mute.school.user.mara!.email });
    expect(asked.body).toContain('Ask an administrator');
    const { id, email } = mute.school.user.mara!;
    const made = await mute.ana.post(`/api/admin/users/${id}/password-reset`);
    expect(made.json.data).toMatchObject({ mail_sent: false, url: expect.stringContaining('/password-reset/') });
    const path = new URL(made.json.data.url).pathname;
    later(2 * 3_600_000 + 1000);
    expect((await mute.visitor().get(path)).status).toBe(404);
    clock.now = realNow;
    expect((await mute.visitor().form(path, { password: NEW })).status).toBe(303);
    await mute.visitor().signIn(email, NEW);
  });

  it('is slowed down for whoever asks too often', async () => {
    const statuses: number[] = [];
    for (let at = 0; at < 22; at++)
      statuses.push((await world.visitor().form('/forgot', { email: `guess${at}@nowhere.example` })).status);
    expect(statuses.at(-1)).toBe(429);
  });
});
