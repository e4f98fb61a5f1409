import { getDocument, VerbosityLevel } from 'pdfjs-dist/legacy/build/pdf.mjs';
import { type TextItem } from 'pdfjs-dist/types/src/display/api.js';

/** A piece of text as it stands on a page: from the left and the top, in points. */
export interface Piece {
  text: string;
  x: number;
  y: number;
  width: number;
}
export interface Page {
  width: number;
  height: number;
  pieces: Piece[];
  /** What stands beside each other, from left to right, lines from top to bottom. */
  lines: string[];
}

/** What another program than the writer reads out of a PDF. */
export async function readPdf(bytes: Buffer): Promise<{ pages: Page[]; text: string; info: Record<string, unknown> }> {
  const document = await getDocument({ data: new Uint8Array(bytes), verbosity: VerbosityLevel.ERRORS }).promise;
  const pages: Page[] = [];
  for (let number = 1; number <= document.numPages; number += 1) {
    const page = await document.getPage(number);
    const { width, height } = page.getViewport({ scale: 1 });
    const content = await page.getTextContent();
    const pieces = (content.items as TextItem[])
      .filter((item) => item.str?.trim())
      .map((item) => ({
        text: item.str,
        x: item.transform[4] as number,
        y: height - (item.transform[5] as number),
        width: item.width,
      }));
    pages.push({ width, height, pieces, lines: linesOf(pieces) });
  }
  const { info } = await document.getMetadata();
  await document.loadingTask.destroy();
  return { pages, text: pages.flatMap(({ lines }) => lines).join('\n'), info: info as Record<string, unknown> };
}

function linesOf(pieces: Piece[]): string[] {
  const lines: Piece[][] = [];
  for (const piece of pieces.toSorted((a, b) => a.y - b.y)) {
    const line = lines.find((one) => Math.abs(one[0]!.y - piece.y) < 1.5);
    if (line) line.push(piece);
    else lines.push([piece]);
  }
  return lines.map((line) =>
    line
      .sort((a, b) => a.x - b.x)
      .map(({ text }) => text.trim())
      .join(' '),
  );
}
