import { type EntityManager } from '@mikro-orm/core';
import { read, type Parameters } from '../platform/database/read.js';
import { fold } from '../platform/text.js';
import { type ParticipantOrder, type Place, SORTING } from './participant-order.js';

/** More words than this nobody types; the others are not looked for. */
const WORDS = 6;
/** A word this short (in bytes) begins a name or an identifier; a longer one stands anywhere in it. */
const SHORT = 2;

/** What a search is narrowed to, and which of the found people are wanted. */
export interface Search {
  q: string;
  is_active?: boolean | undefined;
  /** Nobody else. */
  only?: Set<number> | undefined;
  order: ParticipantOrder;
  /** Those beyond this one; absent: from the beginning. */
  place?: Place | null;
  backwards?: boolean;
  skip: number;
  take: number;
}

/** @returns the words of a search, folded */
export const wordsOf = (q: string | undefined): string[] =>
  fold(q ?? '')
    .split(' ')
    .filter(Boolean)
    .slice(0, WORDS);

interface Hit {
  id: number;
  /** What the list is sorted by, byte for byte; '' where that is the id or nothing. */
  key: string;
}

/**
 * Finds people by any parts of their names and identifiers, in any order. The database gives the blocks that hold every
 * word somewhere (an eighth of a thousand rows for each 100,000 people); who of a block is meant is decided here.
 * @returns the ids of the wanted ones in the order of the list, and how many were found in all
 */
export async function searchParticipants(em: EntityManager, search: Search): Promise<{ ids: number[]; total: number }> {
  const words = wordsOf(search.q);
  const values: Parameters = Object.fromEntries(words.map((word, at) => [nameOf(at), word]));
  const blocks = await read<{ content: Buffer }>(
    em,
    `select b.content from participant_search_blocks b where b.organization_id = :organization
        ${words.map((_, at) => `and instr(b.content, :${nameOf(at)}) > 0`).join(' ')}`,
    values,
  );
  // What is searched is bytes, one character for each: they are found and compared as both databases do it, and faster
  // than decoded text. The longest word is looked for first: it is likely to be the rarest.
  const wanted = words.map((word) => Buffer.from(word).toString('latin1')).sort((a, b) => b.length - a.length);
  const best = new Best(search);
  for (const { content } of blocks) lookInto(content.toString('latin1'), wanted, search, best);
  return { ids: best.ids(), total: best.total };
}

const nameOf = (at: number) => `word_${'abcdef'[at]}`;

/** Goes from one occurrence of the first word to the next; everything else of a line is looked at only then. */
function lookInto(content: string, words: string[], { is_active, only }: Search, best: Best): void {
  const [first] = words;
  for (let at = 0; ;) {
    const found = content.indexOf(first!, at);
    if (found < 0) return;
    const from = content.lastIndexOf('\n', found) + 1;
    const end = content.indexOf('\n', found);
    at = end + 1;
    const flag = content.indexOf('\t', from) + 1;
    if (is_active !== undefined && (content[flag] === '1') !== is_active) continue;
    const text = content.slice(flag + 1, end);
    if (!words.every((word) => holds(text, word))) continue;
    const id = Number(content.slice(from, flag - 1));
    if (!only || only.has(id)) best.add(id, text);
  }
}

const holds = (text: string, word: string): boolean =>
  word.length > SHORT ? text.includes(word) : text.includes(`\t${word}`) || text.includes(` ${word}`);

/** Keeps the wanted ones of any number of hits: the first so many of the order, beyond the place. */
class Best {
  total = 0;
  private kept: Hit[] = [];
  private readonly room: number;
  private readonly sign: number;
  private readonly place: Hit | null;

  constructor(private readonly search: Search) {
    this.room = search.skip + search.take;
    this.sign = SORTING[search.order].descending === Boolean(search.backwards) ? 1 : -1;
    const { place } = search;
    // A list without a search is sorted by identifiers as they are; here they are folded.
    const key = search.order === 'identifier' ? fold(place?.key ?? '') : (place?.key ?? '');
    this.place = place ? { id: place.id, key: Buffer.from(key).toString('latin1') } : null;
  }

  /** @param text of the line: a tab, sort_name, a tab, the identifier */
  add(id: number, text: string): void {
    this.total++;
    const hit = { id, key: this.keyOf(text) };
    if (this.place && this.compare(hit, this.place) <= 0) return;
    this.kept.push(hit);
    // Not sorted with each one: half of the room may be too much before half of the hits are thrown away again.
    if (this.kept.length >= this.room * 2 + 100) this.tidy();
  }

  ids(): number[] {
    this.tidy();
    return this.kept.slice(this.search.skip).map(({ id }) => id);
  }

  private tidy(): void {
    this.kept.sort((a, b) => this.compare(a, b));
    this.kept.length = Math.min(this.kept.length, this.room);
  }

  private keyOf(text: string): string {
    const { order } = this.search;
    if (order !== 'name' && order !== 'identifier') return '';
    // sort_name has a tab itself, between the last name and the first.
    const names = text.indexOf('\t', text.indexOf('\t', 1) + 1);
    const end = names < 0 ? text.length : names;
    return order === 'name' ? text.slice(1, end) : text.slice(end + 1);
  }

  private compare(a: Hit, b: Hit): number {
    return this.sign * (a.key < b.key ? -1 : a.key > b.key ? 1 : a.id - b.id);
  }
}
