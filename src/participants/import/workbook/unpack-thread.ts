import { parentPort, workerData } from 'node:worker_threads';
import { TableRefused } from '../problem.js';
import { type Upload } from '../receive-upload.js';
import { openUpload } from './open-upload.js';

/** What the thread says at its end: the files, or why there are none. */
export type Unpacked = { uploads: Upload[] } | { refused: Pick<TableRefused, 'code' | 'params'> };

/** The thread that reads one archive or workbook (unpack.ts). Any other failure is its own end. */
const { folder, upload } = workerData as { folder: string; upload: Upload };
try {
  say({ uploads: await openUpload(folder, upload) });
} catch (error) {
  if (!(error instanceof TableRefused)) throw error;
  say({ refused: { code: error.code, params: error.params } });
}

function say(unpacked: Unpacked): void {
  parentPort!.postMessage(unpacked);
}
