import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { uploadedFile } from '../../../platform/files.js';
import { TableRefused } from '../problem.js';
import { type Upload } from '../receive-upload.js';
import { isArchive } from './open-upload.js';
import { type Unpacked } from './unpack-thread.js';

/** Memory of the thread, MB: what all cells share as text has to fit (workbook-to-csv.ts), and little else. */
const MOST_MEMORY_MB = 512;

const thread = join(
  import.meta.dirname,
  ...['..', '..', '..', '..'],
  ...['dist', 'participants', 'import', 'workbook', 'unpack-thread.js'],
);

/** The reading was stopped from outside. */
export class Stopped extends Error {}

/** The last one that was begun: archives are read one after another, so that memory is bounded for all of them. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Turns an upload into the files that the importer reads (openUpload). Archives and workbooks are read in a thread of
 * their own, so nobody's request waits for them.
 * @param stop ends the thread
 * @returns the upload itself, or what was unpacked from it; then the caller removes the upload when it has kept them
 * @throws TableRefused when it cannot be opened. Stopped when it was stopped
 */
export async function unpack(folder: string, upload: Upload, stop?: AbortSignal): Promise<Upload[]> {
  if (!(await isArchive(uploadedFile(folder, upload.path)))) return [upload];
  const turn = last.then(() => inThread(folder, upload, stop));
  last = turn.catch(() => {});
  return turn;
}

function inThread(folder: string, upload: Upload, stop?: AbortSignal): Promise<Upload[]> {
  return new Promise((resolve, reject) => {
    if (stop?.aborted) throw new Stopped();
    const worker = new Worker(thread, {
      workerData: { folder, upload },
      resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY_MB, maxYoungGenerationSizeMb: 32 },
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    stop?.addEventListener('abort', () => void worker.terminate(), { once: true });
    worker.once('message', (unpacked: Unpacked) => {
      if ('uploads' in unpacked) resolve(unpacked.uploads);
      else reject(new TableRefused(unpacked.refused.code, unpacked.refused.params));
    });
    worker.once('error', (error: NodeJS.ErrnoException) => {
      const isTooLarge = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      reject(isTooLarge ? new TableRefused('archive_too_large', { most: MOST_MEMORY_MB }) : error);
    });
    // After a message this changes nothing; without one somebody ended it.
    worker.once('exit', (code) =>
      reject(stop?.aborted ? new Stopped() : new Error(`the thread that reads ${upload.path} ended with ${code}`)),
    );
  });
}
