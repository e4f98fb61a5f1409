import { type Archive } from './archive.js';
import { readXml } from './read-xml.js';

/** Formats of Excel that are dates without saying how (ECMA-376, 18.8.30). */
const BUILT_IN = new Set([14, 15, 16, 17, 22, 27, 28, 29, 30, 31, 34, 35, 36, 50, 51, 52, 53, 54, 57, 58]);
const DAY_MS = 86_400_000;

/** Which styles of cells are dates, and from which year a workbook counts its days. */
export interface DateStyles {
  isDate: (style: number) => boolean;
  from1904: boolean;
}

export async function dateStyles(archive: Archive): Promise<DateStyles> {
  const formats = new Set(BUILT_IN);
  const styles: boolean[] = [];
  let inCells = false;
  if (archive.has('xl/styles.xml'))
    await readXml(await archive.read('xl/styles.xml'), {
      open(name, { numFmtId, formatCode }) {
        if (name === 'numFmt' && numFmtId && isDateFormat(formatCode ?? '')) formats.add(Number(numFmtId));
        else if (name === 'cellXfs') inCells = true;
        else if (name === 'xf' && inCells) styles.push(formats.has(Number(numFmtId ?? 0)));
      },
      close(name) {
        if (name === 'cellXfs') inCells = false;
      },
    });
  let from1904 = false;
  await readXml(await archive.read('xl/workbook.xml'), {
    open(name, { date1904 }) {
      if (name === 'workbookPr') from1904 = date1904 === '1' || date1904 === 'true';
    },
  });
  return { isDate: (style) => styles[style] ?? false, from1904 };
}

/** A format that shows a year and a day or month, outside of quotation marks and brackets. */
function isDateFormat(code: string): boolean {
  const bare = code.replace(/"[^"]*"|\[[^\]]*\]|\\./g, '').toLowerCase();
  return /y/.test(bare) && /[md]/.test(bare);
}

/**
 * @param days since the beginning of the workbook's calendar; the part of a day is cut off
 * @returns 2026-11-20, or null for what is no day that a calendar has
 */
export function cellDate(days: number, from1904: boolean): string | null {
  if (!Number.isFinite(days) || days < 1 || days > 2_958_465) return null;
  // Excel believes that 1900 was a leap year: up to its 60th day it is one behind.
  const since = from1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, days < 61 ? 31 : 30);
  return new Date(since + Math.floor(days) * DAY_MS).toISOString().slice(0, 10);
}
