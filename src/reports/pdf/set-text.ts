import bidiOf, { type Bidi } from 'bidi-js';
import LineBreaker from 'linebreak';
import { faceFor, type FaceName, isPlain, MAIN_FACE, widthIn } from './fonts.js';

/** A piece that is drawn in one go. Pieces of a line stand from left to right as they are seen. */
export interface Run {
  text: string;
  face: FaceName;
}
export interface Line {
  runs: Run[];
  width: number;
}
export interface Setting {
  size: number;
  bold?: boolean;
  /** In points; without it everything stays on one line. */
  width?: number;
  /** Which way the lines of this text run; `auto`: as its first letter says, as in an HTML `dir="auto"`. */
  direction?: 'ltr' | 'rtl' | 'auto';
}

/** What is shown for a letter that no font has. */
export const REPLACEMENT = '\ufffd';

const RIGHT_TO_LEFT =
  /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u200f\u202b\u202e\u2067\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
/** They steer the order of letters and are not drawn: marks, embeddings, isolates. */
const STEERING = /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\u00ad]/gu;
/** Variants of a letter that no font here distinguishes, and what cannot be drawn at all. */
const UNDRAWABLE = /[\ufe00-\ufe0f\u{e0100}-\u{e01ef}\u0000-\u0009\u000b-\u001f\u007f-\u009f]|\p{Surrogate}/gu;
/** What a text must be looked at for, even if one font has all of it. */
const UNEASY = new RegExp(`${RIGHT_TO_LEFT.source}|${STEERING.source}|\n`, 'u');
/** A word of a script that is written from right to left; tatweel joins though it belongs to no script. */
const WORD_OF_SUCH =
  /[\p{Script=Arabic}\p{Script=Hebrew}\u0640][\p{Script=Arabic}\p{Script=Hebrew}\p{M}\u0640\u200c\u200d]*/u;
const DIGIT = /\p{Nd}/u;

/** fontkit cannot measure the space of the Korean font; that of emoji is as wide as they are. */
const SPACELESS = new Set<FaceName>(['korean', 'emoji']);

let bidi: Bidi | null = null;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const words = new Intl.Segmenter('en', { granularity: 'word' });

/**
 * Sets texts of any script into lines: what goes into which font, where a line may end, and in which order the pieces of a
 * line are seen. pdfmake knows one font per text and one direction; it is given pieces that leave it nothing to decide.
 */
export class Typesetter {
  /** Letters that no font had, and that show as a replacement. */
  readonly missing = new Set<string>();

  /** @returns the width of the text on one line, in points */
  width(text: string, setting: Omit<Setting, 'width'>): number {
    return this.lines(text, setting)[0]!.width;
  }

  /** @returns at least one line */
  lines(raw: string, setting: Setting): Line[] {
    const { size, bold = false, width: most = Infinity } = setting;
    const text = isPlain(raw) && !UNEASY.test(raw) ? raw : cleaned(raw);
    if (setting.direction !== 'rtl' && isPlain(text) && !UNEASY.test(text)) {
      const width = widthIn(MAIN_FACE, bold, size, text);
      if (width <= most) return [{ runs: [{ text, face: MAIN_FACE }], width }];
    }
    return text.split('\n').flatMap((paragraph) => this.#paragraph(paragraph, setting, most));
  }

  #paragraph(text: string, { size, bold = false, direction = 'auto' }: Setting, most: number): Line[] {
    const faces = this.#faces(text);
    // The replacement may be of another length than what it stands for; from here on only it counts.
    const shown = faces.map(({ letters }) => letters).join('');
    const spans: { start: number; end: number; face: FaceName }[] = [];
    let at = 0;
    for (const { letters, face } of faces) {
      const last = spans.at(-1);
      // A space goes with what stands before it: fewer pieces.
      if (last && (last.face === face || (letters === ' ' && !SPACELESS.has(last.face)))) last.end += letters.length;
      else spans.push({ start: at, end: at + letters.length, face });
      at += letters.length;
    }
    const widthOf = (start: number, end: number): number => {
      let width = 0;
      for (const span of spans) {
        if (span.end <= start) continue;
        if (span.start >= end) break;
        const piece = shown.slice(Math.max(start, span.start), Math.min(end, span.end));
        width += widthIn(span.face, bold, size, piece);
      }
      return width;
    };
    const levels = RIGHT_TO_LEFT.test(shown) || direction === 'rtl' ? levelsOf(shown, direction) : null;
    return breakLines(shown, most, widthOf).map(({ start, end }) => ({
      runs: levels ? inOrder(shown, start, end, spans, levels) : piecesOf(shown, start, end, spans),
      width: widthOf(start, end),
    }));
  }

  /** Each letter with its marks, and the face that has it. */
  #faces(text: string): { letters: string; face: FaceName }[] {
    if (isPlain(text)) return [{ letters: text, face: MAIN_FACE }];
    return [...graphemes.segment(text)].flatMap(({ segment }) => {
      if (segment.replace(STEERING, '') === '') return [{ letters: segment, face: MAIN_FACE }];
      const face = faceFor(segment);
      if (face) return [{ letters: segment, face }];
      return [...segment].map((letter) => {
        const own = faceFor(letter);
        if (own) return { letters: letter, face: own };
        this.missing.add(letter);
        return { letters: REPLACEMENT, face: MAIN_FACE };
      });
    });
  }
}

const cleaned = (text: string): string =>
  text
    .replace(/\r\n?|\u2028|\u2029/g, '\n')
    .replace(/\t/g, ' ')
    .replace(UNDRAWABLE, '')
    .normalize('NFC');

interface Span {
  start: number;
  end: number;
  face: FaceName;
}

/** Where lines begin and end; spaces at their ends are left out. */
function breakLines(
  text: string,
  most: number,
  widthOf: (start: number, end: number) => number,
): { start: number; end: number }[] {
  const trimmed = (start: number, end: number) => {
    while (end > start && text[end - 1] === ' ') end -= 1;
    return { start, end };
  };
  if (most === Infinity) return [trimmed(0, text.length)];
  const lines: { start: number; end: number }[] = [];
  let start = 0;
  let end = 0;
  let used = 0;
  const close = () => {
    if (end > start) lines.push(trimmed(start, end));
    start = end;
    used = 0;
  };
  const place = (from: number, to: number, split: (from: number, to: number) => number[]) => {
    const bare = widthOf(from, trimmed(from, to).end);
    if (used + bare > most) close();
    if (bare > most) {
      // Too long for a line of its own: between its words (Thai has no spaces), at last between any two letters.
      const places = split(from, to);
      if (places.length > 1) {
        for (const [index, at] of places.entries()) place(at, places[index + 1] ?? to, betweenLetters);
        return;
      }
    }
    used += widthOf(from, to);
    end = to;
  };
  const at = (segmenter: Intl.Segmenter) => (from: number, to: number) =>
    [...segmenter.segment(text.slice(from, to))].map(({ index }) => from + index);
  const betweenLetters = at(graphemes);
  const betweenWords = (from: number, to: number) => {
    const places = at(words)(from, to);
    return /\p{Script=Thai}/u.test(text.slice(from, to)) && places.length > 1 ? places : betweenLetters(from, to);
  };
  const breaker = new LineBreaker(text);
  for (let from = 0, next = breaker.nextBreak(); next; from = next.position, next = breaker.nextBreak())
    place(from, next.position, betweenWords);
  close();
  return lines.length ? lines : [{ start: 0, end: 0 }];
}

const withoutSteering = (runs: Run[]): Run[] =>
  runs
    .map(({ text, face }) => ({ text: text.replace(STEERING, ''), face }))
    .filter(({ text }, index, all) => text !== '' || all.length === 1);

const piecesOf = (text: string, start: number, end: number, spans: Span[]): Run[] =>
  withoutSteering(
    spans
      .filter((span) => span.end > start && span.start < end)
      .map((span) => ({ text: text.slice(Math.max(start, span.start), Math.min(end, span.end)), face: span.face })),
  );

function levelsOf(text: string, direction: 'ltr' | 'rtl' | 'auto'): Uint8Array {
  bidi ??= bidiOf();
  return bidi.getEmbeddingLevels(text, direction).levels;
}

/**
 * The pieces of a line as they are seen from left to right (rule L2 of the Unicode bidirectional algorithm, over pieces of
 * one level). Within a word of Arabic or Hebrew the font's own shaping turns the letters round, so such a word stays whole
 * and as it is read; everything else at an odd level is turned letter by letter, brackets mirrored.
 */
function inOrder(text: string, start: number, end: number, spans: Span[], levels: Uint8Array): Run[] {
  const pieces: (Run & { level: number })[] = [];
  for (const span of spans) {
    if (span.end <= start || span.start >= end) continue;
    const last = Math.min(end, span.end);
    for (let from = Math.max(start, span.start); from < last;) {
      const level = levels[from]!;
      let to = from + 1;
      while (to < last && levels[to] === level) to += 1;
      for (const piece of partsOf(text.slice(from, to), level)) pieces.push({ text: piece, face: span.face, level });
      from = to;
    }
  }
  const highest = Math.max(0, ...pieces.map(({ level }) => level));
  for (let level = highest; level > 0; level -= 1)
    for (let from = 0; from < pieces.length; from += 1) {
      if (pieces[from]!.level < level) continue;
      let to = from;
      while (to < pieces.length && pieces[to]!.level >= level) to += 1;
      pieces.splice(from, to - from, ...pieces.slice(from, to).reverse());
      from = to;
    }
  return withoutSteering(pieces.map(({ text: piece, face }) => ({ text: piece, face })));
}

function partsOf(text: string, level: number): string[] {
  const parts: string[] = [];
  for (const part of text.split(new RegExp(`(${WORD_OF_SUCH.source})`, 'u'))) {
    if (part === '') continue;
    const shaped = WORD_OF_SUCH.test(part) && !DIGIT.test(part);
    if (level % 2) {
      if (shaped) parts.push(part);
      else for (const letter of part) parts.push(bidi!.getMirroredCharacter(letter) ?? letter);
    } else if (WORD_OF_SUCH.test(part)) {
      // Digits of an Arabic script: the font would turn them round as if they were letters.
      parts.push(...part);
    } else parts.push(part);
  }
  return parts;
}
