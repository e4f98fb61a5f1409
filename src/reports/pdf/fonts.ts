import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { create, type Font } from 'fontkit';

const resolve = createRequire(import.meta.url).resolve;

/**
 * The fonts a document is set in, in the order in which they are asked for a letter. A file is opened when the first letter
 * needs it: Chinese alone is 10 MB. What is covered, and what not: docs/decisions/029-pdf-and-fonts.md.
 */
const FACES = [
  { name: 'sans', package: '@expo-google-fonts/noto-sans', file: 'NotoSans', letters: /^/u },
  {
    // Noto's Arabic puts letters together from a stem and dots, and copied out of a PDF they are other letters.
    name: 'arabic',
    package: '@expo-google-fonts/ibm-plex-sans-arabic',
    file: 'IBMPlexSansArabic',
    letters: /[\p{Script_Extensions=Arabic}]/u,
  },
  {
    name: 'hebrew',
    package: '@expo-google-fonts/noto-sans-hebrew',
    file: 'NotoSansHebrew',
    letters: /\p{Script=Hebrew}/u,
  },
  { name: 'thai', package: '@expo-google-fonts/noto-sans-thai', file: 'NotoSansThai', letters: /\p{Script=Thai}/u },
  { name: 'korean', package: '@expo-google-fonts/nanum-gothic', file: 'NanumGothic', letters: /\p{Script=Hangul}/u },
  {
    name: 'chinese',
    package: '@expo-google-fonts/noto-sans-sc',
    file: 'NotoSansSC',
    // Also kana, and the signs that the others lack: arrows, mathematics, boxes, ticks.
    letters:
      /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\u2100-\u27bf\u3000-\u30ff\uff00-\uffef]/u,
  },
  // In one ink.
  {
    name: 'emoji',
    package: '@expo-google-fonts/noto-emoji',
    file: 'NotoEmoji',
    letters: /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u,
  },
] as const;

export type FaceName = (typeof FACES)[number]['name'];
export const MAIN_FACE: FaceName = 'sans';

const fileOf = ({ package: name, file }: (typeof FACES)[number], bold: boolean): string =>
  resolve(`${name}/${bold ? '700Bold' : '400Regular'}/${file}_${bold ? '700Bold' : '400Regular'}.ttf`);

/** For pdfmake, which opens a file too when it first needs it. */
export const fontFiles = (): Record<FaceName, { normal: string; bold: string }> =>
  Object.fromEntries(
    FACES.map((face) => [face.name, { normal: fileOf(face, false), bold: fileOf(face, true) }]),
  ) as Record<FaceName, { normal: string; bold: string }>;

/**
 * Letters that the main font draws from a stem and a mark (Vietnamese has four of them): copied out of a PDF they would lose
 * the mark. Drawn without that step they are one sign, and stay what they are.
 */
export const TAKEN_APART = /[ǹḿṃṅṣẹịọụ]/;
export const WHOLE_LETTERS = { ccmp: false };

/** Widths of words that are kept; names repeat. */
const MOST_WORDS = 50_000;

class Face {
  #font: Font | null = null;
  #letters: Set<number> | null = null;
  readonly #words = new Map<string, number>();

  constructor(readonly file: string) {}

  /** Opened late. */
  get font(): Font {
    return (this.#font ??= create(readFileSync(this.file)) as Font);
  }

  has(codePoint: number): boolean {
    return (this.#letters ??= new Set(this.font.characterSet)).has(codePoint);
  }

  /** @returns how wide a word is at size 1 */
  word(text: string): number {
    let width = this.#words.get(text);
    if (width === undefined) {
      if (this.#words.size >= MOST_WORDS) this.#words.clear();
      width = this.font.layout(text).advanceWidth / this.font.unitsPerEm;
      this.#words.set(text, width);
    }
    return width;
  }
}

const opened = new Map<string, Face>();
function face(name: FaceName, bold: boolean): Face {
  const key = `${name} ${bold}`;
  let found = opened.get(key);
  if (!found)
    opened.set(
      key,
      (found = new Face(
        fileOf(
          FACES.find((one) => one.name === name)!,
          bold,
        ),
      )),
    );
  return found;
}

/** Whether the main font alone has the whole text: nearly all cells, and then nothing more has to be asked. */
export function isPlain(text: string): boolean {
  const main = face(MAIN_FACE, false);
  for (const letter of text) if (!main.has(letter.codePointAt(0)!)) return false;
  return true;
}

/** @param letters what belongs together: a letter with its marks @returns the face that has all of it, null when none has */
export function faceFor(letters: string): FaceName | null {
  for (const { name, letters: meant } of FACES) {
    if (!meant.test(letters)) continue;
    const one = face(name, false);
    if ([...letters].every((letter) => JOINERS.has(letter) || one.has(letter.codePointAt(0)!))) return name;
  }
  return null;
}
/** They join or part letters and are not seen themselves. */
const JOINERS = new Set(['\u200c', '\u200d']);

/** @returns in points; words are measured one by one, as they are drawn */
export function widthIn(name: FaceName, bold: boolean, size: number, text: string): number {
  const one = face(name, bold);
  let width = 0;
  let start = 0;
  for (let at = text.indexOf(' '); at >= 0; at = text.indexOf(' ', start)) {
    width += one.word(text.slice(start, at + 1));
    start = at + 1;
  }
  if (start < text.length) width += one.word(text.slice(start));
  return width * size;
}

/** How far the lines of a face reach over and under their base line at size 1. */
export function reach(name: FaceName, bold: boolean): { over: number; under: number } {
  const { ascent, descent, unitsPerEm } = face(name, bold).font;
  return { over: ascent / unitsPerEm, under: -descent / unitsPerEm };
}

/** The outlines of a piece of text as one path, from its base line at 0, 0; y grows downwards. */
export function outlines(name: FaceName, bold: boolean, size: number, text: string): string {
  const { font } = face(name, bold);
  const scale = size / font.unitsPerEm;
  const { glyphs, positions } = font.layout(text);
  let x = 0;
  return glyphs
    .map((glyph, at) => {
      const position = positions[at]!;
      const path = glyph.path.transform(scale, 0, 0, -scale, (x + position.xOffset) * scale, -position.yOffset * scale);
      x += position.xAdvance;
      return path.toSVG();
    })
    .join('');
}
