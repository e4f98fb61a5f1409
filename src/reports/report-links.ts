import { type Chart } from './chart.js';
import { reportOf } from './kinds/index.js';

/** What a page may be narrowed to, by whichever report: it goes along wherever a bar leads. */
const NARROWED = ['from', 'to', 'group_id', 'group_type', 'participant_id', 'presence_state', 'category'];

/**
 * Where a bar or a row leads: to a report, with what this page is narrowed to.
 * @param href as reports write it: `statement?participant_id=3`, or `?from=2026-11-20` for the same report
 * @param code of this report
 * @param typed what this page was asked; an emptied range stays empty, for the other report has a range of its own
 */
export function keepingFilters(href: string, code: string, typed: Record<string, string>): string {
  const [path, query] = href.split('?');
  const target = path || code;
  const known: readonly string[] = [...NARROWED, ...(reportOf(target)?.fields ?? [])];
  const isRange = (name: string) => name === 'from' || name === 'to';
  const kept = Object.entries(typed).filter(([name, value]) => known.includes(name) && (value !== '' || isRange(name)));
  const asked = new URLSearchParams(Object.fromEntries([...kept, ...new URLSearchParams(query)]));
  return `/reports/${target}?${asked}`;
}

/** The picture of a page, whose parts lead to their rows. */
export function linked(chart: Chart, code: string, typed: Record<string, string>): Chart {
  const link = <T extends { href?: string | undefined }>(each: T): T =>
    each.href === undefined ? each : { ...each, href: keepingFilters(each.href, code, typed) };
  switch (chart.kind) {
    case 'marks':
      return { ...chart, bars: chart.bars.map(link) };
    case 'rates':
      return { ...chart, points: chart.points.map(link) };
    case 'year':
      return { ...chart, days: chart.days.map(link) };
    case 'week':
      return chart;
  }
}
