import { type EntityManager } from '@mikro-orm/core';
import { read } from '../../platform/database/read.js';
import { fold } from '../../platform/text.js';
import { type Draft } from './occurrences.js';

/**
 * Finds the group of an event: one of its categories, its summary, or a part of its summary is the name or the external
 * id of a group that is in use.
 * @returns by event number; an event without a group is left out
 */
export async function matchGroups(em: EntityManager, drafts: Draft[]): Promise<Map<number, number>> {
  const words = new Map<number, string[]>();
  for (const draft of drafts) words.set(draft.number, wordsOf(draft));
  const all = [...new Set([...words.values()].flat())];
  const byWord = new Map<string, number>();
  for (let at = 0; at < all.length; at += 500) {
    const part = all.slice(at, at + 500);
    for (const row of await read<{ id: number; sort_name: string; external_id: string | null }>(
      em,
      `select g.id, g.sort_name, g.external_id from \`groups\` g
        where g.organization_id = :organization and g.is_active = true
          and (g.sort_name in (:names) or g.external_id in (:words)) order by g.id desc`,
      { names: part.map(fold), words: part },
    )) {
      byWord.set(row.sort_name, Number(row.id));
      if (row.external_id !== null) byWord.set(`#${row.external_id}`, Number(row.id));
    }
  }
  const found = new Map<number, number>();
  for (const [number, each] of words)
    for (const word of each) {
      const group = byWord.get(`#${word}`) ?? byWord.get(fold(word));
      if (group === undefined) continue;
      found.set(number, group);
      break;
    }
  return found;
}

const wordsOf = ({ categories, summary }: Draft): string[] =>
  [...categories, summary, ...summary.split(/[-–—:,;|/()[\]]+/)].map((word) => word.trim()).filter(Boolean);
