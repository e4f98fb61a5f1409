import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, type Page } from 'playwright-core';
import { openBrowser, pageOf, seriousProblems } from '../support/browser.js';
import { Device } from '../support/device.js';
import { type Place, World } from '../world.js';

let world: World;
let browser: Browser;
let device: Device;
beforeAll(async () => {
  [world, browser] = [await World.open(), await openBrowser()];
  device = await Device.open(world.bruno);
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

const LONG = 'Wilhelmina-Alexandrina von und zu Hohenzollern-Sigmaringen-Wolfenbüttel';

/** With SCREENSHOTS=folder every page is kept as a picture: small and wide, light and dark. */
async function look(page: Page, name: string): Promise<void> {
  expect(await seriousProblems(page)).toEqual([]);
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
  const shots = process.env.SCREENSHOTS;
  if (!shots) return;
  const size = page.viewportSize()!;
  for (const width of [360, 1280])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.screenshot({ path: join(shots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: 'light' });
}

/** Ana marks everybody late; the device, which has not seen it, brings "present". */
async function clash(names: string[], place: Place = world.school, on = device, who = world.ana) {
  const made = await world.addRegister(place, names);
  for (const { id } of made.participants)
    await who.post('/api/presence', { session_id: made.session.id, participant_id: id, presence_state: 'late' });
  const { results } = await on.send(
    made.participants.map(({ id }, at) =>
      on.mark(made.session.id, id, 'present', {
        recorded_at: on.time(600_000 + at * 1000),
        note: at === 0 ? 'Sat in the last row, behind the pillar' : null,
      }),
    ),
  );
  return { ...made, ids: results.map(({ conflict_id }) => conflict_id!) };
}

/** Presses Tab until the element has the focus, as somebody without a mouse does. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let step = 0; step < 120; step++) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((wanted) => !!document.activeElement?.matches(wanted), selector)) return;
  }
  throw new Error(`the Tab key does not reach ${selector}`);
}

describe('the conflict desk in a browser', () => {
  it('tells in a few words what it is for when nothing waits', async () => {
    const place = await world.openPlace('Quiet School', 'education', 'Europe/Paris', { quinn: 'administrator' });
    const page = await pageOf(browser, place.visitor.quinn!, { viewport: { width: 360, height: 780 } });
    await page.goto('/conflicts');
    expect(await page.textContent('main')).toContain('both versions wait here');
    await look(page, 'empty');
    await page.goto('/parked');
    await look(page, 'parked-empty');
    await page.goto('/devices');
    await look(page, 'devices-empty');
    await page.context().close();
  });

  it('is worked through with the keyboard alone: the next conflict comes by itself, then the list is empty', async () => {
    const { ids, session } = await clash(['Ada Lovelace', LONG]);
    const page = await pageOf(browser, world.ana, { viewport: { width: 360, height: 780 } });
    await page.goto('/');
    await look(page, 'home');
    await page.goto('/conflicts');
    await look(page, 'list');
    await tabTo(page, `a[href="/conflicts/${ids[0]}"]`);
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/conflicts/${ids[0]}`);
    await look(page, 'conflict');

    // Without a reason: nothing is decided, and the reason is asked for.
    await tabTo(page, 'button[value="server"]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[role=alert]:has-text("This was not saved")');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('alert');
    await look(page, 'conflict-refused');
    await tabTo(page, '#f-reason');
    await page.keyboard.type('She came in at 9:02,');
    await page.keyboard.press('Enter');
    await page.keyboard.type('I saw her.');
    await tabTo(page, 'button[value^="device:"]');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/conflicts/${ids[1]}*`);
    expect(await page.textContent('#notice')).toContain('Ada Lovelace is settled.');
    await look(page, 'conflict-long-name');

    await tabTo(page, 'input[name="quick"]');
    await page.keyboard.press('Space');
    await tabTo(page, 'button[value="server"]');
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.pathname === '/conflicts');
    expect(await page.textContent('main')).toContain('No conflicts.');
    const marks = (await world.ana.get(`/api/presence?session_id=${session.id}`)).json.data;
    expect(marks.map(({ presence_state, disputed }: any) => [presence_state, disputed])).toEqual([
      ['present', false],
      ['late', false],
    ]);
    await page.goto(`/conflicts/${ids[0]}`);
    expect(await page.textContent('main')).toContain('She came in at 9:02,');
    await look(page, 'resolved');
    await page.goto('/conflicts/settled');
    await look(page, 'settled');
    await page.context().close();
  }, 60_000);

  it('decides many at once, after showing what it would do', async () => {
    await clash(['Grace Hopper', 'Alan Turing', 'Katherine Johnson']);
    const page = await pageOf(browser, world.ana, { viewport: { width: 1280, height: 800 } });
    await page.goto('/conflicts');
    await page.getByLabel('Select Grace Hopper').check();
    await page.getByLabel('Select Alan Turing').check();
    await page.click('text=One decision for the selected ones');
    await page.getByLabel(/Take what arrived last/).check();
    await page.getByLabel('Both were asked').check();
    await look(page, 'many');
    await page.click('text=Look at what it would do');
    await page.waitForSelector('text=Nothing has been changed yet.');
    await look(page, 'preview');
    await page.click('text=Settle these 2');
    await page.waitForSelector('#notice:has-text("2 settled.")');
    expect(await page.locator('.desk-rows > li').count()).toBe(1);
    await page.context().close();
  });

  it('puts the versions side by side and the decision right below; earlier taps are folded', async () => {
    const { session, participants, ids } = await clash([LONG]);
    const [, first] = (await world.ana.get(`/api/admin/sync-conflicts/${ids[0]}`)).json.data.versions;
    let before = first.op_id as string;
    for (const state of ['absent', null, 'excused']) {
      const tap = device.mark(session.id, participants[0]!.id, state, { base: { op: before } });
      await device.one(tap);
      before = tap.op_id;
    }
    const page = await pageOf(browser, world.ana, { viewport: { width: 360, height: 780 } });
    await page.goto(`/conflicts/${ids[0]}`);
    const boxes = (selector: string) =>
      page.locator(selector).evaluateAll((all) => all.map((each) => each.getBoundingClientRect().toJSON() as DOMRect));
    for (const [width, height, below] of [
      [360, 780, 1.25],
      [1280, 800, 0.85],
    ] as const) {
      await page.setViewportSize({ width, height });
      const [stands, waits] = await boxes('.version');
      expect(waits!.top).toBe(stands!.top);
      expect(waits!.left).toBeGreaterThan(stands!.right);
      const [decide] = await boxes('.decide');
      expect(decide!.top - Math.max(stands!.bottom, waits!.bottom)).toBeLessThan(30);
      expect(decide!.top).toBeLessThan(height * below);
    }
    await page.setViewportSize({ width: 360, height: 780 });
    expect(await page.locator('.earlier li').first().isVisible()).toBe(false);
    await page.click('text=Earlier taps (3)');
    expect(await page.locator('.earlier li').first().textContent()).toContain('Replaced by a later one');
    await look(page, 'earlier');
    await page.context().close();
  });

  it('says what changed when somebody else was faster, and keeps what was typed', async () => {
    const { ids, session, participants } = await clash(['Dorothy Vaughan']);
    const page = await pageOf(browser, world.ana, { viewport: { width: 360, height: 780 } });
    await page.goto(`/conflicts/${ids[0]}`);
    await page.fill('#f-reason', 'My own words');
    const other = await Device.open(
      await world.visitor().signIn(world.school.user.ana!.email, 'correct horse battery'),
    );
    await other.one(other.mark(session.id, participants[0]!.id, 'absent'));
    await page.click('button[value="server"]');
    await page.waitForSelector('[role=alert]:has-text("A further version arrived:")');
    expect(await page.inputValue('#f-reason')).toBe('My own words');
    expect(await page.locator('.version').count()).toBe(3);
    await look(page, 'stale');
    await page.context().close();
  });

  it('lets parked marks count, and tells on which device marks are missing', async () => {
    const made = await world.addRegister(world.school, ['Mary Jackson', LONG, 'Annie Easley']);
    device.seq++;
    await device.send(made.participants.map(({ id }) => device.mark(made.session.id, id, 'dancing')));
    const [first] = (await world.ana.get('/api/admin/parked-operations')).json.data;
    expect(first.code).toBe('state_unknown');
    const page = await pageOf(browser, world.ana, { viewport: { width: 360, height: 780 } });
    await page.goto('/parked');
    await look(page, 'parked');
    await page.getByLabel('Reason in your own words').fill('There is no such state');
    await page.click('text=Discard the selected');
    await page.waitForSelector('#notice:has-text("3 discarded.")');
    await page.goto('/devices');
    expect(await page.textContent('main')).toContain('1 entry is known to be there and has not arrived.');
    await look(page, 'devices');
    await page.goto('/sync-history');
    await look(page, 'history');
    await page.locator('.rows .row-title').first().click();
    await page.waitForURL('**/sync-history/*');
    await look(page, 'delivery');
    await page.context().close();
  });

  it('asks, with the name of the device, before it is revoked', async () => {
    const visitor = await world.visitor().signIn(world.school.user.bruno!.email, 'correct horse battery');
    const phone = await Device.open(visitor);
    const { id } = (await world.ana.get('/api/admin/devices?per_page=500')).json.data.find(
      ({ device_id }: any) => device_id === phone.handshake.client_id,
    );
    const page = await pageOf(browser, world.ana, { viewport: { width: 360, height: 780 } });
    await page.goto('/devices');
    const asked: string[] = [];
    page.once('dialog', (dialog) => {
      asked.push(dialog.message());
      void dialog.dismiss();
    });
    await page.click(`form[action="/devices/${id}/revoke"] button`);
    expect(asked[0]).toMatch(/Revoke .+, [0-9A-F]{4} of Bruno Example\?/);
    expect((await visitor.get('/api/auth/me')).status).toBe(200);
    page.once('dialog', (dialog) => void dialog.accept());
    await page.click(`form[action="/devices/${id}/revoke"] button`);
    await page.waitForSelector('#notice:has-text("The device is revoked")');
    expect((await visitor.get('/api/auth/me')).status).toBe(401);
    await page.context().close();
  });

  it('stays readable with fifty conflicts', async () => {
    const place = await world.openPlace('Busy School', 'education', 'Europe/Paris', { bea: 'administrator' });
    const theirs = await Device.open(place.visitor.bea!);
    const names = Array.from({ length: 50 }, (_, at) => `Pupil${at} ${at % 7 === 0 ? LONG : 'Number'}`);
    await clash(names, place, theirs, place.visitor.bea!);
    const page = await pageOf(browser, place.visitor.bea!, { viewport: { width: 360, height: 780 } });
    await page.goto('/conflicts');
    expect(await page.locator('.desk-rows > li').count()).toBe(50);
    await look(page, 'fifty');
    await page.context().close();
  });
});

describe('on a phone', () => {
  it.each(['education', 'hospitality', 'events', 'corporate'] as const)(
    'the navigation of an administrator is whole, its badge inside, and the tabs are one line: %s',
    async (domain) => {
      const place = await world.openPlace(`Phone ${domain}`, domain, 'Europe/Paris', { pia: 'administrator' });
      const pia = place.visitor.pia!;
      const theirs = await Device.open(pia);
      const { session, participants } = await world.addRegister(place, 1);
      await theirs.send(Array.from({ length: 100 }, () => theirs.mark(session.id, participants[0]!.id, 'no_such')));
      const page = await pageOf(browser, pia, { viewport: { width: 360, height: 780 } });
      await page.goto('/conflicts');
      const items = await page.locator('.nav li').evaluateAll((all) =>
        all.map((item) => {
          const word = item.querySelector('a > span')!;
          const { left, right } = item.getBoundingClientRect();
          const badge = item.querySelector('.nav-count')?.getBoundingClientRect();
          return {
            word: word.textContent,
            isCut: word.scrollWidth > word.clientWidth,
            isInside: left >= 0 && right <= innerWidth,
            badge: badge ? badge.left >= left && badge.right <= right && badge.width > 20 : null,
          };
        }),
      );
      expect(items).toHaveLength(7);
      for (const item of items) expect(item).toMatchObject({ isCut: false, isInside: true });
      expect(items.map(({ badge }) => badge)).toEqual([null, null, null, null, null, true, null]);
      expect(await page.textContent('.nav-count')).toContain('99+');
      const tabs = await page
        .locator('.tabs-bar li')
        .evaluateAll((all) => all.map((each) => each.getBoundingClientRect().toJSON() as DOMRect));
      expect(new Set(tabs.map(({ top }) => top)).size).toBe(1);
      expect(tabs.at(-1)!.right).toBeLessThanOrEqual(360);
      await look(page, `phone-${domain}`);
      await page.context().close();
    },
  );
});

describe('a disputed mark', () => {
  it('shows in the register and in the dialog of the person', async () => {
    const { session, participants } = await clash(['Ada Lovelace', LONG, 'Zoe Zed']);
    const page = await pageOf(browser, world.ana, { viewport: { width: 360, height: 780 } });
    await page.goto(`/sessions/${session.id}`);
    await page.waitForSelector(`#p${participants[0]!.id} mark:has-text("Disputed")`);
    await look(page, 'register');
    await page.click(`#p${participants[0]!.id} a`);
    await page.waitForSelector('dialog[open] .dispute');
    expect(await page.textContent('#dialog')).toContain('Bruno Example');
    await look(page, 'person');
    await page.click('#dialog a:has-text("Decide")');
    await page.waitForURL('**/conflicts/*');
    await page.goto(`/participants/${participants[0]!.id}/presence`);
    await look(page, 'statement');
    await page.context().close();
  });
});
