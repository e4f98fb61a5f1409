import { expect } from '@jest/globals';
import { type Locator, type Page } from 'playwright-core';
import { type Day, PASSWORD } from './day.js';
import { type DayPlan } from './domains.js';

const DESK = { viewport: { width: 1280, height: 800 } };
const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

export interface People {
  administrator: Page;
  frontline: Page;
}

const heading = (page: Page) => page.getByRole('heading', { level: 1 });
const main = (page: Page) => page.locator('main');
const told = (page: Page) => page.locator('#notice');
const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).click();
const follow = (page: Page, name: string | RegExp) => main(page).getByRole('link', { name }).first().click();
/** The page itself, without what is told once. */
const text = async (at: Locator) => (await at.innerText()).replace(/\s+/g, ' ');

/** Presses what begins something, and waits until the server has taken it. */
async function start(page: Page, name: string | RegExp): Promise<void> {
  await press(page, name);
  await page.getByRole('button', { name }).waitFor({ state: 'detached' });
}

/** Goes where the navigation leads, as people do. */
async function open(page: Page, item: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: item }).click();
}
async function openImports(page: Page, { words }: DayPlan): Promise<void> {
  await open(page, words.People);
  await main(page).getByRole('link', { name: 'Import', exact: true }).click();
}
async function settings(page: Page, part: string): Promise<void> {
  await open(page, 'Settings');
  await follow(page, part);
}

/** 1. The new customer opens the address that the server printed, and makes the place his own. */
export async function setUp(day: Day, plan: DayPlan): Promise<Page> {
  const page = await day.arrive(DESK);
  await page.goto(day.setupAddress);
  await page.getByLabel('Name', { exact: true }).fill(plan.name);
  await page.getByLabel('Short name').fill(plan.name.toLowerCase().replaceAll(' ', '-'));
  await page.getByRole('radio', { name: plan.kind }).check();
  await page.getByLabel('Time zone').selectOption(plan.zone);
  await page.getByLabel('First name').fill('Ana');
  await page.getByLabel('Last name').fill('Alvarez');
  await page.getByLabel('E-mail').fill(`ana@${plan.frontline.email.split('@')[1]}`);
  await page.getByLabel('Password').fill('short');
  await press(page, 'Create the organization');
  // Refused, and nothing typed is lost.
  await page.getByText('at least 10 characters').first().waitFor();
  expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe(plan.name);
  await day.look(page, `${plan.words.person}-01-setup`);
  await page.getByLabel('Password').fill(PASSWORD);
  await press(page, 'Create the organization');
  await heading(page).getByText('Today').waitFor();
  await day.look(page, `${plan.words.person}-02-today-empty`);
  if (plan.ownWord) {
    await settings(page, 'Domain and words');
    const words = page.getByRole('group', { name: 'When presence is recorded' });
    await words.getByLabel('One').fill(plan.ownWord.one);
    await words.getByLabel('Several').fill(plan.ownWord.many);
    await press(page, 'Save');
  }
  const navigation = await text(page.getByRole('navigation', { name: 'Main' }));
  for (const word of [plan.words.People, plan.words.Groups, plan.words.Sessions]) expect(navigation).toContain(word);
  await chooseStates(day, plan, page);
  await settings(page, 'Rules');
  await page.getByLabel('Grace, in minutes').fill(plan.rules.grace);
  await page.getByLabel('Lock after, in hours').fill(plan.rules.lock);
  if (plan.rules.assignedOnly) await page.getByLabel('They work with').selectOption('assigned');
  await press(page, 'Save');
  expect(await page.getByLabel('Lock after, in hours').inputValue()).toBe(plan.rules.lock);
  await day.look(page, `${plan.words.person}-03-rules`);
  return page;
}

async function chooseStates(day: Day, plan: DayPlan, page: Page): Promise<void> {
  await settings(page, 'Presence states');
  if ('rename' in plan.state) {
    await follow(page, plan.state.rename);
    await page.getByLabel('Label').fill(plan.state.to);
    await press(page, 'Save');
    await told(page).getByText(plan.state.to).waitFor();
    return;
  }
  await follow(page, 'New state');
  await page.getByLabel('Label').fill(plan.state.label);
  await page.getByLabel('Code').fill(plan.state.label.toLowerCase().replaceAll(' ', '_'));
  await page.getByRole('radio', { name: plan.state.counts }).check();
  await page.getByLabel('Key').fill(plan.state.key);
  await press(page, 'Save');
  await told(page).getByText(`${plan.state.label} is a state now.`).waitFor();
  await day.look(page, `${plan.words.person}-04-states`);
}

/** 2. A colleague is invited by a link, opens it on a phone and chooses a password. */
export async function invite(day: Day, plan: DayPlan, administrator: Page): Promise<Page> {
  const { first, last, email } = plan.frontline;
  await settings(administrator, 'Users');
  await follow(administrator, 'Invite somebody');
  await administrator.getByLabel('First name').fill(first);
  await administrator.getByLabel('Last name').fill(last);
  await administrator.getByLabel('E-mail').fill(email);
  await administrator.getByRole('radio', { name: /^Frontline/ }).check();
  await press(administrator, 'Invite');
  const link = await administrator.getByLabel(`Link for ${email}`).inputValue();
  await day.look(administrator, `${plan.words.person}-05-link`);
  await follow(administrator, 'Done');
  const phone = await day.arrive(PHONE);
  await phone.goto(link);
  await heading(phone).getByText(`Welcome, ${first}`).waitFor();
  await day.look(phone, `${plan.words.person}-06-invitation`);
  await phone.getByLabel('Password').fill(PASSWORD);
  await press(phone, 'Save and sign in');
  await heading(phone).getByText('Today').waitFor();
  await phone.goto(link);
  await heading(phone).getByText('This link is over').waitFor();
  return phone;
}

/** 3. The list of people comes in: looked at first, then started; what was wrong is told. */
export async function importPeople(day: Day, plan: DayPlan, page: Page): Promise<void> {
  await openImports(page, plan);
  await page.getByLabel('Files').setInputFiles(plan.files.map(({ name, content }) => day.file(name, content)));
  await press(page, 'Upload and look at it');
  const many = (await page.getByRole('button', { name: /Start all \d+ files/ }).count()) > 0;
  if (many) {
    await follow(page, /students\.csv/);
    await page.getByText('Recognised as “Clever: students”').waitFor();
  }
  expect(await text(main(page))).toContain('Nothing has been written yet.');
  for (const [column, field] of Object.entries(plan.columns ?? {})) {
    await page.getByLabel(`${column} becomes`).selectOption({ label: field });
    await press(page, 'Look again with this');
  }
  await day.look(page, `${plan.words.person}-07-preview`);
  if (many) {
    await openImports(page, plan);
    await start(page, /Start all \d+ files/);
  } else {
    const wrong = page.getByRole('table', { name: 'Rows that would not be taken' });
    expect(await text(wrong)).toMatch(plan.wrong);
    await start(page, 'Start the import');
  }
  await day.imported();
  await openImports(page, plan);
  await follow(page, many ? /students\.csv/ : plan.files[0]!.name);
  expect(await text(main(page))).toMatch(plan.wrong);
  await day.look(page, `${plan.words.person}-08-result`);
  await open(page, plan.words.People);
  const people = main(page).getByRole('list', { name: plan.words.People }).getByRole('listitem');
  expect(await people.count()).toBe(plan.arrived);
  await day.look(page, `${plan.words.person}-09-people`);
  await arrangeGroups(day, plan, page);
}

/** The group gets its kind and its colleague. */
async function arrangeGroups(day: Day, plan: DayPlan, page: Page): Promise<void> {
  await open(page, plan.words.Groups);
  expect(await text(main(page))).toContain(plan.beside);
  await follow(page, plan.group);
  if (plan.kindOfGroup) {
    await follow(page, 'Edit');
    await page.getByLabel('Kind').selectOption({ label: plan.kindOfGroup });
    await press(page, 'Save');
  }
  const { first, last, email } = plan.frontline;
  await page.getByLabel('Frontline user').selectOption({ label: `${first} ${last} (${email})` });
  await press(page, 'Assign');
  await told(page).getByText(`${first} ${last} works with ${plan.group} now.`).waitFor();
  await day.look(page, `${plan.words.person}-10-group`);
}

/** 4. Holidays, then a term that crosses the change of the clocks. */
export async function schedule(day: Day, plan: DayPlan, page: Page): Promise<void> {
  await open(page, plan.words.Sessions);
  await page.getByText('More', { exact: true }).click();
  await follow(page, 'Closing days');
  if ('calendar' in plan.closing) {
    await page.getByLabel('File').setInputFiles(day.file('holidays.ics', plan.closing.calendar));
    await press(page, 'Upload');
    await told(page).getByText('2 closing days were added').waitFor();
  } else {
    await page.getByLabel('Name').fill(plan.closing.name);
    await page.getByLabel('First day').fill(plan.closing.from);
    await page.getByLabel('Last day').fill(plan.closing.to);
    if (plan.closing.onlyGroup) await page.getByLabel('Closed for').selectOption({ label: plan.group });
    await press(page, 'Add');
    await heading(page).getByText(plan.closing.name).waitFor();
  }
  await day.look(page, `${plan.words.person}-11-closing-day`);
  const { series } = plan;
  await open(page, plan.words.Groups);
  await follow(page, plan.group);
  await follow(page, `Schedule a ${plan.words.session}`);
  if (series.template) await follow(page, new RegExp(`^${series.template}`));
  await page.getByLabel('Name').fill(series.name);
  await page.getByLabel('Day', { exact: true }).fill(series.day);
  await page.getByLabel('Begins').fill(series.begins);
  await page.getByLabel('Ends', { exact: true }).fill(series.ends);
  await page.getByText('Repeat it').click();
  if (series.daily) await page.getByRole('radio', { name: 'Every day' }).check();
  else {
    await page.getByRole('radio', { name: 'Every week, on the days below' }).check();
    for (const box of await page.getByRole('group', { name: 'Days of the week' }).getByRole('checkbox').all())
      await box.setChecked(series.weekdays!.includes((await text(box.locator('..'))).trim()));
  }
  await page.getByRole('radio', { name: 'on a day' }).check();
  await page.locator('#f-until').fill(series.until);
  await day.look(page, `${plan.words.person}-12-new`);
  await press(page, /^Schedule$/);
  const standing = series.dates - series.closed;
  await press(page, `Schedule these ${standing} ${plan.words.Sessions.toLowerCase()}`);
  await told(page).getByText(`is scheduled ${standing} times`).waitFor();
  await readCalendar(day, plan, page);
}

async function readCalendar(day: Day, plan: DayPlan, page: Page): Promise<void> {
  await open(page, plan.words.Sessions);
  await follow(page, 'Week');
  for (const at of ['before', 'after', 'closed'] as const) {
    await page.getByLabel('Day', { exact: true }).fill(plan.weeks[at]);
    await press(page, 'Go');
    const one = page.locator(`section[aria-labelledby="d-${plan.weeks[at]}"]`);
    const shown = await text(one);
    if (at === 'closed') {
      expect(shown).not.toContain(plan.weeks.shows);
      if (!('onlyGroup' in plan.closing)) expect(shown).toContain(plan.closing.name);
    } else {
      expect(shown).toContain(plan.series.name);
      expect(shown).toContain(plan.weeks.shows);
    }
  }
  await day.look(page, `${plan.words.person}-13-calendar`);
}

/** 5. The colleague signs in on a phone, opens what is on now, and takes the register. */
export async function takeRegister(day: Day, plan: DayPlan, phone: Page): Promise<void> {
  await day.at(plan.taking);
  await phone.goto('/');
  await phone.locator('details.account summary').click();
  await press(phone, 'Sign out');
  await phone.getByLabel('E-mail').fill(plan.frontline.email);
  await phone.getByLabel('Password').fill(PASSWORD);
  await press(phone, 'Sign in');
  await heading(phone).getByText('Today').waitFor();
  await day.look(phone, `${plan.words.person}-14-today`);
  if (plan.rules.assignedOnly) {
    // Only what is assigned to him exists for him.
    await open(phone, plan.words.Groups);
    const groups = await text(main(phone));
    expect([groups.includes(plan.group), groups.includes(plan.beside)]).toEqual([true, false]);
    await open(phone, 'Today');
  }
  await follow(phone, plan.series.name);
  await heading(phone).getByText(plan.series.name).waitFor();
  await day.look(phone, `${plan.words.person}-15-register`);
  for (const mark of plan.marks) await MARKERS[mark.by](phone, mark.who, mark.state);
  for (const { first, last, state } of plan.walkIns) {
    const form = phone.locator('details.add');
    if ((await form.getAttribute('open')) === null) await form.locator('summary').click();
    await phone.getByLabel('First name').fill(first);
    await phone.getByLabel('Last name').fill(last);
    await press(phone, 'Add to this register');
    await row(phone, first).waitFor();
    await tap(phone, first, state);
  }
  if (plan.late) {
    await row(phone, plan.late.who).getByRole('link').click();
    const sheet = phone.getByRole('dialog');
    await sheet.getByText(`${plan.late.minutes} minutes late`).waitFor();
    await sheet.getByLabel('Note').fill('Missed the bus');
    await press(phone, 'Save the note');
    await sheet.getByText('Saved').first().waitFor();
    await day.look(phone, `${plan.words.person}-16-person`);
    await sheet.getByRole('button', { name: 'Close' }).click();
  }
  await press(phone, `Mark the rest: ${plan.rest}`);
  await everybodySaved(phone);
  expect(await text(phone.locator('#tally'))).toContain('Unmarked 0');
  await phone.getByRole('button', { name: 'Complete the register' }).locator('visible=true').click();
  await phone.locator('#session-head').getByText('Register completed').waitFor();
  await day.look(phone, `${plan.words.person}-17-completed`);
}

const row = (page: Page, who: string) => page.locator('#register > li', { hasText: who }).first();
const saved = (page: Page, who: string, state: string) =>
  page.locator('#register > li[data-s]:not([data-m])', { hasText: who }).first().getByLabel(state).waitFor();

/** Waits until the server has answered for everybody. */
const everybodySaved = (page: Page) =>
  page.waitForFunction(() =>
    [...document.querySelectorAll<HTMLElement>('#register > li')].every(
      (each) => each.dataset.s && !('m' in each.dataset),
    ),
  );

async function tap(page: Page, who: string, state: string): Promise<void> {
  await row(page, who).locator('label', { hasText: state }).tap();
  await saved(page, who, state);
}

const MARKERS: Record<DayPlan['marks'][number]['by'], (page: Page, who: string, state: string) => Promise<void>> = {
  tap,
  /** The arrow keys lead to the state, Space sets it. */
  async key(page, who, state) {
    await row(page, who).getByRole('radio').first().focus();
    const wanted = row(page, who).getByRole('radio', { name: state });
    for (let i = 0; i < 6 && !(await wanted.evaluate((each) => each === document.activeElement)); i++)
      await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Space');
    await saved(page, who, state);
  },
  /** In a long list one searches. */
  async find(page, who, state) {
    await page.getByLabel('Search by name or identifier').fill(who.slice(0, 4));
    await page.waitForFunction(() => document.querySelectorAll('#register > li:not([hidden])').length === 1);
    await tap(page, who, state);
    await page.getByLabel('Search by name or identifier').fill('');
  },
  /** Several are chosen, then set together. */
  async select(page, who, state) {
    await page.getByRole('button', { name: 'Select', exact: true }).tap();
    await row(page, who).locator('.pick').tap();
    await page.getByRole('region', { name: 'Selected' }).getByRole('button', { name: state }).tap();
    await saved(page, who, state);
    const done = page.getByRole('region', { name: 'Selected' }).getByRole('button', { name: 'Done' });
    if (await done.isVisible()) await done.tap();
  },
};

/** 6. The next day a mark turns out to be wrong; the register is locked by then. */
export async function correct(day: Day, plan: DayPlan, page: Page): Promise<void> {
  const next = Temporal.PlainDate.from(plan.taking.slice(0, 10)).add({ days: 2 });
  await day.at(`${next}T09:00`);
  await day.locks();
  const { who, from, to, reason } = plan.correct;
  await page.goto('/');
  await open(page, plan.words.Sessions);
  await follow(page, 'List');
  await page.getByLabel('Day', { exact: true }).fill(plan.taking.slice(0, 10));
  await press(page, 'Go');
  await follow(page, plan.series.name);
  await page.locator('#session-head').getByText('Locked', { exact: true }).waitFor();
  const last = who.split(' ').at(-1)!;
  if (plan.correct.unlock) {
    await page.locator('details.unlock summary').click();
    await page.getByLabel('Reason').fill(reason);
    await page.locator('details.unlock').getByRole('button', { name: 'Unlock' }).click();
    await page.locator('#session-head').getByText('Locked').waitFor({ state: 'detached' });
    await row(page, last).locator('label', { hasText: to }).click();
    await saved(page, last, to);
  }
  await row(page, last).getByRole('link').click();
  const sheet = page.getByRole('dialog');
  await sheet.getByRole('heading', { name: who }).waitFor();
  if (!plan.correct.unlock) {
    await sheet.getByLabel('Correct to').selectOption({ label: to });
    await sheet.getByLabel('Reason').fill(reason);
    await press(page, 'Save the correction');
    await sheet.getByText(`Reason: ${reason}`).waitFor();
  }
  await day.look(page, `${plan.words.person}-18-corrected`);
  const history = await text(sheet);
  expect(history).toContain(`Marked: ${to}`);
  // The newest comes first, and both stay, each with who it was.
  expect(history).toMatch(new RegExp(`${to}.*Ana Alvarez.*${from}.*${plan.frontline.first} ${plan.frontline.last}`));
  await sheet.getByRole('button', { name: 'Close' }).click();
}

/** 7. Somebody asks about a person, and about a day. */
export async function lookUp(day: Day, plan: DayPlan, page: Page): Promise<void> {
  const { who, to, from } = plan.correct;
  await open(page, plan.words.People);
  await page.getByRole('searchbox').fill(plan.lookUp.typed);
  const found = main(page).getByRole('list', { name: plan.words.People }).getByRole('listitem');
  await page.waitForFunction(
    (words) => document.querySelectorAll(`ul[aria-label="${words}"] > li`).length === 1,
    plan.words.People,
  );
  expect(await found.count()).toBe(1);
  await found.getByRole('link').first().click();
  await heading(page).getByText(who).waitFor();
  const shown = await text(main(page));
  expect(shown).toContain(plan.series.name);
  expect(shown).toContain(to);
  expect(shown).toContain(plan.group);
  if (plan.lookUp.fact) expect(shown).toContain(plan.lookUp.fact);
  expect(await text(page.locator('dl.rates'))).toContain(plan.lookUp.rate);
  expect(shown).not.toContain(` ${from} `);
  await day.look(page, `${plan.words.person}-19-detail`);
  await follow(page, plan.group);
  await follow(page, plan.words.Sessions);
  await page.getByLabel('Day', { exact: true }).fill(plan.taking.slice(0, 10));
  await press(page, 'Go');
  await follow(page, plan.series.name);
  await page.locator('#session-head').getByText('Register completed').waitFor();
  await day.look(page, `${plan.words.person}-20-past-register`);
}
