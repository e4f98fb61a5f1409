import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { categoryBars, hourMap, rateLines, shareBars, yearMap } from '../../src/reports/charts/index.js';
import { INKS } from '../../src/reports/charts/palette.js';
import { readSvg, type SvgElement } from '../../src/reports/charts/svg-tree.js';

const frame = { title: 'Marks by group', description: 'Class 4a has 3 marks & no more.', locale: 'en' };
const categories = [
  { category: 'present' as const, label: 'Here' },
  { category: 'absent' as const, label: 'Missing' },
];
const bars = [
  { label: '4a', href: '/reports/x?group=1&day=2', counts: { present: 8, absent: 2 } },
  { label: '<script>alert(1)</script>', counts: { present: 3 } },
];
const pictures = {
  'bars of categories': () => categoryBars({ ...frame, lay: 'across', categories, bars }),
  'bars that stand': () => categoryBars({ ...frame, lay: 'up', categories, bars }),
  'bars of shares': () =>
    shareBars({
      ...frame,
      lay: 'across',
      bars: [
        { label: '4a', share: 0.933, href: '/a' },
        { label: '4b', share: null, href: '/b' },
      ],
      threshold: { share: 0.9, label: 'Threshold' },
    }),
  lines: () =>
    rateLines({
      ...frame,
      periods: [{ label: 'May', href: '/may' }, { label: 'June', href: '/june' }, { label: 'July' }],
      lines: [{ label: '4a', shares: [0.9, null, 0.95] }],
    }),
  'the year': () =>
    yearMap({
      ...frame,
      from: '2025-09-01',
      to: '2026-08-31',
      days: [
        { day: '2025-09-01', share: 0.5, href: '/first' },
        { day: '2026-08-31', share: 1, href: '/last' },
        { day: '2026-01-02', share: null, href: '/nothing' },
      ],
    }),
  'the week': () => hourMap({ ...frame, cells: [{ weekday: 1, hour: 8, share: 0.5 }] }),
  nothing: () => categoryBars({ ...frame, lay: 'across', categories, bars: [] }),
};

const all = (node: SvgElement, name: string): SvgElement[] =>
  node.children.flatMap((child) =>
    typeof child === 'string' ? [] : [...(child.name === name ? [child] : []), ...all(child, name)],
  );
const textsOf = (svg: SvgElement) => all(svg, 'text').map((node) => node.children.join(''));
const linksOf = (svg: SvgElement) => all(svg, 'a').map(({ attributes }) => [attributes.href, attributes['aria-label']]);

describe('every picture', () => {
  it.each(Object.entries(pictures))(
    '%s: has its title and description, and nothing that a strict policy refuses',
    (_, draw) => {
      const text = draw();
      const svg = readSvg(text);
      expect(text).not.toMatch(/<style|<script|style=|\son\w+=|zr\d|ecmeta|xlink|javascript:/i);
      expect(svg.children.slice(0, 2)).toMatchObject([
        { name: 'title', children: [frame.title] },
        { name: 'desc', children: [frame.description] },
      ]);
      const [title, description] = svg.children as SvgElement[];
      expect(svg.attributes['aria-labelledby']).toBe(`${title!.attributes.id} ${description!.attributes.id}`);
      expect(svg.attributes.role).toBe(all(svg, 'a').length ? 'group' : 'img');
    },
  );

  it.each(Object.entries(pictures))('%s: is the same to the byte when drawn again', (_, draw) => {
    expect(draw()).toBe(draw());
  });

  it('has ids of its own, so that two can stand in one page', () => {
    const other = categoryBars({ ...frame, title: 'Another', lay: 'across', categories, bars });
    const ids = (text: string) => [...text.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
    expect(ids(other).length).toBeGreaterThan(2);
    expect(ids(pictures['bars of categories']()).filter((id) => ids(other).includes(id))).toEqual([]);
  });

  it('has another ink for each of its inks where it is dark', () => {
    const css = readFileSync(new URL('../../static/css/charts.css', import.meta.url), 'utf8');
    const used = new Set(
      Object.values(pictures).flatMap((draw) => [...draw().matchAll(/\b(?:ink|pen)-[a-z0-9-]+/g)].map(String)),
    );
    expect(used.size).toBeGreaterThan(8);
    for (const name of used) expect(css).toContain(`.chart .${name} {`);
    // A colour that is none of the inks would stay as it is in the dark.
    const colours = new Set<string>(Object.values(INKS));
    for (const draw of Object.values(pictures))
      for (const [, colour] of draw().matchAll(/(?:fill|stroke)="(#\w+)"/g))
        expect(colours.has(colour!) || colour === '#ffffff').toBe(true);
  });
});

describe('bars', () => {
  it('lead to their rows, one link around all parts of a bar, with its figures in words', () => {
    const svg = readSvg(pictures['bars of categories']());
    expect(linksOf(svg)).toEqual([['/reports/x?group=1&day=2', '4a: Here 8, Missing 2']]);
    // Two parts, and the pattern over the second.
    expect(all(all(svg, 'a')[0]!, 'path')).toHaveLength(3);
    expect(all(svg, 'pattern')).toHaveLength(1);
  });

  it('say a share in percent, and draw nothing where there is nothing to take a share of', () => {
    const svg = readSvg(pictures['bars of shares']());
    expect(textsOf(svg)).toContain('93.3%');
    expect(textsOf(svg)).toContain('Threshold');
    expect(linksOf(svg)).toEqual([['/a', '4a: 93.3%']]);
  });

  it('begin at the right where reading does', () => {
    const x = (locale: string) => {
      const svg = readSvg(
        shareBars({ ...frame, locale, lay: 'up', bars: [0.5, 0.7].map((share, at) => ({ label: `W${at}`, share })) }),
      );
      const first = all(svg, 'text').find((node) => node.children[0] === 'W0')!;
      return Number(/translate\((\S+)/.exec(first.attributes.transform ?? '')?.[1]);
    };
    expect(x('en')).toBeLessThan(200);
    expect(x('ar')).toBeGreaterThan(280);
  });
});

describe('lines and maps', () => {
  it('leave a gap where there is no rate, and link only points that are there', () => {
    const svg = readSvg(pictures.lines());
    expect(linksOf(svg)).toEqual([['/may', 'May: 90%']]);
  });

  it('show each day of a year once, and pass Tab by them', () => {
    const svg = readSvg(pictures['the year']());
    expect(linksOf(svg)).toEqual([
      ['/first', 'Sep 1, 2025: 50%'],
      ['/last', 'Aug 31, 2026: 100%'],
    ]);
    expect(all(svg, 'a').map(({ attributes }) => attributes.tabindex)).toEqual(['-1', '-1']);
    const squares = all(svg, 'path').filter((node) => node.attributes.class === 'ink-none pen-line');
    expect(squares).toHaveLength(365);
    expect(new Set(squares.map((node) => node.attributes.d)).size).toBe(365);
  });

  it('write the figure into each square of the week', () => {
    const svg = readSvg(pictures['the week']());
    expect(textsOf(svg)).toEqual(expect.arrayContaining(['Mon', '8 AM', '50']));
    // There is no report of one weekday at one hour.
    expect(linksOf(svg)).toEqual([]);
  });
});
