import { type SignedInUser } from '../../auth/index.js';
import { termParams, translatorOf } from '../../platform/i18n.js';
import { termsOf } from '../../tenancy/index.js';
import { type Words } from '../report-table.js';

/** @returns what puts the product's words into somebody's language, outside of a request; his organization's words filled in */
export function sayer(me: SignedInUser): { locale: string; say: (words: Words) => string } {
  const locale = me.locale ?? me.organization.locale;
  const translator = translatorOf(locale);
  const terms = termParams(termsOf(me.organization), (word) => translator.text(word));
  return {
    locale,
    say: ({ text, params, literal }) => (literal ? text : translator.text(text, { ...terms, ...params })),
  };
}
