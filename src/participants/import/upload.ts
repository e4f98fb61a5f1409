import { type Upload } from './receive-upload.js';

/** What multer tells of a file that it has written to the uploads folder, under a name of its own. */
export interface MulterFile {
  originalname: string;
  filename: string;
  size: number;
}

/** The upload, with the person's own name for it: only ever shown, never used as a path. */
export function uploadOf(file: MulterFile): Upload {
  // Browsers send UTF-8; the parser reads it byte by byte.
  const bytes = Buffer.from(file.originalname, 'latin1');
  const decoded = bytes.toString('utf8');
  const name = decoded.includes('\u{FFFD}') ? file.originalname : decoded;
  const last = name
    .split(/[/\\]/)
    .at(-1)!
    .replace(/\p{Cc}/gu, '')
    .trim();
  return { path: file.filename, fileName: [...last].slice(0, 200).join('') || 'file.csv' };
}
