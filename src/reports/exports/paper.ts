import { type EntityManager } from '@mikro-orm/core';
import { type SignedInUser } from '../../auth/index.js';
import { STATE_CATEGORIES, type StateCategory } from '../../tenancy/index.js';
import { type Asked } from '../asked.js';
import { categoryWords } from '../category-words.js';
import { type Figures, marksOf, rateOf } from '../figures.js';
import { reportOf } from '../kinds/index.js';
import { groupsById, nameOf, peopleById } from '../people.query.js';
import { type Words } from '../report-table.js';
import { lookOf } from './look-of.js';
import { sayer } from './sayer.js';
import { type WholeTable } from './whole-table.js';

/** The report does not fit on paper; the message is a sentence and a key of the translation. */
export class TooLongForPaper extends Error {}

/**
 * A report on paper. What draws and sets pages is loaded only now: a worker that writes rows has no need of it.
 * @throws TooLongForPaper
 */
export async function* paperOf(
  em: EntityManager,
  code: string,
  table: WholeTable,
  asked: Asked,
  me: SignedInUser,
): AsyncGenerator<Buffer> {
  const { renderPdf } = await import('../pdf/index.js');
  const { drawPictures } = await import('../draw-chart.js');
  const words = categoryWords(asked.everyState);
  const { locale, say } = sayer(me);
  const drawn = table.chart ? drawPictures(table.chart, words, say, locale) : null;
  const document = {
    ...table,
    title: { text: reportOf(code)!.title },
    from: asked.firstDay,
    to: asked.lastDay,
    filters: await narrowedTo(em, asked),
    notes: [
      ...figuresOf(table, asked, (category) => say(words[category]), say, locale),
      ...(table.notes ?? []),
      ...(drawn?.note ? [drawn.note] : []),
    ],
    charts: drawn?.pictures ?? [],
  };
  const look = await lookOf(em, me);
  yield (await fitting(() => renderPdf(document, look))).bytes;
}

/** @throws TooLongForPaper in the place of what the maker of PDF says, which is not loaded before it is needed */
export async function fitting<T>(work: () => Promise<T>): Promise<T> {
  const { TooLongForPdf } = await import('../pdf/index.js');
  try {
    return await work();
  } catch (error) {
    throw error instanceof TooLongForPdf ? new TooLongForPaper(error.words.text) : error;
  }
}

/** `Rate: 97.5 % · Present: 39 · Late: 1`, where no row of sums says so. */
function figuresOf(
  { meta, totals }: WholeTable,
  { states }: Asked,
  nameOf: (category: StateCategory) => string,
  say: (words: Words) => string,
  locale: string,
): Words[] {
  const figures = meta?.figures as Figures | undefined;
  if (!figures || totals || marksOf(figures) === 0) return [];
  const rate = states === null ? rateOf(figures) : null;
  const share = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const count = new Intl.NumberFormat(locale);
  const told = STATE_CATEGORIES.filter((category) => figures[category] > 0).map(
    (category) => `${nameOf(category)}: ${count.format(figures[category])}`,
  );
  if (rate !== null) told.unshift(`${say({ text: 'Rate' })}: ${share.format(rate)}`);
  return [{ text: told.join(' · '), literal: true }];
}

/** What the report was narrowed to, in words. */
async function narrowedTo(
  em: EntityManager,
  { query, participant, everyState }: Asked,
): Promise<{ name: Words; value: Words }[]> {
  const told: { name: Words; value: Words }[] = [];
  const tell = (name: string, text: string | undefined, literal = true) => {
    if (text !== undefined) told.push({ name: { text: name }, value: { text, literal } });
  };
  if (query.group_id !== undefined) tell('{group}', (await groupsById(em, [query.group_id])).get(query.group_id));
  if (participant !== null) {
    const person = (await peopleById(em, [participant])).get(participant);
    tell('{participant}', person && nameOf(person));
  }
  if (query.presence_state !== undefined)
    tell('State', everyState.find(({ code }) => code === query.presence_state)?.label);
  if (query.category !== undefined) tell('Counts as', categoryWords()[query.category].text, false);
  tell('Kind of {group}', query.group_type);
  return told;
}
