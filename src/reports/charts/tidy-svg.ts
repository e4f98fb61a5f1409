import { createHash } from 'node:crypto';
import { INKS, PATTERNS, type Ink } from './palette.js';
import { element, readSvg, type SvgElement, writeSvg } from './svg-tree.js';

export interface Frame {
  title: string;
  /** What there is to see, in a sentence or two: for those who cannot see it. */
  description: string;
  /** BCP 47: how numbers and days are written, and on which side reading begins. */
  locale: string;
}

/** Where a drawn thing leads, and what it is called there. */
export interface Target {
  href: string;
  label: string;
  /** Within a map of hundreds of days Tab passes over it; the table beside has the same links. */
  passedByTab?: boolean;
}

const INK_OF = new Map(Object.entries(INKS).map(([ink, colour]) => [colour.toLowerCase(), ink as Ink]));

/**
 * Makes of ECharts' picture one that stands in a page under its strict policy and on paper alike: no style, no script, no
 * hover rules, ids made of the content (ECharts counts up for the life of a process, and the same figures must give the
 * same bytes), a class for each ink, a pattern over those that need one, links around what leads somewhere, and its title
 * and description inside.
 * @param targets by series and place in it, as ECharts counts them
 */
export function tidySvg(
  drawn: string,
  frame: Frame,
  targets: (series: number, index: number) => Target | null,
): string {
  const svg = readSvg(drawn);
  const { width, height } = svg.attributes;
  const patterns = new Set<Ink>();
  const below: SvgElement[] = [];
  const links = new Map<string, SvgElement>();
  const above: SvgElement[] = [];
  const name = createHash('sha256')
    .update(JSON.stringify(frame))
    .update(drawn.replace(/zr\d+-(cls-\d+)?/g, ''))
    .digest('hex');
  const id = `chart-${name.slice(0, 12)}`;
  for (const child of svg.children) {
    if (typeof child === 'string' || child.name === 'style' || child.name === 'defs') continue;
    // The ground of the whole picture: the page has its own.
    if (child.name === 'rect') continue;
    const { ecmeta_series_index: series, ecmeta_data_index: index, ecmeta_ssr_type: kind } = child.attributes;
    const parts = inked(child, id, patterns);
    const target = kind === 'chart' && series && index ? targets(Number(series), Number(index)) : null;
    if (target) {
      const link = links.get(target.href) ?? linkTo(target);
      link.children.push(...parts);
      links.set(target.href, link);
    } else (links.size ? above : below).push(...parts);
  }
  const hidden = (children: SvgElement[]) =>
    children.length ? [element('g', links.size ? { 'aria-hidden': 'true' } : {}, ...children)] : [];
  const picture = element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      class: 'chart',
      width: width!,
      height: height!,
      viewBox: `0 0 ${width} ${height}`,
      // Anchors were reckoned from left to right; the letters themselves find their own direction.
      direction: 'ltr',
      // What is inside an img is hidden from screen readers, links too.
      role: links.size ? 'group' : 'img',
      'aria-labelledby': `${id}-title ${id}-desc`,
    },
    element('title', { id: `${id}-title` }, frame.title),
    element('desc', { id: `${id}-desc` }, frame.description),
    ...(patterns.size ? [element('defs', {}, ...[...patterns].map((ink) => pattern(id, ink)))] : []),
    ...hidden(below),
    ...links.values(),
    ...hidden(above),
  );
  return writeSvg(picture);
}

const linkTo = ({ href, label, passedByTab }: Target): SvgElement =>
  element('a', { href, 'aria-label': label, ...(passedByTab && { tabindex: '-1' }) }, element('title', {}, label));

const KEPT = new Set([
  ...['d', 'points', 'x', 'y', 'transform', 'text-anchor', 'dominant-baseline'],
  ...['fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-dasharray', 'stroke-linecap', 'stroke-linejoin'],
]);

/** The element with what counts of its attributes, and over it its pattern when its ink has one. */
function inked(node: SvgElement, id: string, patterns: Set<Ink>): SvgElement[] {
  const attributes: Record<string, string> = {};
  for (const [key, value] of Object.entries(node.attributes)) if (KEPT.has(key)) attributes[key] = value;
  const fill = INK_OF.get((attributes.fill ?? '').toLowerCase());
  const stroke = INK_OF.get((attributes.stroke ?? '').toLowerCase());
  const classes = [fill && `ink-${fill}`, stroke && `pen-${stroke}`].filter(Boolean).join(' ');
  if (classes) attributes.class = classes;
  if (node.name === 'text') {
    attributes['unicode-bidi'] = 'plaintext';
    attributes['font-family'] = 'sans-serif';
    const style = node.attributes.style ?? '';
    attributes['font-size'] = /font-size:(\d+(?:\.\d+)?)px/.exec(style)?.[1] ?? '12';
    if (style.includes('font-weight:bold')) attributes['font-weight'] = 'bold';
    // Halos of letters are more ink than help, and the writer of PDF does not know them.
    delete attributes.stroke;
    delete attributes['stroke-width'];
  } else if (invisible(attributes)) return [];
  const children = node.children.flatMap((child): (SvgElement | string)[] =>
    typeof child === 'string' ? [child] : inked(child, id, patterns),
  );
  const own: SvgElement = { name: node.name, attributes, children };
  if (node.name === 'text' || !fill || !PATTERNS[fill]) return [own];
  patterns.add(fill);
  const over = { ...attributes, fill: `url(#${id}-${fill})`, stroke: 'none' } as Record<string, string>;
  delete over.class;
  return [own, { name: node.name, attributes: over, children: [] }];
}

const invisible = ({ fill, stroke, d, ...rest }: Record<string, string>): boolean =>
  d !== undefined &&
  (fill === undefined || fill === 'none' || rest['fill-opacity'] === '0') &&
  (stroke === undefined || stroke === 'none' || rest['stroke-width'] === '0');

function pattern(id: string, ink: Ink): SvgElement {
  const { size, path } = PATTERNS[ink]!;
  return element(
    'pattern',
    { id: `${id}-${ink}`, width: size, height: size, patternUnits: 'userSpaceOnUse' },
    element('path', { d: path, fill: 'none', stroke: '#ffffff', 'stroke-width': 1.4, class: 'pen-pattern' }),
  );
}
