import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type Config } from './config.js';

/**
 * Where uploaded files lie until they are worked off: beside the embedded database; in the folder that DATA_FOLDER
 * names; else in the system's temporary folder. With several nodes on one MySQL it must be a folder that all of them see.
 * @returns the folder, which exists
 */
export const uploadsFolder = (config: Where): string => keptFolder(config, 'uploads');

type Where = Pick<Config, 'database' | 'dataFolder'>;

/** The folder of everything that is kept beside the database. */
export function dataFolder({ database, dataFolder }: Where): string {
  const beside = database.kind === 'sqlite' && database.file !== ':memory:' ? dirname(database.file) : null;
  return dataFolder ? resolve(dataFolder) : (beside ?? join(tmpdir(), 'omnipresence'));
}

/** @returns the folder of this name in there, which exists and is nobody else's to read */
export function keptFolder(config: Where, name: string): string {
  const folder = join(dataFolder(config), name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** Names of kept files are made here at random and are nothing but letters and digits; anything else is no such file. */
export function uploadedFile(folder: string, name: string): string {
  if (!/^[0-9a-z]{8,64}$/i.test(name)) throw new Error('this is not the name of an uploaded file');
  return join(folder, name);
}

/** Removes an uploaded file; one that is gone already is no matter. */
export async function removeUpload(folder: string, name: string): Promise<void> {
  await rm(uploadedFile(folder, name), { force: true });
}
