import { translatorOf } from '../platform/i18n.js';
import { LANGUAGES, STATE_CATEGORIES, type StateCategory } from '../tenancy/index.js';
import { type Words } from './report-table.js';

/** English; keys of the translation. */
const CATEGORY_WORDS: Record<StateCategory, Words> = {
  present: { text: 'Present' },
  late: { text: 'Late' },
  excused: { text: 'Excused' },
  absent: { text: 'Absent' },
  neutral: { text: 'Neutral' },
};

const COUNT_AS: Record<StateCategory, string> = {
  present: 'Counted as present: {states}.',
  late: 'Counted as late: {states}.',
  excused: 'Counted as excused: {states}.',
  absent: 'Counted as absent: {states}.',
  neutral: 'Counted as neutral: {states}.',
};

interface Named {
  label: string;
  category: StateCategory;
}

/** States of several domains may have one name. */
const labelsOf = (states: Named[], category: StateCategory): string[] => [
  ...new Set(states.filter((state) => state.category === category).map(({ label }) => label)),
];

/** Whether a state is called as its category is, in any language: its name says what it counts as. */
const isPlain = (label: string, category: StateCategory): boolean =>
  Object.keys(LANGUAGES).some((locale) => translatorOf(locale).text(CATEGORY_WORDS[category].text) === label);

/**
 * What each category is called: by its state, where there is but one, as everybody there knows it (`No-show`); where there
 * are several, by what they have in common (`Present`).
 * @param states every state that marks may have, retired ones included
 */
export function categoryWords(states: Named[] = []): Record<StateCategory, Words> {
  const named = STATE_CATEGORIES.map((category): [StateCategory, Words] => {
    const words = CATEGORY_WORDS[category];
    const [only, ...others] = labelsOf(states, category);
    const isOwn = only !== undefined && others.length === 0 && !isPlain(only, category);
    return [category, isOwn ? { text: only, literal: true } : words];
  });
  return Object.fromEntries(named) as Record<StateCategory, Words>;
}

/**
 * @param categories those that are spoken of
 * @returns which states count as what, where their names do not say so
 */
export function countAs(states: Named[], categories: readonly StateCategory[] = STATE_CATEGORIES): Words[] {
  return categories.flatMap((category): Words[] => {
    const labels = labelsOf(states, category);
    return labels.every((label) => isPlain(label, category))
      ? []
      : [{ text: COUNT_AS[category], params: { states: labels.join(', ') } }];
  });
}
