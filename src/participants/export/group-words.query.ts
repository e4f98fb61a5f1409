import { type EntityManager } from '@mikro-orm/core';
import { read } from '../../platform/database/read.js';

/**
 * How each active group is called in a cell that names several: by its external id, else by its name where that means
 * this group alone. Others have no word: they cannot be named there.
 */
export async function groupWords(em: EntityManager): Promise<Map<number, string>> {
  const rows = await read<{ id: number; name: string; external_id: string | null }>(
    em,
    'select g.id, g.name, g.external_id from `groups` g where g.organization_id = :organization and g.is_active = true',
  );
  const taken = await read<{ external_id: string }>(
    em,
    'select g.external_id from `groups` g where g.organization_id = :organization and g.external_id is not null',
  );
  const ids = new Set(taken.map((row) => row.external_id));
  const names = new Map<string, number>();
  for (const { name } of rows) names.set(name, (names.get(name) ?? 0) + 1);
  const isWord = (text: string) => !text.includes(';') && text === text.trim().normalize('NFC');
  const words = new Map<number, string>();
  for (const { id, name, external_id } of rows) {
    if (external_id !== null && isWord(external_id)) words.set(Number(id), external_id);
    else if (names.get(name) === 1 && !ids.has(name) && isWord(name)) words.set(Number(id), name);
  }
  return words;
}
