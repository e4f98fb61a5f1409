import { type Readable } from 'node:stream';
import { promisify } from 'node:util';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { TableRefused } from '../problem.js';

/** What a whole archive may hold when it is unpacked, in bytes: a small file can claim to be a thousand times as large. */
const MOST_BYTES = 300 * 1024 * 1024;
const MOST_ENTRIES = 5_000;

const openZip = promisify<string, yauzl.Options, ZipFile>(yauzl.open);

/** A ZIP file on disk whose parts are read one by one, as streams. Nothing is unpacked to the disk. */
export class Archive {
  private constructor(
    private readonly zip: ZipFile,
    private readonly entries: Map<string, Entry>,
  ) {}

  /** @throws TableRefused for what is no archive, is locked by a password, or would be too large unpacked */
  static async open(file: string): Promise<Archive> {
    let zip: ZipFile;
    try {
      // Sizes are checked while reading: an entry that is longer than it says is an error, not a surprise.
      zip = await openZip(file, { lazyEntries: true, autoClose: false, validateEntrySizes: true });
    } catch {
      throw new TableRefused('broken_archive');
    }
    try {
      const entries = await listed(zip);
      return new Archive(zip, entries);
    } catch (error) {
      zip.close();
      throw error instanceof TableRefused ? error : new TableRefused('broken_archive');
    }
  }

  /** Paths inside, as written. */
  get names(): string[] {
    return [...this.entries.keys()];
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  /** @returns the content of one part @throws when there is no such part: ask `has` first */
  async read(name: string): Promise<Readable> {
    const entry = this.entries.get(name);
    if (!entry) throw new Error(`the archive has no ${name}`);
    return promisify<Entry, Readable>((part, done) => this.zip.openReadStream(part, done as never))(entry);
  }

  close(): void {
    this.zip.close();
  }
}

function listed(zip: ZipFile): Promise<Map<string, Entry>> {
  return new Promise((done, refuse) => {
    const entries = new Map<string, Entry>();
    let sum = 0;
    zip.on('error', refuse);
    zip.on('end', () => done(entries));
    zip.on('entry', (entry: Entry) => {
      sum += entry.uncompressedSize;
      if (entry.isEncrypted()) return refuse(new TableRefused('locked_archive'));
      if (sum > MOST_BYTES || entries.size >= MOST_ENTRIES)
        return refuse(new TableRefused('archive_too_large', { most: MOST_BYTES / 1024 / 1024 }));
      // Programs do not agree which of two parts of one name counts.
      if (entries.has(entry.fileName)) return refuse(new TableRefused('broken_archive'));
      if (!entry.fileName.endsWith('/')) entries.set(entry.fileName, entry);
      zip.readEntry();
    });
    zip.readEntry();
  });
}
