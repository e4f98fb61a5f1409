import { element, readSvg, type SvgElement, writeSvg } from '../charts/svg-tree.js';
import { outlines, reach } from './fonts.js';
import { type Run, type Typesetter } from './set-text.js';

/** Attributes that the writer of PDF does not know, or that are for pages. */
const FOR_PAGES = new Set(['class', 'direction', 'unicode-bidi', 'role', 'aria-labelledby', 'aria-hidden']);

/**
 * The same picture as on the page, for paper: links and words for screen readers fall away, and its letters are set from
 * the fonts of the document, in every script and order.
 * @returns also its title, which a page shows over it
 */
export function pictureForPaper(
  svg: string,
  setter: Typesetter,
): { svg: string; title: string; width: number; height: number } {
  const picture = readSvg(svg);
  const title = picture.children.find((child) => typeof child !== 'string' && child.name === 'title') as
    SvgElement | undefined;
  const paper: SvgElement = { ...picture, attributes: plain(picture), children: flat(picture.children, setter) };
  const { width, height } = picture.attributes;
  return { svg: writeSvg(paper), title: title ? wordsOf(title) : '', width: Number(width), height: Number(height) };
}

const wordsOf = (node: SvgElement): string =>
  node.children.map((child) => (typeof child === 'string' ? child : wordsOf(child))).join('');

const plain = (node: SvgElement): Record<string, string> =>
  Object.fromEntries(Object.entries(node.attributes).filter(([key]) => !FOR_PAGES.has(key)));

function flat(children: (SvgElement | string)[], setter: Typesetter): (SvgElement | string)[] {
  return children.flatMap((child): (SvgElement | string)[] => {
    if (typeof child === 'string') return [child];
    if (child.name === 'title' || child.name === 'desc') return [];
    if (child.name === 'a') return flat(child.children, setter);
    if (child.name === 'text') return set(child, setter);
    return [{ ...child, attributes: plain(child), children: flat(child.children, setter) }];
  });
}

function set(node: SvgElement, setter: Typesetter): SvgElement[] {
  const { 'text-anchor': anchor, 'font-size': size = '12', x = '0', y = '0', ...rest } = plain(node);
  const bold = rest['font-weight'] === 'bold';
  const line = setter.lines(wordsOf(node), { size: Number(size), bold })[0]!;
  let at = Number(x) - (anchor === 'middle' ? line.width / 2 : anchor === 'end' ? line.width : 0);
  return line.runs.map((run) => {
    const piece = isJoined(run)
      ? drawn(run, at, Number(y), Number(size), bold, rest)
      : element('text', { ...rest, x: at, y, 'font-size': size, 'font-family': run.face }, run.text);
    at += setter.width(run.text, { size: Number(size), bold });
    return piece;
  });
}

/** Scripts whose signs are put together from parts. What pdfmake draws SVG with loses parts that have no width: dots, vowels. */
const isJoined = ({ face, text }: Run): boolean =>
  face === 'arabic' || face === 'hebrew' || face === 'thai' || /\p{Script=Devanagari}|\p{M}/u.test(text);

/** Such pieces are drawn as shapes; the table beside has them as text. */
function drawn(run: Run, x: number, y: number, size: number, bold: boolean, look: Record<string, string>): SvgElement {
  const { over, under } = reach('sans', bold);
  const base = look['dominant-baseline'] === 'central' ? ((over - under) / 2) * size : 0;
  const { transform = '', fill = '#000000' } = look;
  return element('path', {
    d: outlines(run.face, bold, size, run.text),
    fill,
    transform: `${transform} translate(${x} ${y + base})`.trim(),
  });
}
