import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import iconv from 'iconv-lite';
import { TableRefused } from './problem.js';

export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

/** How the bytes of a file become text, and its beginning as text (without the byte order mark). */
export interface DetectedText {
  encoding: TextEncoding;
  hasBom: boolean;
  sample: string;
  /** The sample is the whole file. */
  whole: boolean;
}

/** Bytes looked at for everything but the validity of UTF-8, which needs the whole file. */
const SAMPLE = 64 * 1024;

const boms: [TextEncoding, number[]][] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
];

/** First bytes of what people choose by mistake. */
const signatures: [what: string, bytes: Buffer][] = [
  ['an Excel workbook or a ZIP archive', Buffer.from('PK\x03\x04')],
  ['a ZIP archive', Buffer.from('PK\x05\x06')],
  ['an old Excel workbook or Word document', Buffer.from([0xd0, 0xcf, 0x11, 0xe0])],
  ['a PDF document', Buffer.from('%PDF-')],
  ['a picture', Buffer.from([0x89, 0x50, 0x4e, 0x47])],
  ['a picture', Buffer.from([0xff, 0xd8, 0xff])],
  ['a picture', Buffer.from('GIF8')],
  ['a compressed file', Buffer.from([0x1f, 0x8b])],
  ['a compressed file', Buffer.from([0x37, 0x7a, 0xbc, 0xaf])],
  ['a database', Buffer.from('SQLite format 3\0')],
];

/**
 * Finds the encoding of a file that is not empty: by its byte order mark; else UTF-16 by where its NUL bytes stand;
 * else UTF-8 if every byte of the file fits; else Windows-1252. Throws TableRefused `not_csv` for a file that is not text.
 */
export async function detectText(file: string): Promise<DetectedText> {
  const { start, whole } = await firstBytes(file);
  const what = signatures.find(([, bytes]) => start.subarray(0, bytes.length).equals(bytes))?.[0];
  if (what) throw new TableRefused('not_csv', { what });

  const bom = boms.find(([, bytes]) => start.subarray(0, bytes.length).equals(Buffer.from(bytes)));
  const encoding = bom?.[0] ?? utf16ByNulBytes(start) ?? ((await isUtf8(file)) ? 'utf-8' : 'windows-1252');
  // A decoder that is not ended keeps a character cut at the end of the sample to itself.
  const sample = iconv.getDecoder(encoding, { stripBOM: true }).write(start);
  if (isBinary(sample)) throw new TableRefused('not_csv', { what: 'a binary file' });
  if (/^\s*(<[!?a-z]|\{|\[\s*[[{])/i.test(sample)) throw new TableRefused('not_csv', { what: 'a web page or JSON' });
  return { encoding, hasBom: bom !== undefined, sample, whole };
}

async function firstBytes(file: string): Promise<{ start: Buffer; whole: boolean }> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(SAMPLE), 0, SAMPLE, 0);
    return { start: buffer.subarray(0, bytesRead), whole: bytesRead < SAMPLE };
  } finally {
    await handle.close();
  }
}

/** Commas, digits and Latin letters have a NUL for their high byte: on one side of the pairs only. */
function utf16ByNulBytes(bytes: Buffer): TextEncoding | undefined {
  const pairs = bytes.length >> 1;
  let high = 0;
  let low = 0;
  for (let i = 0; i < pairs * 2; i += 2) {
    if (bytes[i] === 0) high++;
    if (bytes[i + 1] === 0) low++;
  }
  if (low > pairs / 5 && high * 20 < low) return 'utf-16le';
  if (high > pairs / 5 && low * 20 < high) return 'utf-16be';
  return undefined;
}

/** The whole file is looked at: the first accent may stand in the last row. */
async function isUtf8(file: string): Promise<boolean> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const stream = createReadStream(file, { highWaterMark: 256 * 1024 });
  try {
    for await (const chunk of stream) decoder.decode(chunk as Buffer, { stream: true });
    decoder.decode();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return false;
    throw error;
  }
}

/** One stray NUL is a matter of its row; where control characters are all over the place, this is no text. */
function isBinary(sample: string): boolean {
  const controls = sample.match(/[\0-\x08\x0b\x0e-\x1f\x7f]/g)?.length ?? 0;
  return controls >= 5 && controls > sample.length * 0.08;
}
