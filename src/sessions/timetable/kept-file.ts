import { randomBytes } from 'node:crypto';
import { readFile, rename } from 'node:fs/promises';
import { removeUpload, uploadedFile } from '../../platform/files.js';
import { Problem } from '../../platform/http/problem.js';

/** Whose upload it is: a file is found again only by who brought it. */
interface Owner {
  id: number;
  organization: { id: number };
}

const prefix = (owner: Owner): string => `cal${owner.organization.id}u${owner.id}x`;

/** Keeps an upload between the page that shows what it would do and the one that does it. @returns its name */
export async function keepFile(folder: string, file: string, owner: Owner): Promise<string> {
  const name = prefix(owner) + randomBytes(16).toString('hex');
  await rename(uploadedFile(folder, file), uploadedFile(folder, name));
  return name;
}

/** @throws Problem 422 when it is gone, or somebody else's */
export async function keptFile(folder: string, name: unknown, owner: Owner): Promise<string> {
  const gone = new Problem(422, {
    code: 'unknown',
    message: 'This upload is not here any more. Upload the file again.',
    field: 'file',
  });
  if (typeof name !== 'string' || !/^[0-9a-z]{8,64}$/.test(name) || !name.startsWith(prefix(owner))) throw gone;
  try {
    return await readFile(uploadedFile(folder, name), 'utf8');
  } catch {
    throw gone;
  }
}

/** Reads an upload and removes it. */
export async function readUpload(folder: string, file: string): Promise<string> {
  try {
    return await readFile(uploadedFile(folder, file), 'utf8');
  } finally {
    await removeUpload(folder, file);
  }
}
