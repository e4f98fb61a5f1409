import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Browser, type Page } from 'playwright-core';
import { routesOf } from '../../src/platform/http/routes.js';
import { openBrowser } from '../support/browser.js';
import { idOf, isPage, nameOf, pathOf, rowsOf, type Rows } from '../support/route-targets.js';
import { World } from '../world.js';

let world: World;
let browser: Browser;
/** Reads HTML as a browser does; it shows nothing. */
let reader: Page;
let rows: Rows;

beforeAll(async () => {
  world = await World.open();
  rows = await rowsOf(world, world.school);
  browser = await openBrowser();
  reader = await browser.newPage();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

/** A field as it stands in a form. */
interface Field {
  name: string;
  kind: 'text' | 'choice' | 'box' | 'hidden';
  type: string;
  /** What is sent while nobody touches it; null: not sent. */
  value: string | null;
  /** What else can be chosen. */
  options: string[];
}
interface Form {
  action: string;
  multipart: boolean;
  fields: Field[];
}

/** Every form of a page that changes something. */
const formsOf = (html: string): Promise<Form[]> =>
  reader.evaluate((text) => {
    const parsed = new DOMParser().parseFromString(text, 'text/html');
    const untyped = ['password', 'file', 'submit', 'button', 'reset', 'image'];
    return [...parsed.querySelectorAll<HTMLFormElement>('form[method="post" i]')].map((form) => ({
      action: form.getAttribute('action') ?? '',
      multipart: form.enctype === 'multipart/form-data',
      fields: [...form.elements].flatMap((each): Field[] => {
        const field = each as HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;
        const { name, type } = field;
        if (!name || untyped.includes(type) || field.disabled || field instanceof HTMLButtonElement) return [];
        if (field.closest('[hidden]') || ('readOnly' in field && field.readOnly)) return [];
        if (field instanceof HTMLSelectElement) {
          const options = [...field.options].filter((option) => !option.disabled).map((option) => option.value);
          return [{ name, type, kind: 'choice', value: field.value, options }];
        }
        if (type === 'checkbox' || type === 'radio')
          return [
            {
              name,
              type,
              kind: 'box',
              value: (field as HTMLInputElement).checked ? field.value : null,
              options: [field.value],
            },
          ];
        return [{ name, type, kind: type === 'hidden' ? 'hidden' : 'text', value: field.value, options: [] }];
      }),
    }));
  }, html);

/** Types whose fields hold nothing that is not of their type. */
const STRICT: Record<string, string> = {
  date: '2031-02-03',
  time: '04:05',
  'datetime-local': '2031-02-03T04:05',
  number: '7',
  color: '#123456',
};
const TYPED: Record<string, string> = {
  ...STRICT,
  email: 'typed@example.org',
  url: 'https://typed.example.org/here',
};

/** Each field as a person would have filled it in, otherwise than it stood. */
function typedInto(form: Form): [Field, string | null][] {
  return form.fields.map((field, at) => {
    if (field.kind === 'hidden') return [field, field.value];
    if (field.kind === 'choice') return [field, field.options.at(-1) ?? null];
    if (field.kind === 'box') {
      if (field.type === 'radio') {
        const group = form.fields.filter(({ name }) => name === field.name);
        return [field, group.at(-1) === field ? field.options[0]! : null];
      }
      return [field, field.value === null ? field.options[0]! : null];
    }
    return [field, TYPED[field.type] ?? `Typed ${at}`];
  });
}

/** Longer than any field takes. */
const TOO_LONG = 'long '.repeat(1200).trim();

/** Forms that take everything that fits into their fields, so nothing of theirs is refused for what is typed. */
const TAKES_ALL: string[] = [];

it('keeps everything that was typed when it refuses a form', async () => {
  const lost: string[] = [];
  const never: string[] = [];
  const seen = new Set<string>();
  for (const route of routesOf(world.app).filter((each) => each.method === 'GET' && isPage(each))) {
    const path = pathOf(route, (name) => (route.targets?.[name] === null ? 'nothing' : idOf(route, name, rows)));
    const page = await world.ana.get(path);
    if (page.status !== 200 || !page.headers.get('content-type')?.includes('text/html')) continue;
    for (const form of await formsOf(page.body)) {
      const action = new URL(form.action || path, `http://x${path}`).pathname;
      const sign = `${action} ${form.fields.map(({ name }) => name).join()}`;
      const typed = typedInto(form);
      const texts = typed.filter(([field]) => field.kind === 'text');
      if (texts.length === 0 || seen.has(sign)) continue;
      seen.add(sign);
      let refused = 0;
      for (const [bad] of texts) {
        const sent = typed.map(([field, value]) => [field, field === bad ? TOO_LONG : value] as const);
        const pairs = sent.flatMap(([{ name }, value]) => (value === null ? [] : [[name, value] as [string, string]]));
        const body = form.multipart ? new FormData() : new URLSearchParams();
        for (const [name, value] of pairs) body.append(name, value);
        const answer = await world.ana.send('POST', action, body);
        if (answer.status < 400) continue;
        refused++;
        const where = `${nameOf(route)} -> ${action}, ${bad.name} too long (${answer.status})`;
        const drawn = (await formsOf(answer.body)).find(
          (other) => new URL(other.action || action, 'http://x').pathname === action && sameFields(other, form),
        );
        if (!drawn) {
          lost.push(`${where}: the form is not there again`);
          continue;
        }
        const again = drawn.fields;
        for (const [at, [field, value]] of sent.entries())
          // A field for a date or a number holds nothing else, so nobody could have typed this into it.
          if (
            field.kind !== 'hidden' &&
            !(field === bad && field.type in STRICT) &&
            same(again[at]!.value) !== same(value)
          )
            lost.push(
              `${where}: ${field.name} was ${String(value).slice(0, 30)}, is ${String(again[at]!.value).slice(0, 30)}`,
            );
      }
      if (refused === 0) never.push(`${nameOf(route)} -> ${action}`);
    }
  }
  expect(lost).toEqual([]);
  expect(never).toEqual(TAKES_ALL);
  expect(seen.size).toBeGreaterThan(25);
}, 120_000);

const sameFields = (one: Form, other: Form) =>
  one.fields.map(({ name }) => name).join() === other.fields.map(({ name }) => name).join();
/** Line ends of a textarea travel as CR LF. */
const same = (value: string | null) => value?.replace(/\r\n/g, '\n') ?? null;
