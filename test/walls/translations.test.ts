import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { LANGUAGES } from '../../src/tenancy/index.js';
import { translationKeys } from '../support/translation-keys.js';

const { plain, counted } = translationKeys();
const folder = join(resolve(import.meta.dirname, '..', '..'), 'locales');
/** English is the key, so it needs no file. */
const languages = Object.keys(LANGUAGES).filter((language) => language !== 'en');

const placesOf = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).sort();
/** A form may say the number in words, and takes the word for one where it needs it. */
const meant = (text: string) =>
  new Set(placesOf(text).flatMap((name) => (name === 'count' ? [] : name === 'one' ? ['many'] : [name])));
type Entries = Record<string, string | Record<string, string>>;

describe.each(languages)('the translation into %s', (language) => {
  const entries = JSON.parse(readFileSync(join(folder, `${language}.json`), 'utf8')) as Entries;

  it('misses no text, and holds none that nobody shows', () => {
    const all = [...plain, ...counted.keys()];
    expect(all.filter((key) => !Object.hasOwn(entries, key))).toEqual([]);
    const known = new Set(all);
    expect(Object.keys(entries).filter((key) => !known.has(key))).toEqual([]);
  });

  it('keeps every place that is filled', () => {
    const wrong = Object.entries(entries).flatMap(([key, entry]) => {
      if (typeof entry === 'string') return placesOf(entry).join() === placesOf(key).join() ? [] : [key];
      const expected = meant(key);
      return Object.values(entry).some((form) => meant(form).symmetricDifference(expected).size > 0) ? [key] : [];
    });
    expect(wrong).toEqual([]);
  });

  it('has a form of every text that counts for each plural of the language', () => {
    const { pluralCategories } = new Intl.PluralRules(language).resolvedOptions();
    const short = [...counted.keys()].filter((key) => {
      const entry = entries[key];
      return typeof entry !== 'object' || pluralCategories.some((category) => !entry[category]?.trim());
    });
    expect(short).toEqual([]);
  });

  it('leaves no text empty', () => {
    expect(Object.entries(entries).filter(([, entry]) => typeof entry === 'string' && !entry.trim())).toEqual([]);
  });
});

describe('the list of texts', () => {
  it('finds what templates and source show', () => {
    expect(plain).toContain('Skip to the content');
    expect(plain).toContain('There is nothing here.');
    expect(plain.length).toBeGreaterThan(1000);
    expect(counted.get('{count} conflicts')).toBe('{count} conflict');
  });
});
