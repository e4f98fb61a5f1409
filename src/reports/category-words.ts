import { STATE_CATEGORIES, type StateCategory } from '../tenancy/index.js';
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
  present: 'As present count: {states}.',
  late: 'As late count: {states}.',
  excused: 'As excused count: {states}.',
  absent: 'As absent count: {states}.',
  neutral: 'As neutral count: {states}.',
};

interface Named {
  label: string;
  category: StateCategory;
}

const ofCategory = (states: Named[], category: StateCategory) => states.filter((state) => state.category === category);

/**
 * What each category is called: by its state, where there is but one, as everybody there knows it (`No-show`); where there
 * are several, by what they have in common (`Present`).
 * @param states every state that marks may have, retired ones included
 */
export function categoryWords(states: Named[] = []): Record<StateCategory, Words> {
  const named = STATE_CATEGORIES.map((category): [StateCategory, Words] => {
    const words = CATEGORY_WORDS[category];
    const [only, ...others] = ofCategory(states, category);
    const isOwn = only && others.length === 0 && only.label !== words.text;
    return [category, isOwn ? { text: only.label, literal: true } : words];
  });
  return Object.fromEntries(named) as Record<StateCategory, Words>;
}

/** @returns which states count as what, where their names do not say so */
export function countAs(states: Named[]): Words[] {
  return STATE_CATEGORIES.flatMap((category): Words[] => {
    const own = ofCategory(states, category);
    const isPlain = own.length === 1 && own[0]!.label === CATEGORY_WORDS[category].text;
    if (own.length === 0 || isPlain) return [];
    return [{ text: COUNT_AS[category], params: { states: own.map(({ label }) => label).join(', ') } }];
  });
}
