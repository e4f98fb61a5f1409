import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { removeUpload, uploadedFile } from '../../../platform/files.js';
import { TableRefused } from '../problem.js';
import { detectTable, readRows, type TableRow, type TableShape } from '../read-table.js';
import { type Upload } from '../receive-upload.js';
import { sameColumn } from '../recognise.js';
import { isTaken, partOf, type ArchiveNote, type ArchivePart } from './archive-files.js';

interface Part {
  upload: Upload;
  /** null: cannot be read, or has no rows. */
  shape: TableShape | null;
  refusal: TableRefused | null;
  part: ArchivePart | 'other' | null;
}

/**
 * When the files of an archive are OneRoster's: says of each in which archive it came, writes what the small files know
 * (roles, courses, terms) into further columns of the large ones, and lays aside what is not needed. Rows keep their
 * numbers. Files of any other archive are handed back as they are.
 * @param uploads what was unpacked; files that are laid aside are removed
 * @returns what is to be imported
 * @throws TableRefused when nothing of it is needed
 */
export async function joinFiles(folder: string, uploads: Upload[]): Promise<Upload[]> {
  const parts: Part[] = [];
  for (const upload of uploads) parts.push(await lookAt(folder, upload));
  if (!parts.some(({ part }) => part === 'manifest' || isTaken(part))) return uploads;

  const manifest = await manifestOf(folder, parts);
  const join = new Join(folder, parts, manifest);
  await join.users();
  await join.classes();

  // Lists of our own may lie beside them, and what cannot be read is refused by its name where it is taken in.
  const stays = ({ part, shape, refusal }: Part) => isTaken(part) || (shape ? part === null : !isEmpty(refusal));
  const [taken, left] = [parts.filter(stays), parts.filter((each) => !stays(each))];
  for (const { upload } of left) await removeUpload(folder, upload.path);
  const namesOf = (list: Part[]) => list.map(({ upload }) => shortName(upload)).sort();
  const joined = left.filter(({ part }) => part !== null && part !== 'other');
  if (taken.length === 0) throw new TableRefused('nothing_needed');
  const first = taken.find(({ part }) => isTaken(part));
  return taken.map((each): Upload => {
    const { upload, part } = each;
    if (!isTaken(part)) return upload;
    const mode =
      manifest.modes.get(
        shortName(upload)
          .replace(/\.csv$/i, '')
          .toLowerCase(),
      ) ?? null;
    const note: ArchiveNote = {
      version: manifest.version,
      mode,
      first: each === first,
      joined: namesOf(joined),
      left: namesOf(left.filter((each) => !joined.includes(each))),
      strangers: part === 'oneroster_users' ? join.strangers : 0,
    };
    return { ...upload, archive: note };
  });
}

const shortName = ({ fileName }: Upload): string => fileName.split(' › ').at(-1)!;

/** A file of an archive that has nothing to say is no mistake. */
const isEmpty = (refusal: TableRefused | null): boolean => refusal?.code === 'only_header' || refusal?.code === 'empty';

async function lookAt(folder: string, upload: Upload): Promise<Part> {
  try {
    const shape = await detectTable(uploadedFile(folder, upload.path));
    return { upload, shape, refusal: null, part: partOf(shape.header) };
  } catch (error) {
    if (!(error instanceof TableRefused)) throw error;
    return { upload, shape: null, refusal: error, part: null };
  }
}

interface Manifest {
  version: string | null;
  /** By the file's name in small letters, without `.csv`. */
  modes: Map<string, 'bulk' | 'delta'>;
}

async function manifestOf(folder: string, parts: Part[]): Promise<Manifest> {
  const manifest: Manifest = { version: null, modes: new Map() };
  const found = parts.find(({ part }) => part === 'manifest');
  if (!found) return manifest;
  const file = new Table(folder, found);
  for await (const row of file.rows()) {
    const [name, value] = [file.cell(row, 'propertyname').toLowerCase(), file.cell(row, 'value').toLowerCase()];
    if (name === 'oneroster.version') manifest.version = value.slice(0, 20);
    else if (name.startsWith('file.') && (value === 'bulk' || value === 'delta'))
      manifest.modes.set(name.slice('file.'.length), value);
  }
  return manifest;
}

/** One file of the archive, its cells asked for by column. */
class Table {
  readonly shape: TableShape;
  private readonly at: Map<string, number>;

  constructor(
    private readonly folder: string,
    part: Part,
  ) {
    this.shape = part.shape!;
    this.path = part.upload.path;
    this.at = new Map(this.shape.header.map((name, at) => [sameColumn(name), at]));
  }

  readonly path: string;

  has(column: string): boolean {
    return this.at.has(column);
  }

  cell(row: TableRow, column: string): string {
    return (row.cells[this.at.get(column) ?? -1] ?? '').trim();
  }

  rows(): AsyncGenerator<TableRow, void, undefined> {
    return readRows(uploadedFile(this.folder, this.path), this.shape);
  }

  /** Writes the file anew with further columns. */
  async widen(columns: string[], valuesOf: (row: TableRow) => string[]): Promise<void> {
    const target = uploadedFile(this.folder, randomUUID().replaceAll('-', ''));
    const lines = async function* (this: Table) {
      const width = this.shape.header.length;
      yield line([...this.shape.header, ...columns]);
      let next = 2;
      for await (const row of this.rows()) {
        // A row without any value keeps the numbers of those after it.
        for (; next < row.row; next++) yield '"",\r\n';
        next = row.row + 1;
        // A row with too many cells stays one.
        const cells = row.tooMany ? row.cells : Array.from({ length: width }, (_, at) => row.cells[at] ?? '');
        yield line([...cells, ...valuesOf(row)]);
      }
    };
    try {
      await pipeline(Readable.from(lines.call(this), { highWaterMark: 256 }), createWriteStream(target));
      await rename(target, uploadedFile(this.folder, this.path));
    } catch (error) {
      await rm(target, { force: true });
      throw error;
    }
  }
}

const line = (cells: string[]): string =>
  `${cells.map((text) => (/[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join(',')}\r\n`;

interface Term {
  title: string;
  start: string;
  end: string;
}

/** Holds the small files, one entry for each of their rows, while the large ones go by. */
class Join {
  /** People in the file with the roles who are not in the file with the users. */
  strangers = 0;

  constructor(
    private readonly folder: string,
    private readonly parts: Part[],
    private readonly manifest: Manifest,
  ) {}

  private table(part: ArchivePart): Table | null {
    const found = this.parts.find((each) => each.part === part);
    return found ? new Table(this.folder, found) : null;
  }

  /** OneRoster 1.2 tells roles in a file of their own: the users get them as 1.1 wrote them. */
  async users(): Promise<void> {
    const [users, roles] = [this.table('oneroster_users'), this.table('roles')];
    if (!users || !roles || users.has('role')) return;
    const known = await rolesOf(roles);
    const met = new Set<string>();
    await users.widen(users.has('orgsourcedids') ? ['role'] : ['role', 'orgSourcedIds'], (row) => {
      const id = users.cell(row, 'sourcedid');
      const found = known.get(id);
      if (found) met.add(id);
      const values = [found?.role ?? '', found?.orgs.join(',') ?? ''];
      return users.has('orgsourcedids') ? values.slice(0, 1) : values;
    });
    this.strangers = known.size - met.size;
  }

  /** The names of courses and terms, and the days of the terms. What a delta does not hold, it does not change. */
  async classes(): Promise<void> {
    const classes = this.table('oneroster_classes');
    const [courses, sessions] = [this.table('courses'), this.table('sessions')];
    if (!classes || (!courses && !sessions)) return;
    const titles = courses && (await titlesOf(courses));
    const terms = sessions && (await termsOf(sessions));
    const columns = [
      ...(titles ? ['course.title', 'course.unknown'] : []),
      ...(terms ? ['terms.title', 'terms.startDate', 'terms.endDate', 'terms.unknown'] : []),
    ];
    const whole = (name: string) => this.manifest.modes.get(name) !== 'delta';
    const [allCourses, allTerms] = [whole('courses'), whole('academicsessions')];
    await classes.widen(columns, (row) => {
      const values: string[] = [];
      if (titles) {
        const id = classes.cell(row, 'coursesourcedid');
        const title = titles.get(id);
        values.push(title ?? '', id !== '' && title === undefined && allCourses ? id : '');
      }
      if (terms) {
        const ids = classes
          .cell(row, 'termsourcedids')
          .split(',')
          .map((id) => id.trim())
          .filter(Boolean);
        const unknown = ids.find((id) => !terms.has(id));
        // Some of several terms would be no better than none.
        const found = unknown === undefined ? ids.map((id) => terms.get(id)!) : [];
        values.push(
          found.map(({ title }) => title).join(', '),
          extreme(
            found.map(({ start }) => start),
            (one, other) => one < other,
          ),
          extreme(
            found.map(({ end }) => end),
            (one, other) => one > other,
          ),
          unknown !== undefined && allTerms ? unknown : '',
        );
      }
      return values;
    });
  }
}

/** Of dates as written; one that is none is handed on, so that it is told. */
function extreme(dates: string[], better: (one: string, other: string) => boolean): string {
  const odd = dates.find((date) => !/^\d{4}-\d{2}-\d{2}$/.test(date));
  if (odd !== undefined) return odd;
  return dates.reduce((best, date) => (best === '' || better(date, best) ? date : best), '');
}

/**
 * The one role of each user: the primary one, of several the one that began last. All of his orgs are told.
 * Roles that are marked as deleted say nothing.
 */
async function rolesOf(file: Table): Promise<Map<string, { role: string; orgs: string[] }>> {
  const known = new Map<string, { role: string; orgs: string[]; rank: string }>();
  // Thousands of people share a few words: one text for each.
  const words = new Map<string, string>();
  const word = (text: string) => words.get(text) ?? (words.set(text, text), text);
  for await (const row of file.rows()) {
    const user = file.cell(row, 'usersourcedid');
    if (user === '' || file.cell(row, 'status').toLowerCase() === 'tobedeleted') continue;
    const role = word(file.cell(row, 'role'));
    const org = word(file.cell(row, 'orgsourcedid'));
    const rank = word(
      `${file.cell(row, 'roletype').toLowerCase() === 'primary' ? 1 : 0} ${file.cell(row, 'begindate')}`,
    );
    const earlier = known.get(user);
    if (!earlier) known.set(user, { role, orgs: org === '' ? [] : [org], rank });
    else {
      if (org !== '' && !earlier.orgs.includes(org)) earlier.orgs.push(org);
      if (rank > earlier.rank) Object.assign(earlier, { role, rank });
    }
  }
  return known;
}

async function titlesOf(file: Table): Promise<Map<string, string>> {
  const titles = new Map<string, string>();
  for await (const row of file.rows()) titles.set(file.cell(row, 'sourcedid'), file.cell(row, 'title').slice(0, 500));
  return titles;
}

async function termsOf(file: Table): Promise<Map<string, Term>> {
  const terms = new Map<string, Term>();
  for await (const row of file.rows())
    terms.set(file.cell(row, 'sourcedid'), {
      title: file.cell(row, 'title').slice(0, 500),
      start: file.cell(row, 'startdate'),
      end: file.cell(row, 'enddate'),
    });
  return terms;
}
