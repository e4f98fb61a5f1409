export type Delimiter = ',' | ';' | '\t' | '|';
export type LineEnd = 'LF' | 'CR' | 'CRLF';

const delimiters: Delimiter[] = [',', ';', '\t', '|'];

/**
 * Guesses the delimiter and names the line end of a table from its beginning. What stands in quotation marks counts
 * for neither. The delimiter is the one that cuts the first line into most columns and the other lines into as many.
 * `whole`: the sample is all there is, so its last line is complete.
 */
export function surveyText(sample: string, whole: boolean): { delimiter: Delimiter; lineEnd: LineEnd } {
  const lineEnds: Record<LineEnd, number> = { LF: 0, CR: 0, CRLF: 0 };
  const lines: number[][] = [];
  let counts = delimiters.map(() => 0);
  let quoted = false;
  let closedAt = -2;
  let fieldStart = true;
  let blank = true;

  const endLine = () => {
    if (!blank) lines.push(counts);
    counts = delimiters.map(() => 0);
    fieldStart = blank = true;
  };
  for (let i = 0; i < sample.length; i++) {
    const char = sample[i]!;
    if (quoted) {
      if (char === '"') {
        quoted = false;
        closedAt = i;
      }
    } else if (char === '"' && (fieldStart || closedAt === i - 1)) {
      // A doubled quotation mark closes and opens again.
      quoted = true;
      fieldStart = blank = false;
    } else if (char === '\r' || char === '\n') {
      const both = char === '\r' && sample[i + 1] === '\n';
      lineEnds[both ? 'CRLF' : char === '\r' ? 'CR' : 'LF']++;
      if (both) i++;
      endLine();
    } else {
      const which = delimiters.indexOf(char as Delimiter);
      if (which >= 0) counts[which]!++;
      if (which >= 0 || char !== ' ') fieldStart = which >= 0;
      if (char !== ' ') blank = false;
    }
  }
  if (whole || lines.length === 0) endLine();

  const [header, ...rows] = lines;
  const score = (which: number) => {
    const expected = header?.[which] ?? 0;
    const alike = rows.filter((row) => row[which] === expected).length;
    const share = rows.length === 0 ? 1 : alike / rows.length;
    return expected * (0.05 + share * share);
  };
  const best = delimiters.map((delimiter, which) => ({ delimiter, score: score(which) }));
  const order: LineEnd[] = ['LF', 'CRLF', 'CR'];
  return {
    delimiter: best.reduce((a, b) => (b.score > a.score ? b : a)).delimiter,
    lineEnd: order.reduce((a, b) => (lineEnds[b] > lineEnds[a] ? b : a)),
  };
}
