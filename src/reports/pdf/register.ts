import { type Content } from 'pdfmake/interfaces.js';
import { type Column, type Row, type Words } from '../report-table.js';
import { signatureLines } from './certificate.js';
import { type Pdf, Sheet, WIDTH } from './document.js';
import { type Look, said } from './look.js';
import { setTable } from './table.js';

/** The register of one session as it is signed and filed. Nothing is counted here. */
export interface SignedOffRegister {
  session: {
    title: string;
    start: Date;
    end: Date | null;
    /** Place, groups, who leads it: as the organization calls them. */
    about: { name: Words; value: string }[];
  };
  /** Everybody who was expected, in the order of the register. */
  people: {
    name: string;
    identifier: string | null;
    /** The label of the state; null: not marked. */
    state: string | null;
    arrivedAt: Date | null;
    leftAt: Date | null;
    note: string | null;
    markedBy: string | null;
    markedAt: Date | null;
  }[];
  /** How often each state was recorded. */
  counts: { label: Words; count: number }[];
  notes: Words[];
  /** Null: the register was not completed, and the sheet says so. */
  completed: { by: string; at: Date } | null;
  signatures: Words[];
}

/** Head and kind of the columns; times are of the session's day, so the hour is enough. */
const COLUMNS = {
  name: { text: 'Name' },
  identifier: { text: 'Identifier' },
  state: { text: 'State' },
  arrived: { text: 'Arrived' },
  left: { text: 'Left' },
  note: { text: 'Note' },
  marked: { text: 'Marked by' },
  at: { text: 'Marked on' },
};

/** Everybody with state, times, note, and by whom and when it was marked; then who completed it, and a line to sign on. */
export async function signedOffRegister(register: SignedOffRegister, look: Look, signal?: AbortSignal): Promise<Pdf> {
  const sheet = new Sheet(look);
  const { values } = sheet;
  const { session, people } = register;
  const when = `${values.time(session.start)}${session.end ? ` – ${hour(sheet, session.end, session.start)}` : ''}`;
  // A column in which nobody has anything says nothing.
  const used = {
    name: true,
    identifier: people.some(({ identifier }) => identifier),
    state: true,
    arrived: people.some(({ arrivedAt }) => arrivedAt),
    left: people.some(({ leftAt }) => leftAt),
    note: people.some(({ note }) => note),
    marked: true,
    at: true,
  };
  const keys = (Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]).filter((key) => used[key]);
  const columns = keys.map((key): Column => ({ key, head: COLUMNS[key], kind: 'text' }));
  const row = (one: SignedOffRegister['people'][number]): Row => {
    const texts = {
      name: one.name,
      identifier: one.identifier,
      state: one.state ?? look.words(UNMARKED.text),
      arrived: one.arrivedAt && hour(sheet, one.arrivedAt, session.start),
      left: one.leftAt && hour(sheet, one.leftAt, session.start),
      note: one.note,
      marked: one.markedBy,
      at: one.markedAt && hour(sheet, one.markedAt, session.start),
    };
    return keys.map((key) => texts[key]);
  };
  const counted = register.counts.map(({ label, count }) =>
    look.words(COUNTED.text, { name: said(look, label), value: values.count(count) }),
  );
  const completed = register.completed
    ? look.words(COMPLETED.text, { name: register.completed.by, time: values.time(register.completed.at) })
    : look.words(NOT_COMPLETED.text);
  /** @param apart so many people at the end begin a page */
  const print = async ({ isSigned = true, apart = 0 } = {}): Promise<Pdf> => {
    const rows = inOnePiece(people.map(row));
    const table = await setTable({ columns, rows }, look, values, sheet.nodes, signal, { air: AIR, apart });
    const width = table.landscape ? WIDTH.landscape : WIDTH.portrait;
    const signOff: Content = {
      unbreakable: true,
      margin: [0, 8, 0, 0],
      stack: [
        ...(counted.length ? [sheet.paragraph(counted.join(' · '), width)] : []),
        ...register.notes.map((note) => sheet.paragraph(said(look, note), width, { size: 8 })),
        sheet.paragraph(completed, width, { size: 10, bold: true, after: 0 }),
        signatureLines(
          sheet,
          register.signatures.map((words) => said(look, words)),
          width,
          32,
        ),
      ],
    };
    const content: Content[] = [
      ...(await sheet.letterhead(width)),
      sheet.nodes.text(session.title, { size: 16, bold: true, width, direction: 'auto', margin: [0, 0, 0, 4] }),
      sheet.paragraph(when, width, { size: 10.5, after: 6 }),
      ...session.about.map(({ name, value }) => sheet.named(said(look, name), value, width)),
      { text: '', margin: [0, 4, 0, 4] },
      ...table.content,
      ...(isSigned ? [signOff] : []),
    ];
    return sheet.print(session.title, when, table.landscape, content, signal);
  };
  const sheets = await print();
  const apart = Math.min(TOGETHER, people.length - 1);
  if (sheets.pages === 1 || apart < 1 || (await print({ isSigned: false })).pages === sheets.pages) return sheets;
  // The signature would stand on a page of its own, and nobody signs a page without names.
  return print({ apart });
}

/** Points over and under a line: a class of thirty fits on one sheet, with its signature. */
const AIR = 1;
/** So many people go with the signature to the next page. */
const TOGETHER = 4;

/** The hour, with its day when that is another one than the session's. */
function hour({ values, look }: Sheet, time: Date, start: Date): string {
  const day = (one: Date) => one.toLocaleDateString('en-CA', { timeZone: look.timeZone });
  // A time is never broken.
  return (day(time) === day(start) ? values.clock(time) : values.time(time)).replaceAll(/\s/g, '\u00a0');
}

async function* inOnePiece(rows: Row[]): AsyncGenerator<Row[]> {
  yield rows;
}

const UNMARKED = { text: 'Not marked' };
const COUNTED = { text: '{name}: {value}' };
const COMPLETED = { text: 'Completed by {name} on {time}' };
const NOT_COMPLETED = { text: 'This register was not completed.' };
