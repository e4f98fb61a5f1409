import { createHash } from 'node:crypto';
import { type EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { guessOf } from './guess-heads.js';
import { ImportMapping } from './import-mapping.entity.js';
import { type Import } from './import.entity.js';
import { importKinds, type ImportKind } from './kinds.js';
import { isErrorsColumn, recognise, sameColumn, type Recognition } from './recognise.js';

/** Heads that an organization's files are remembered by; those that were not used for longest make room. */
const MOST_HEADS = 200;

/** The same for every file with these columns in this order, a column of ours left aside. */
export const headHashOf = (header: string[]): string =>
  createHash('sha256')
    .update(
      header
        .filter((name) => !isErrorsColumn(name))
        .map(sameColumn)
        .join('\n'),
    )
    .digest('hex');

/** What a file with this head was imported as the last time; null when nothing is remembered, or it fits no more. */
export async function rememberedFor(
  em: EntityManager,
  header: string[],
): Promise<{ kind: ImportKind; mapping: Record<string, string>; usedAt: Date } | null> {
  const found = await em.find(
    ImportMapping,
    { headHash: headHashOf(header) },
    { orderBy: { usedAt: 'desc', id: 'desc' }, limit: 1, disableIdentityMap: true },
  );
  const [last] = found;
  if (!last || !importKinds.includes(last.kind as ImportKind)) return null;
  const kind = last.kind as ImportKind;
  if (recognise(header, { kind, mapping: last.mapping }).problems.length > 0) return null;
  return { kind, mapping: last.mapping, usedAt: last.usedAt };
}

/** When the columns of this import go where a remembered mapping sends them: the day of that. */
export async function rememberedSince(
  em: EntityManager,
  header: string[],
  recognition: Recognition,
): Promise<Date | null> {
  const last = await rememberedFor(em, header);
  if (!last || last.kind !== recognition.kind) return null;
  return isSame(recognise(header, last), recognition) ? last.usedAt : null;
}

/**
 * Keeps where the columns of an import that starts go, when that is not what would be guessed; forgets what was kept
 * for this head when it is.
 */
export async function rememberMapping(
  tx: EntityManager,
  { shape }: Pick<Import, 'shape'>,
  recognition: Recognition,
): Promise<void> {
  const { header } = shape as unknown as { header: string[] };
  const headHash = headHashOf(header);
  const known = await tx.find(ImportMapping, { headHash });
  if (isSame(recognise(header, guessOf(header) ?? {}), recognition)) {
    for (const each of known) tx.remove(each);
    return;
  }
  const mapping = Object.fromEntries(Object.entries(recognition.mapping).filter(([name]) => !isErrorsColumn(name)));
  const same = known.find(({ kind }) => kind === recognition.kind);
  if (same) Object.assign(same, { mapping, usedAt: clock.now() });
  else tx.create(ImportMapping, { kind: recognition.kind, headHash, mapping, usedAt: clock.now() });
  await tx.flush();
  const old = await tx.find(
    ImportMapping,
    {},
    { orderBy: { usedAt: 'desc', id: 'desc' }, offset: MOST_HEADS, limit: MOST_HEADS },
  );
  for (const each of old) tx.remove(each);
}

const isSame = (one: Recognition, other: Recognition): boolean =>
  one.kind === other.kind &&
  one.columns.every(
    ({ field, dateFormat }, at) => field === other.columns[at]!.field && dateFormat === other.columns[at]!.dateFormat,
  );
