import pdfmake from 'pdfmake';
import sharp from 'sharp';
import { setImmediate } from 'node:timers/promises';
import { type Content, type TDocumentDefinitions } from 'pdfmake/interfaces.js';
import { fontFiles, MAIN_FACE } from './fonts.js';
import { type Look } from './look.js';
import { alignmentOf, Nodes, PAPER } from './nodes.js';
import { Typesetter } from './set-text.js';
import { pictureForPaper } from './picture.js';
import { MARGIN } from './table.js';
import { Values } from './values.js';

export interface Pdf {
  bytes: Buffer;
  /** Letters that no font has; each shows as a replacement. Empty nearly always. */
  missing: string[];
  pages: number;
}

export const WIDTH = { portrait: 595.28 - 2 * MARGIN, landscape: 841.89 - 2 * MARGIN };

/** Made once: pdfmake is one object for the whole process. It may open the fonts, and nothing else anywhere. */
let ready = false;
function prepare(): void {
  if (ready) return;
  const files = fontFiles();
  const allowed = new Set(Object.values(files).flatMap(({ normal, bold }) => [normal, bold]));
  pdfmake.setFonts(files);
  pdfmake.setLocalAccessPolicy((path: string) => allowed.has(path));
  pdfmake.setUrlAccessPolicy(() => false);
  ready = true;
}

/** Everything that one document needs while it is made. */
export class Sheet {
  readonly setter = new Typesetter();
  readonly values: Values;
  readonly nodes: Nodes;
  readonly rightToLeft: boolean;

  constructor(readonly look: Look) {
    this.rightToLeft = new Intl.Locale(look.locale).getTextInfo?.().direction === 'rtl';
    this.values = new Values(look);
    this.nodes = new Nodes(this.setter, this.rightToLeft);
  }

  /** Logo, name and address, with a line under them. */
  async letterhead(width: number): Promise<Content[]> {
    const { name, lines, logo } = this.look.letterhead;
    const image = logo && (await readable(logo));
    const beside = width - (image ? LOGO.width + 16 : 0);
    const words = {
      stack: [
        this.nodes.text(name, { size: 13, bold: true, width: beside, direction: 'auto', margin: [0, 0, 0, 2] }),
        ...lines.map((line) => this.nodes.text(line, { size: 8, color: PAPER.soft, width: beside, direction: 'auto' })),
      ],
      width: '*',
    } as Content;
    const picture: Content[] = image
      ? [
          {
            image,
            fit: [LOGO.width, LOGO.height],
            width: LOGO.width + 16,
            alignment: alignmentOf('end', this.rightToLeft),
          } as Content,
        ]
      : [];
    const columns = this.rightToLeft ? [...picture, words] : [words, ...picture];
    return [{ columns, margin: [0, 0, 0, 8] }, rule(width, 1, PAPER.soft, [0, 0, 0, 14])];
  }

  heading(text: string, width: number): Content {
    return this.nodes.text(text, { size: 16, bold: true, width, margin: [0, 0, 0, 4] });
  }

  paragraph(
    text: string,
    width: number,
    more: { size?: number; color?: string; after?: number; bold?: boolean; own?: boolean } = {},
  ): Content {
    const { size = 9, color = PAPER.ink, after = 4, bold = false, own = false } = more;
    // What the organization wrote itself runs as it was written.
    const direction = own ? { direction: 'auto' as const } : {};
    return this.nodes.text(text, { size, color, width, bold, ...direction, margin: [0, 0, 0, after] });
  }

  /** `Group: 4b`: a name and what belongs to it. */
  named(name: string, value: string, width: number): Content {
    return this.paragraph(this.look.words(NAMED.text, { name, value }), width, { after: 1 });
  }

  /**
   * Pictures, each under its title; several stand two by two. A row of them is never parted, and never so high that it would
   * leave the first page empty.
   */
  pictures(charts: string[], width: number): Content[] {
    const beside = charts.length > 1 ? 2 : 1;
    const room = (width - GAP * (beside - 1)) / beside;
    const placed = charts.map((svg) => {
      const picture = pictureForPaper(svg, this.setter);
      // Its letters come out as large as those of the text.
      const wide = Math.min(
        room,
        picture.width * (beside > 1 ? 0.65 : 0.8),
        (HIGHEST * picture.width) / picture.height,
      );
      return {
        width: room,
        stack: [
          this.nodes.text(picture.title, { size: 10, bold: true, width: room, margin: [0, 8, 0, 4] }),
          { svg: picture.svg, width: wide, alignment: alignmentOf('start', this.rightToLeft) },
        ],
      } as Content;
    });
    return Array.from({ length: Math.ceil(placed.length / beside) }, (_, row) => {
      const columns = placed.slice(row * beside, (row + 1) * beside);
      if (this.rightToLeft) columns.reverse();
      return { columns, columnGap: GAP, unbreakable: true, margin: [0, 0, 0, 8] } as Content;
    });
  }

  /** @param title what the small head of the following pages and the file itself are called */
  async print(
    title: string,
    under: string,
    landscape: boolean,
    content: Content[],
    signal?: AbortSignal,
  ): Promise<Pdf> {
    const { look, nodes, values, rightToLeft } = this;
    prepare();
    const width = landscape ? WIDTH.landscape : WIDTH.portrait;
    const small = { size: 7.5, color: PAPER.soft };
    const half = width / 2 - 6;
    const pair = (start: string, end: string) => {
      const sides = [
        { stack: [nodes.text(oneLine(start, this.setter, half), small)], width: '*' },
        { stack: [nodes.text(end, { ...small, side: 'end' as const })], width: 'auto' },
      ];
      return rightToLeft ? sides.reverse() : sides;
    };
    const made = look.generatedBy
      ? look.words(MADE_BY.text, { time: values.time(look.generatedAt), name: look.generatedBy })
      : look.words(MADE.text, { time: values.time(look.generatedAt) });
    let printed = 1;
    const definition = {
      pageSize: 'A4',
      pageOrientation: landscape ? 'landscape' : 'portrait',
      pageMargins: [MARGIN, 46, MARGIN, 44],
      defaultStyle: { font: MAIN_FACE, fontSize: 9, color: PAPER.ink, noWrap: true },
      language: look.locale,
      info: {
        title,
        author: look.organization,
        creator: 'Omnipresence',
        producer: 'pdfmake',
        creationDate: look.generatedAt,
      },
      content,
      header: (page: number) =>
        page === 1
          ? null
          : {
              stack: [
                { columns: pair(`${look.letterhead.name} · ${title}`, under) },
                rule(width, 0.4, PAPER.line, [0, 3, 0, 0]),
              ],
              margin: [MARGIN, 22, MARGIN, 0],
            },
      footer: (page: number, pages: number) => {
        printed = pages;
        return {
          columns: pair(made, look.words(PAGE.text, { page: values.count(page), pages: values.count(pages) })),
          margin: [MARGIN, 16, MARGIN, 0],
        };
      },
    } as unknown as TDocumentDefinitions;
    signal?.throwIfAborted();
    await setImmediate();
    const bytes = await pdfmake.createPdf(definition).getBuffer();
    signal?.throwIfAborted();
    return { bytes, missing: [...this.setter.missing], pages: printed };
  }
}

/** Between pictures that stand beside each other. */
const GAP = 16;
/** Under a heading this fits on a page lying down. */
const HIGHEST = 260;
const LOGO = { width: 150, height: 54 };

/** Any picture that can be read, as one that every reader of PDF shows; null when it is none. */
async function readable(logo: Buffer): Promise<string | null> {
  try {
    const png = await sharp(logo)
      .resize({ width: 600, height: 216, fit: 'inside', withoutEnlargement: true })
      .png()
      .toBuffer();
    return `data:image/png;base64,${png.toString('base64')}`;
  } catch {
    // A document without its logo is better than none.
    return null;
  }
}

export const rule = (
  width: number,
  lineWidth: number,
  lineColor: string,
  margin: [number, number, number, number],
): Content => ({
  canvas: [{ type: 'line', x1: 0, y1: 0, x2: width, y2: 0, lineWidth, lineColor }],
  margin,
});

/** The start of a text, as much as fits. */
function oneLine(text: string, setter: Typesetter, width: number): string {
  if (setter.width(text, { size: 7.5 }) <= width) return text;
  const letters = [...text];
  while (letters.length > 1 && setter.width(`${letters.join('')}…`, { size: 7.5 }) > width) letters.pop();
  return `${letters.join('')}…`;
}

const PAGE = { text: 'Page {page} of {pages}' };
const MADE = { text: 'Made on {time}' };
const MADE_BY = { text: 'Made on {time} by {name}' };
const NAMED = { text: '{name}: {value}' };
