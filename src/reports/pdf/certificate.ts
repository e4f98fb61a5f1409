import { type Content } from 'pdfmake/interfaces.js';
import { type Words } from '../report-table.js';
import { type Pdf, rule, Sheet, WIDTH } from './document.js';
import { type Look, said } from './look.js';
import { PAPER } from './nodes.js';
import { periodOf } from './report.js';

/** What an attendance certificate says of one participant. Every figure comes from the caller; nothing is counted here. */
export interface AttendanceCertificate {
  /** Instead of `Attendance certificate`. */
  title?: Words;
  participant: string;
  /** What else tells who it is: identifier, groups, day of birth; as the organization calls them. */
  about: { name: Words; value: string }[];
  /** First and last local day. */
  from: string;
  to: string;
  /** The organization's own sentences, whose places are already filled. */
  text: string[];
  /** How often each state or category was recorded. */
  figures: { label: Words; count: number }[];
  /** Null when there was nothing to take a share of; `denominator` says in words what it is a share of. */
  rate: { share: number | null; denominator: Words };
  /** For example how many marks are disputed. */
  notes: Words[];
  /** A finished picture, for example of the year. */
  chart?: string;
  /** What stands under each line for a signature, at most three. */
  signatures: Words[];
}

/** One sheet of paper that a participant takes along. */
export async function attendanceCertificate(
  certificate: AttendanceCertificate,
  look: Look,
  signal?: AbortSignal,
): Promise<Pdf> {
  const sheet = new Sheet(look);
  const width = WIDTH.portrait;
  const title = said(look, certificate.title ?? TITLE);
  const period = periodOf(sheet, certificate.from, certificate.to);
  const { share, denominator } = certificate.rate;
  const about = [
    ...certificate.about.map(({ name, value }) => sheet.named(said(look, name), value, width)),
    sheet.named(look.words(PERIOD.text), period, width),
  ];
  const rate = share === null ? '–' : sheet.values.share(share);
  const content: Content[] = [
    ...(await sheet.letterhead(width)),
    sheet.nodes.text(title, { size: 20, bold: true, width, margin: [0, 8, 0, 14] }),
    sheet.nodes.text(certificate.participant, { size: 15, bold: true, width, direction: 'auto', margin: [0, 0, 0, 4] }),
    { stack: about, margin: [0, 0, 0, 14] },
    ...certificate.text.map((text) => sheet.paragraph(text, width, { size: 10.5, after: 8, own: true })),
    figures(sheet, certificate.figures),
    sheet.paragraph(look.words(RATE.text, { rate }), width, { size: 12, bold: true, after: 2 }),
    sheet.paragraph(said(look, denominator), width, { color: PAPER.soft }),
    ...certificate.notes.map((note) => sheet.paragraph(said(look, note), width, { size: 8, color: PAPER.soft })),
    ...(certificate.chart ? sheet.pictures([certificate.chart], width) : []),
    signatureLines(
      sheet,
      certificate.signatures.map((words) => said(look, words)),
      width,
    ),
  ];
  return sheet.print(title, certificate.participant, false, content, signal);
}

/** Label and count under each other, as wide as they need. */
function figures(sheet: Sheet, all: { label: Words; count: number }[]): Content {
  if (!all.length) return '';
  const size = 10;
  const labels = all.map(({ label }) => said(sheet.look, label));
  const widest = Math.min(300, Math.max(...labels.map((label) => sheet.setter.width(label, { size }))) + 24);
  const rows = all.map(({ count }, at) => {
    const row = [
      sheet.nodes.text(labels[at]!, { size, width: widest, direction: 'auto' }),
      sheet.nodes.text(sheet.values.count(count), { size, side: 'end' }),
    ];
    return sheet.rightToLeft ? row.reverse() : row;
  });
  const widths = sheet.rightToLeft ? [60, widest] : [widest, 60];
  const table = {
    table: { widths, body: rows },
    layout: { hLineWidth: () => 0.4, vLineWidth: () => 0, hLineColor: () => PAPER.line },
  };
  // A table always begins at the left: in Arabic an empty column pushes it to where reading begins.
  return {
    columns: sheet.rightToLeft
      ? [
          { text: '', width: '*' },
          { ...table, width: 'auto' },
        ]
      : [{ ...table, width: 'auto' }],
    margin: [0, 4, 0, 12],
  } as Content;
}

/**
 * Lines to sign on, beside each other, never parted from each other.
 * @param room points above them, for the hand
 */
export function signatureLines(sheet: Sheet, captions: string[], width: number, room = 44): Content {
  const shown = captions.slice(0, 3);
  if (!shown.length) return '';
  const gap = 24;
  const each = Math.min(220, (width - gap * (shown.length - 1)) / shown.length);
  const columns = shown.map((caption) => ({
    width: each,
    stack: [
      rule(each, 0.7, PAPER.ink, [0, 0, 0, 3]),
      sheet.nodes.text(caption, { size: 8, color: PAPER.soft, width: each, direction: 'auto' }),
    ],
  }));
  const placed = sheet.rightToLeft ? [{ text: '', width: '*' }, ...columns.reverse()] : columns;
  return { columns: placed, columnGap: gap, unbreakable: true, margin: [0, room, 0, 0] } as Content;
}

const TITLE = { text: 'Attendance certificate' };
const PERIOD = { text: 'Period' };
const RATE = { text: 'Attendance rate: {rate}' };
