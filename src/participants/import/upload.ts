import { type Upload } from './receive-upload.js';

/** What multer tells of a file that it has written to the uploads folder, under a name of its own. */
export interface MulterFile {
  originalname: string;
  filename: string;
  size: number;
}

/**
 * The upload, with the person's own name for it: only ever shown, never used as a path.
 * @param isText the name is text already
 */
export function uploadOf(file: MulterFile, isText = false): Upload {
  // Browsers send UTF-8; the parser reads it byte by byte.
  const bytes = Buffer.from(file.originalname, isText ? 'utf8' : 'latin1');
  const decoded = bytes.toString('utf8');
  const name = decoded.includes('\u{FFFD}') ? file.originalname : decoded;
  return { path: file.filename, fileName: shownName(name, 200) || 'file.csv' };
}

/** @returns the last part of a path, without what cannot be seen, at most so many characters of it */
export function shownName(path: string, most: number): string {
  const last = path
    .split(/[/\\]/)
    .at(-1)!
    .replace(/\p{Cc}/gu, '')
    .trim();
  return [...last].slice(0, most).join('');
}
