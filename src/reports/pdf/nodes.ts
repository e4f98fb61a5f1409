import { type Content, type Margins } from 'pdfmake/interfaces.js';
import { MAIN_FACE, reach, TAKEN_APART, WHOLE_LETTERS } from './fonts.js';
import { type Line, type Run, type Setting, type Typesetter } from './set-text.js';

export const PAPER = { ink: '#1c2130', soft: '#596072', line: '#c9cedb', shade: '#eef0f6' } as const;

export type Side = 'start' | 'end' | 'center';

export interface TextStyle extends Setting {
  color?: string;
  side?: Side;
  margin?: Margins;
  /** Begins a page. */
  newPage?: boolean;
}

/** Sides are those of reading: what starts a line in English ends it in Arabic. */
export const alignmentOf = (side: Side, rightToLeft: boolean): 'left' | 'right' | 'center' =>
  side === 'center' ? 'center' : (side === 'start') === rightToLeft ? 'right' : 'left';

/**
 * Set lines as pdfmake's node. Everything in a document is set by us, so pdfmake is told not to break lines
 * (`noWrap` is the default style), and one node is one line or a stack of lines.
 */
export function linesNode(lines: Line[], style: TextStyle, rightToLeft: boolean): Content {
  const alignment = alignmentOf(style.side ?? 'start', rightToLeft);
  const look = {
    fontSize: style.size,
    ...(style.bold && { bold: true }),
    ...(style.color && { color: style.color }),
    ...(alignment !== 'left' && { alignment }),
  };
  const node = (line: Line) => {
    const [only] = line.runs;
    const margin = level(line, style);
    const more = margin ? { ...look, margin } : look;
    if (line.runs.length === 1 && only) return { ...piece(only), ...more };
    return { text: line.runs.map(piece), ...more };
  };
  if (style.margin === undefined && lines.length === 1) return node(lines[0]!) as Content;
  return {
    stack: lines.map(node),
    ...(style.margin && { margin: style.margin }),
    ...(style.newPage && { pageBreak: 'before' }),
  } as Content;
}

const piece = ({ text, face }: Run) => ({
  text,
  font: face,
  ...(face === MAIN_FACE && TAKEN_APART.test(text) && { fontFeatures: WHOLE_LETTERS }),
});

/**
 * Every line is as high as one of the main font, and its letters stand on the same base line, whatever is written in it:
 * pdfmake would give a row with an Arabic name other heights than its neighbours.
 */
function level(line: Line, { size, bold = false }: TextStyle): [number, number, number, number] | null {
  if (line.runs.every((run) => run.face === MAIN_FACE)) return null;
  const faces = line.runs.map((run) => reach(run.face, bold));
  const main = reach(MAIN_FACE, bold);
  const over = main.over - Math.max(...faces.map((one) => one.over));
  const under = main.under - Math.max(...faces.map((one) => one.under));
  return [0, over * size, 0, under * size];
}

/** As little as pdfmake takes for a cell: most cells are one line of the main font. */
export function cellNode(lines: Line[], style: TextStyle, rightToLeft: boolean): Content {
  const [only, ...others] = lines.length === 1 ? lines[0]!.runs : [];
  if (only?.face === MAIN_FACE && !others.length && !style.bold && !TAKEN_APART.test(only.text)) {
    const alignment = alignmentOf(style.side ?? 'start', rightToLeft);
    return alignment === 'left' ? only.text : { text: only.text, alignment };
  }
  return linesNode(lines, style, rightToLeft);
}

/** Sets and makes nodes for one document. */
export class Nodes {
  constructor(
    readonly setter: Typesetter,
    readonly rightToLeft: boolean,
  ) {}

  text(text: string, style: TextStyle): Content {
    const direction = style.direction ?? (this.rightToLeft ? 'rtl' : 'ltr');
    return linesNode(this.setter.lines(text, { ...style, direction }), style, this.rightToLeft);
  }
}
