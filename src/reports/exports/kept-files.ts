import { randomBytes } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { clock } from '../../platform/clock.js';
import { type Config } from '../../platform/config.js';
import { keptFolder } from '../../platform/files.js';

/** How long a file can be fetched, from when it was whole. */
export const KEPT_DAYS = 7;
/** Files of one organization that may wait or be made at a time. */
export const MOST_OPEN = 5;
/** Bytes of the files that are kept for one organization. */
export const MOST_KEPT = 2 * 1024 ** 3;

/** While a file is not whole it has another name, by which nobody can fetch it. */
const UNFINISHED = '.part';

/** Where files lie until they are fetched. With several nodes on one MySQL all of them must see this folder (DATA_FOLDER). */
export const exportsFolder = (config: Pick<Config, 'database' | 'dataFolder'>): string => keptFolder(config, 'exports');

export const newFilePath = (): string => randomBytes(16).toString('hex');
/** @returns the place of a file that is whole */
export function keptFile(folder: string, path: string): string {
  if (!/^[0-9a-f]{32}$/.test(path)) throw new Error('this is not the name of an exported file');
  return join(folder, path);
}
export const unfinishedFile = (folder: string, path: string): string => keptFile(folder, path) + UNFINISHED;

/** Removes a file, whole or not; one that is gone already is no matter. */
export async function removeKept(folder: string, path: string): Promise<void> {
  await rm(keptFile(folder, path), { force: true });
  await rm(unfinishedFile(folder, path), { force: true });
}

/** Younger ones may be under way. */
const STRAY_AFTER_MS = 6 * 3_600_000;

/** @returns names in the folder that are old enough to belong to nobody if no row knows them, without their ending */
export async function oldNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const name of await readdir(folder)) {
    if (!/^[0-9a-f]{32}(\.part)?$/.test(name)) continue;
    const found = await stat(join(folder, name)).catch(() => null);
    if (found && found.mtimeMs < clock.now().getTime() - STRAY_AFTER_MS) names.push(name.slice(0, 32));
  }
  return [...new Set(names)];
}
