import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { uploadedFile } from '../../../platform/files.js';
import { joinFiles } from '../oneroster/join-files.js';
import { TableRefused } from '../problem.js';
import { MOST_BYTES } from '../read-table.js';
import { type Upload } from '../receive-upload.js';
import { shownName } from '../upload.js';
import { Archive } from './archive.js';
import { isWorkbook, workbookToCsv } from './workbook-to-csv.js';

/** Files of one archive. */
const MOST_FILES = 30;

/**
 * Turns an upload into the files that the importer reads: a CSV file stays as it is, a workbook becomes one, and of an
 * archive each CSV file in it (of OneRoster's, those that are needed). The upload itself stays: whoever asked removes it
 * when what was unpacked is kept.
 * @param folder where uploads lie
 * @throws TableRefused when it cannot be opened; nothing was unpacked then
 */
export async function openUpload(folder: string, upload: Upload): Promise<Upload[]> {
  const file = uploadedFile(folder, upload.path);
  if (!(await isArchive(file))) return [upload];
  let made: Upload[] = [];
  const fresh = (fileName: string): string => {
    const path = randomUUID().replaceAll('-', '');
    made.push({ path, fileName });
    return uploadedFile(folder, path);
  };
  try {
    const archive = await Archive.open(file);
    try {
      if (isWorkbook(archive)) {
        await workbookToCsv(archive, fresh(upload.fileName));
        made[0]!.workbook = true;
      } else {
        await unpack(archive, upload.fileName, fresh);
        made = await joinFiles(folder, made);
      }
    } finally {
      archive.close();
    }
    return made;
  } catch (error) {
    for (const { path } of made) await rm(uploadedFile(folder, path), { force: true });
    throw error;
  }
}

/** Every ZIP file, and so every workbook, begins like this. */
export async function isArchive(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && buffer.equals(Buffer.from('PK\x03\x04'));
  } finally {
    await handle.close();
  }
}

async function unpack(archive: Archive, name: string, fresh: (fileName: string) => string): Promise<void> {
  const files = archive.names.filter((path) => /\.csv$/i.test(path) && !/(^|\/)(__MACOSX\/|\.)/.test(path));
  if (files.length === 0) throw new TableRefused('not_csv', { what: 'a ZIP archive' });
  if (files.length > MOST_FILES) throw new TableRefused('too_many_files', { most: MOST_FILES });
  for (const path of files) {
    // Both together fit into the column.
    const fileName = `${shownName(name, 100)} › ${shownName(path, 150)}`;
    await pipeline(await archive.read(path), atMost(MOST_BYTES), createWriteStream(fresh(fileName))).catch(
      (error: unknown) => {
        throw error instanceof TableRefused ? error : new TableRefused('broken_archive');
      },
    );
  }
}

/** Lets so many bytes through, and refuses the rest. */
function atMost(bytes: number): Transform {
  let sum = 0;
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      sum += piece.length;
      if (sum > bytes) done(new TableRefused('too_large', { most: bytes / 1024 / 1024 }));
      else done(null, piece);
    },
  });
}
