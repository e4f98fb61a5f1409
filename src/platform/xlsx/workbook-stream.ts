import { zipStream } from './zip-stream.js';

const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

export const XLSX_TYPE = `${TYPE}.sheet`;

/** Characters that are handed on together. */
const PIECE = 64 * 1024;
/** Characters of one cell, as Excel has it. */
const MOST_CELL = 32_767;

/** Rows of one sheet, as Excel has it. */
export const MOST_SHEET_ROWS = 1_048_576;

/** How the numbers of a column are shown. Texts and flags show as what they are in any column. */
export type CellFormat = 'whole' | 'share' | 'day' | 'time' | 'text';

export interface Sheet {
  /** At most 31 characters are kept, and none of []:*?/\ */
  name: string;
  /** Without columns every cell is text of the usual width. */
  columns?: { format: CellFormat; /** In characters. */ width: number }[];
  /** The first column stands on the right. */
  rightToLeft?: boolean;
}

/** A day or time is the number that `serialOf` gives. */
export type SheetCell = string | number | boolean | null;

/**
 * A workbook (XLSX) of one sheet as a stream of bytes, row by row in bounded memory. Texts stay what they say: nothing
 * becomes a formula, a number or a date. The first row is the head: bold, and it stays in sight.
 * @throws RangeError when the rows do not fit into a sheet
 */
export function workbookStream(about: Sheet, rows: AsyncIterable<SheetCell[]>): AsyncGenerator<Buffer> {
  const name =
    about.name
      .replace(/[[\]:*?/\\]/g, ' ')
      .replace(/^'+|'+$/g, '')
      .slice(0, 31)
      .trim() || 'Sheet';
  return zipStream([
    {
      name: '[Content_Types].xml',
      content: [
        `${HEAD}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="${TYPE}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${TYPE}.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="${TYPE}.styles+xml"/></Types>`,
      ],
    },
    {
      name: '_rels/.rels',
      content: [
        `${HEAD}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
      ],
    },
    {
      name: 'xl/workbook.xml',
      content: [
        `${HEAD}<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><sheets><sheet name="${escaped(name)}" sheetId="1" r:id="rId1"/></sheets></workbook>`,
      ],
    },
    {
      name: 'xl/_rels/workbook.xml.rels',
      content: [
        `${HEAD}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${RELATIONS}/styles" Target="styles.xml"/></Relationships>`,
      ],
    },
    { name: 'xl/styles.xml', content: [STYLES] },
    { name: 'xl/worksheets/sheet1.xml', content: sheet(about, rows) },
  ]);
}

/**
 * Places in the list of styles below. "Text" is a format of its own: what somebody types over such a cell stays as it is
 * typed, leading zeros included.
 */
const STYLE: Record<CellFormat | 'head', number> = { text: 1, head: 2, whole: 3, share: 4, day: 5, time: 6 };
const STYLES = `${HEAD}<styleSheet xmlns="${MAIN}"><numFmts count="3"><numFmt numFmtId="164" formatCode="0.0%"/><numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd"/><numFmt numFmtId="166" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/></numFmts><fonts count="2"><font/><font><b/></font></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="7"><xf/>${[
  [49, 0],
  [49, 1],
  [1, 0],
  [164, 0],
  [165, 0],
  [166, 0],
]
  .map(
    ([format, font]) =>
      `<xf numFmtId="${format}" fontId="${font}" applyNumberFormat="1"${font === 0 ? '' : ' applyFont="1"'}/>`,
  )
  .join('')}</cellXfs></styleSheet>`;

/** The first day that Excel counts rightly: it takes 1900 for a leap year. */
const FIRST_SERIAL = 61;
const DAY_MS = 86_400_000;
/** Days from Excel's zero to 1 January 1970. */
const EPOCH_SERIAL = 25_569;

/**
 * @param local milliseconds from 1970-01-01T00:00 to the time that a clock on the wall shows
 * @returns the number that a workbook holds for it; null for times before March 1900, which it cannot hold
 */
export function serialOf(local: number): number | null {
  const serial = local / DAY_MS + EPOCH_SERIAL;
  return serial < FIRST_SERIAL ? null : serial;
}

async function* sheet(
  { columns = [], rightToLeft = false }: Sheet,
  rows: AsyncIterable<SheetCell[]>,
): AsyncGenerator<string> {
  const styles = columns.map(({ format }) => STYLE[format]);
  const widths = columns.map(
    ({ width }, at) => `<col min="${at + 1}" max="${at + 1}" width="${width}" customWidth="1"/>`,
  );
  let text = `${HEAD}<worksheet xmlns="${MAIN}"><sheetViews><sheetView${rightToLeft ? ' rightToLeft="1"' : ''} workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>${widths.length > 0 ? `<cols>${widths.join('')}</cols>` : ''}<sheetData>`;
  let number = 0;
  for await (const cells of rows) {
    if (++number > MOST_SHEET_ROWS) throw new RangeError('too many rows for a sheet');
    text += `<row r="${number}">`;
    for (let at = 0; at < cells.length; at++) {
      const cell = cells[at]!;
      if (cell === '' || cell === null) continue;
      const place = `${columnName(at)}${number}`;
      if (typeof cell === 'number') text += `<c r="${place}" s="${styles[at] ?? 0}"><v>${cell}</v></c>`;
      else if (typeof cell === 'boolean') text += `<c r="${place}" t="b"><v>${cell ? 1 : 0}</v></c>`;
      else
        text += `<c r="${place}" s="${number === 1 ? STYLE.head : STYLE.text}" t="inlineStr"><is><t xml:space="preserve">${escaped(cell.slice(0, MOST_CELL))}</t></is></c>`;
    }
    text += '</row>';
    if (text.length < PIECE) continue;
    yield text;
    text = '';
  }
  yield `${text}</sheetData></worksheet>`;
}

const columnNames: string[] = [];

/** Column 0 is A, 26 is AA. */
function columnName(at: number): string {
  return (columnNames[at] ??= lettersOf(at));
}

function lettersOf(at: number): string {
  let name = '';
  for (let rest = at; rest >= 0; rest = Math.floor(rest / 26) - 1) name = String.fromCharCode(65 + (rest % 26)) + name;
  return name;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' };

/** Text as XML holds it; what XML has no way to hold (control characters, halves of characters) shows as �. */
const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[&<>"\r]/g, (character) => ENTITIES[character]!)
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\u{FFFD}');
