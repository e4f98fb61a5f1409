import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createDeflateRaw } from 'node:zlib';

/** One part of an archive, handed out piece by piece. */
export interface ZipPart {
  name: string;
  content: AsyncIterable<string> | Iterable<string>;
}

/** 1 January 2000, as archives count days: the parts are made in this moment, and nobody asks when. */
const DAY = 0x2821;
/** Sizes follow their part (they are not known before), and names are UTF-8. */
const FLAGS = 0x0808;
const DEFLATED = 8;
const VERSION = 20;
const MOST_BYTES = 0xffffffff;

/**
 * A ZIP file as a stream of bytes: each part is packed while it is made, so nothing is held but a piece of it.
 * @throws RangeError when a part or the whole exceeds 4 GB, which this plain form cannot say
 */
export async function* zipStream(parts: Iterable<ZipPart>): AsyncGenerator<Buffer> {
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content } of parts) {
    const path = Buffer.from(name);
    const start = offset;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    writeAbout(local, 4, { crc: 0, packed: 0, size: 0, path });
    yield Buffer.concat([local, path]);
    offset += local.length + path.length;

    const about = { crc: 0, packed: 0, size: 0, path };
    const deflate = createDeflateRaw();
    const packing = pipeline(Readable.from(measured(content, about)), deflate);
    // Whoever reads below is told of a failure too; here it only must not go unheard.
    packing.catch(() => {});
    for await (const piece of deflate as AsyncIterable<Buffer>) {
      about.packed += piece.length;
      yield piece;
    }
    await packing;
    if (about.size > MOST_BYTES || start + about.packed > MOST_BYTES) throw new RangeError(`${name} is too large`);

    const after = Buffer.alloc(16);
    after.writeUInt32LE(0x08074b50, 0);
    after.writeUInt32LE(about.crc, 4);
    after.writeUInt32LE(about.packed, 8);
    after.writeUInt32LE(about.size, 12);
    yield after;
    offset += about.packed + after.length;

    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(VERSION, 4);
    writeAbout(entry, 6, about);
    entry.writeUInt32LE(start, 42);
    directory.push(entry, path);
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(directory.length / 2, 8);
  end.writeUInt16LE(directory.length / 2, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  yield Buffer.concat([list, end]);
}

interface About {
  crc: number;
  packed: number;
  size: number;
  path: Buffer;
}

/** What both heads of a part say, in the same order. */
function writeAbout(head: Buffer, at: number, { crc, packed, size, path }: About): void {
  head.writeUInt16LE(VERSION, at);
  head.writeUInt16LE(FLAGS, at + 2);
  head.writeUInt16LE(DEFLATED, at + 4);
  head.writeUInt16LE(DAY, at + 8);
  head.writeUInt32LE(crc, at + 10);
  head.writeUInt32LE(packed, at + 14);
  head.writeUInt32LE(size, at + 18);
  head.writeUInt16LE(path.length, at + 22);
}

async function* measured(content: ZipPart['content'], about: About): AsyncGenerator<Buffer> {
  for await (const text of content) {
    const bytes = Buffer.from(text);
    about.crc = crc32(bytes, about.crc);
    about.size += bytes.length;
    yield bytes;
  }
}
