import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { type Visitor } from './visitor.js';

const require = createRequire(import.meta.url);

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @returns where Chromium lies: an installed one (CHROMIUM_PATH), else the one that came with npm */
async function chromiumPath(): Promise<string> {
  const given = process.env.CHROMIUM_PATH;
  if (given && existsSync(given)) return given;
  // Makes the package unpack the shared libraries that the browser needs, beside the browser itself.
  process.env.AWS_LAMBDA_JS_RUNTIME ??= 'nodejs22.x';
  return (await import('@sparticuz/chromium')).default.executablePath();
}

/** @returns a running Chromium */
export const openBrowser = async (): Promise<Browser> =>
  chromium.launch({ executablePath: await chromiumPath(), args, headless: true });

/**
 * @param more arguments of the browser's command line
 * @returns a Chromium that keeps everything in this folder, so that it can be closed and opened again
 */
export const openProfile = async (
  folder: string,
  options: Parameters<typeof chromium.launchPersistentContext>[1] = {},
  more: string[] = [],
): Promise<BrowserContext> =>
  chromium.launchPersistentContext(folder, {
    executablePath: await chromiumPath(),
    args: [...args, ...more],
    headless: true,
    ...options,
  });

/** A page in which this visitor is signed in. */
export async function pageOf(
  browser: Browser,
  visitor: Visitor,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<Page> {
  const context: BrowserContext = await browser.newContext({ baseURL: visitor.address, ...options });
  await context.addCookies([...visitor.cookies].map(([name, value]) => ({ name, value, url: visitor.address })));
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  return page;
}

const axeSource = require.resolve('axe-core/axe.min.js');

/** @returns what axe finds serious or critical on the page, one line each */
export async function seriousProblems(page: Page): Promise<string[]> {
  // As a person with developer tools would: the page's own policy lets no foreign script in.
  await page.evaluate(await (await import('node:fs/promises')).readFile(axeSource, 'utf8'));
  const { violations } = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as any;
  return violations
    .filter((each: any) => ['serious', 'critical'].includes(each.impact))
    .flatMap((each: any) => each.nodes.slice(0, 3).map((node: any) => `${each.id}: ${node.html.slice(0, 200)}`));
}
