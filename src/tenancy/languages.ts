import { z } from 'zod';

/** The languages that the pages speak, by their own names. The English text is the key of the others (locales/). */
export const LANGUAGES = {
  en: 'English',
  fr: 'Français',
  es: 'Español',
  de: 'Deutsch',
  ar: 'العربية',
} as const;

/**
 * What a person chooses among. English comes with two ways to write days and hours; of the others the region seldom
 * matters, and a program may still set one ("fr-CH").
 */
export const OFFERED: Readonly<Record<string, string>> = {
  'en-GB': 'English (UK)',
  ...LANGUAGES,
  en: 'English (US)',
};

/**
 * The choices of a form: [locale, its own name, its own locale]. Each is read in its own language.
 * @param chosen what stands there now; kept as a choice of its own when it is none of the usual ones
 */
export function languageChoices(chosen?: string | null): [string, string, string][] {
  const choices = Object.entries(OFFERED).map(([code, name]): [string, string, string] => [code, name, code]);
  if (!chosen || chosen in OFFERED || languageOf(chosen) === null) return choices;
  let name: string = chosen;
  try {
    name = new Intl.DisplayNames([chosen], { type: 'language', languageDisplay: 'standard' }).of(chosen) ?? chosen;
  } catch {
    // A private tag has no name but itself.
  }
  return [...choices, [chosen, name, chosen]];
}

/** A language of ours, with or without a region that decides how dates and numbers look: "fr", "en-GB". Canonical. */
export const locale = z
  .string()
  .trim()
  .max(35)
  .refine((value) => languageOf(value) !== null, {
    error: 'Choose English (en), French (fr), Spanish (es), German (de) or Arabic (ar).',
  })
  .transform((value) => Intl.getCanonicalLocales(value)[0]!);

/** @returns the language of ours that a locale speaks, or null when we do not speak it or it is no locale */
export function languageOf(value: string): keyof typeof LANGUAGES | null {
  try {
    const { language } = new Intl.Locale(value);
    return Object.hasOwn(LANGUAGES, language) ? (language as keyof typeof LANGUAGES) : null;
  } catch {
    return null;
  }
}
