import { createHash } from 'node:crypto';
import { invalid, Problem } from '../http/problem.js';

/** A picture as it is kept: pixels of our own making, and nothing else of what was sent. */
export interface Picture {
  content: Buffer;
  mediaType: string;
  /** SHA-256 of the content, hexadecimal. */
  digest: string;
}

/** Bytes of an upload. */
export const LARGEST_PICTURE = 8 * 1024 * 1024;
/** Width times height. What is sent may be small and unfold to gigabytes. */
const MOST_PIXELS = 40_000_000;
/** What is kept fits into one column of both databases. */
const MOST_KEPT = 60_000;
const SECONDS = 20;

/**
 * The library is loaded with the first picture: most processes never see one. A picture is worked on row by row, by one
 * thread, and nothing is kept for the next one, so memory stays bounded.
 */
async function library() {
  const { default: sharp } = await import('sharp');
  sharp.concurrency(1);
  sharp.cache(false);
  return sharp;
}

/** What a picture begins with; a file is what it is, not what it is called. */
const KINDS: { format: string; fits: (head: Buffer) => boolean }[] = [
  { format: 'jpeg', fits: (head) => head.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff])) },
  { format: 'png', fits: (head) => head.subarray(0, 8).toString('latin1') === '\x89PNG\r\n\x1a\n' },
  { format: 'webp', fits: (head) => /^RIFF....WEBP/s.test(head.subarray(0, 12).toString('latin1')) },
  { format: 'heif', fits: (head) => /^....ftyp(heic|heix|mif1|avif)/s.test(head.subarray(0, 12).toString('latin1')) },
];

/** One picture at a time, however many are sent. */
let before: Promise<unknown> = Promise.resolve();

/**
 * Makes a small picture of what was uploaded: turned upright, without any metadata. Of a moving picture the first frame.
 * Whatever else the file was, a page or a script, is gone.
 * @param within pixels: it is made to fit, never larger than it was
 * @throws Problem 415 when it is no picture, 422 when it is too large or broken
 */
export function readPicture(upload: Buffer, within: { width: number; height: number }): Promise<Picture> {
  const work = before.then(() => encode(upload, within));
  before = work.catch(() => undefined);
  return work;
}

async function encode(upload: Buffer, within: { width: number; height: number }): Promise<Picture> {
  const kind = KINDS.find(({ fits }) => fits(upload));
  if (!kind) throw noPicture();
  const sharp = await library();
  const { width, height, format } = await sharp(upload, { limitInputPixels: false })
    .metadata()
    .catch(() => {
      throw broken();
    });
  if (format !== kind.format) throw noPicture();
  if (!width || !height) throw broken();
  if (width * height > MOST_PIXELS)
    throw invalid('file', 'This picture has {pixels} million pixels; at most {most} million are taken.', 'too_large', {
      pixels: Math.ceil((width * height) / 1e6),
      most: MOST_PIXELS / 1e6,
    });
  // What can be seen through takes much room; at last it stands on white.
  for (const { quality, flat } of [{ quality: 80 }, { quality: 50 }, { quality: 20, flat: true }]) {
    const reading = sharp(upload, { limitInputPixels: MOST_PIXELS, sequentialRead: true, failOn: 'error' })
      .timeout({ seconds: SECONDS })
      .autoOrient()
      .resize(within.width, within.height, { fit: 'inside', withoutEnlargement: true })
      .toColourspace('srgb');
    const content = await (flat ? reading.flatten({ background: '#fff' }) : reading)
      .webp({ quality, smartSubsample: true })
      .toBuffer()
      .catch(() => {
        throw broken();
      });
    if (content.length <= MOST_KEPT)
      return { content, mediaType: 'image/webp', digest: createHash('sha256').update(content).digest('hex') };
  }
  throw invalid('file', 'This picture has too many small parts to be kept. Choose a simpler one.', 'too_large');
}

const noPicture = () =>
  new Problem(415, {
    code: 'unsupported_media_type',
    field: 'file',
    message: 'This is no picture that can be read here. Send a JPEG, PNG or WebP file.',
  });

const broken = () =>
  invalid('file', 'This picture is damaged and could not be read. Save it anew, or choose another one.');
