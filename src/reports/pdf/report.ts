import { type Content } from 'pdfmake/interfaces.js';
import { type ReportDocument } from '../report-table.js';
import { PAPER } from './nodes.js';
import { type Pdf, Sheet, WIDTH } from './document.js';
import { type Look, said } from './look.js';
import { setTable } from './table.js';

/**
 * A report on paper: letterhead, what it is and of when, what it was narrowed to, what its figures mean, its pictures and
 * its table. It needs nothing but its arguments, so it runs in any process.
 * @param signal heard between pieces of the table and before the pages are made; pdfmake itself cannot be stopped
 * @throws TooLongForPdf
 */
export async function renderPdf(report: ReportDocument, look: Look, signal?: AbortSignal): Promise<Pdf> {
  const sheet = new Sheet(look);
  const title = said(look, report.title);
  const period = periodOf(sheet, report.from, report.to);
  const table = await setTable(report, look, sheet.values, sheet.nodes, signal);
  const width = table.landscape ? WIDTH.landscape : WIDTH.portrait;
  const content = [
    ...(await sheet.letterhead(width)),
    sheet.heading(title, width),
    ...(period ? [sheet.paragraph(period, width, { size: 10.5, after: 6 })] : []),
    ...report.filters.map(({ name, value }) => sheet.named(said(look, name), said(look, value), width)),
    ...report.notes.map((note) => sheet.paragraph(said(look, note), width, { size: 8, color: PAPER.soft, after: 2 })),
    ...stateKey(sheet, report, width),
    ...sheet.pictures(report.charts, width),
    { text: '', margin: [0, 4, 0, 4] as [number, number, number, number] },
    ...table.content,
  ];
  return sheet.print(title, period, table.landscape, content, signal);
}

/** `P Present · L Late`: what the signs in the cells mean. */
function stateKey(sheet: Sheet, { columns }: ReportDocument, width: number): Content[] {
  const states = Object.values(sheet.look.states ?? {});
  if (!states.length || !columns.some(({ kind }) => kind === 'state')) return [];
  const key = states.map(({ sign, label }) => `${sign}\u00a0${label.replaceAll(' ', '\u00a0')}`).join(' · ');
  return [sheet.paragraph(key, width, { size: 8, after: 2 })];
}

export function periodOf({ look, values }: Sheet, from: string | null, to: string | null): string {
  if (from && to && from === to) return values.longDay(from);
  if (from && to) return look.words(FROM_TO.text, { from: values.longDay(from), to: values.longDay(to) });
  if (from) return look.words(SINCE.text, { day: values.longDay(from) });
  return to ? look.words(UNTIL.text, { day: values.longDay(to) }) : '';
}

const FROM_TO = { text: '{from} to {to}' };
const SINCE = { text: 'Since {day}' };
const UNTIL = { text: 'Until {day}' };
