import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What fills the `{name}` places of a text. */
export type TextParams = Record<string, string | number>;

/** locales/<language>.json: the English text is the key; a text that counts has one form for each plural category. */
type Entry = string | Partial<Record<Intl.LDMLPluralRule, string>>;

/**
 * The words of one locale. The English text is the key, so English needs no file and a missing translation
 * shows English. A locale that ends in `-x-pseudo` brackets every text: what stays bare was never translatable.
 */
export class Translator {
  readonly language: string;
  readonly direction: 'ltr' | 'rtl';
  readonly #entries: Record<string, Entry>;
  readonly #plural: Intl.PluralRules;
  readonly #number: Intl.NumberFormat;
  readonly #pseudo: boolean;

  /** @param folder where <language>.json lies @throws RangeError for a locale that is no BCP 47 tag */
  constructor(folder: string, locale: string) {
    const tag = new Intl.Locale(locale);
    this.language = tag.toString();
    this.direction = tag.getTextInfo?.().direction === 'rtl' ? 'rtl' : 'ltr';
    this.#pseudo = /-x-pseudo$/i.test(locale);
    this.#plural = new Intl.PluralRules(this.language);
    this.#number = new Intl.NumberFormat(this.language);
    const files = [tag.baseName, tag.language].map((name) => join(folder, `${name}.json`));
    const file = files.find((path) => existsSync(path));
    this.#entries = file ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, Entry>) : {};
  }

  /** @param text the English sentence; `{name}` is filled from `params` */
  text(text: string, params?: TextParams): string {
    const entry = this.#entries[text];
    return this.#fill(typeof entry === 'string' ? entry : text, params);
  }

  /** A text that counts. The key of its translation is `other`; `{count}` is the number as this locale writes it. */
  count(count: number, one: string, other: string, params?: TextParams): string {
    const form = this.#plural.select(count);
    const entry = this.#entries[other];
    const found = typeof entry === 'string' ? entry : (entry?.[form] ?? entry?.other);
    return this.#fill(found ?? (form === 'one' ? one : other), { ...params, count: this.#number.format(count) });
  }

  #fill(text: string, params?: TextParams): string {
    const filled = params
      ? text.replace(/\{(\w+)\}/g, (whole, name: string) =>
          Object.hasOwn(params, name) ? String(params[name]) : whole,
        )
      : text;
    return this.#pseudo ? `⟦${filled}⟧` : filled;
  }
}

/** The organization's own words for what everything is about. */
export type Terms = Record<string, { one: string; many: string }>;

/**
 * What fills `{session}`, `{sessions}` and their like in every text, unless it is given other words.
 * @param translated how a word of a domain is told to this person
 */
export function termParams(terms: Terms, translated: (word: string) => string = (word) => word): TextParams {
  const words = Object.entries(terms).flatMap(([name, { one, many }]) => [
    [name, translated(one)],
    [`${name}s`, translated(many)],
  ]);
  return Object.fromEntries(words) as TextParams;
}

/** @returns the English text with its places filled, for programs */
export const filled = (text: string, params: TextParams): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(params, name) ? String(params[name]) : whole));

const folder = join(import.meta.dirname, '..', '..', 'locales');
const translators = new Map<string, Translator>();

/** @returns the words of a locale; each file is read once */
export function translatorOf(locale: string): Translator {
  let translator = translators.get(locale);
  if (!translator) translators.set(locale, (translator = new Translator(folder, locale)));
  return translator;
}
