import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser } from 'playwright-core';
import { openBrowser } from '../support/browser.js';
import { Day } from './day/day.js';
import { DAYS } from './day/domains.js';
import { correct, importPeople, invite, lookUp, schedule, setUp, takeRegister } from './day/steps.js';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 60_000);
afterAll(() => browser?.close());

describe("a whole administrator's day", () => {
  it.each(Object.keys(DAYS))(
    'in %s: set up, invite, import, schedule a term with holidays, take registers, correct, look up',
    async (domain) => {
      const plan = DAYS[domain]!;
      const day = await Day.open(browser, plan.zone);
      try {
        await day.at(`${plan.taking.slice(0, 10)}T06:00`);
        const administrator = await setUp(day, plan);
        const frontline = await invite(day, plan, administrator);
        await importPeople(day, plan, administrator);
        await schedule(day, plan, administrator);
        await takeRegister(day, plan, frontline);
        await correct(day, plan, administrator);
        await lookUp(day, plan, administrator);
        expect(administrator.url()).toMatch(/\/sessions\/\d+$/);
      } finally {
        await day.close();
      }
    },
    240_000,
  );
});
