import { describe, expect, it } from '@jest/globals';
import { faceFor, fontFiles } from '../../src/reports/pdf/fonts.js';
import { REPLACEMENT, Typesetter } from '../../src/reports/pdf/set-text.js';

const set = (text: string, width?: number, direction?: 'ltr' | 'rtl' | 'auto') => {
  const setter = new Typesetter();
  const lines = setter.lines(text, { size: 10, width, direction });
  return {
    lines: lines.map(({ runs }) => runs.map((run) => run.text).join('')),
    runs: lines.map(({ runs }) => runs),
    lengths: lines.map((line) => line.width),
    missing: [...setter.missing],
  };
};

describe('setting text', () => {
  it('takes for each letter a font that has it, and the main one for nearly all', () => {
    expect(fontFiles().sans.normal).toMatch(/NotoSans_400Regular\.ttf$/);
    const faces = {
      A: 'sans',
      ế: 'sans',
      Ж: 'sans',
      Ω: 'sans',
      अ: 'sans',
      ع: 'arabic',
      ש: 'hebrew',
      ก: 'thai',
      한: 'korean',
      王: 'chinese',
      ア: 'chinese',
      '≥': 'chinese',
    };
    expect(Object.fromEntries(Object.keys(faces).map((letter) => [letter, faceFor(letter)]))).toEqual(faces);
    expect(faceFor('ተ')).toBeNull();
    expect(set('Ali 王 4').runs).toEqual([
      [
        { text: 'Ali ', face: 'sans' },
        { text: '王 ', face: 'chinese' },
        { text: '4', face: 'sans' },
      ],
    ]);
  });

  it('breaks lines between words, never wider than the column, and loses nothing but the spaces there', () => {
    const text = 'the train was late again because of works near the bridge';
    const { lines, lengths } = set(text, 80);
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.join(' ')).toBe(text);
    for (const length of lengths) expect(length).toBeLessThanOrEqual(80);
  });

  it.each([
    ['a word that is longer than the column', 'Wolfeschlegelsteinhausenbergerdorff'],
    ['Chinese, which has no spaces', '今天没有来因为生病了需要在家休息两天然后再回来上课'],
    ['Thai, which has none either', 'สมชายใจดีไปโรงเรียนทุกวันแต่วันนี้ป่วย'],
    ['Arabic', 'محمد عبد الرحمن غائب اليوم لأنه مريض'],
  ])('breaks %s', (_, text) => {
    const { lines, lengths } = set(text, 60);
    expect(lines.length).toBeGreaterThan(2);
    for (const length of lengths) expect(length).toBeLessThanOrEqual(60);
    expect([...lines.join('').replaceAll(' ', '')].sort()).toEqual([...text.replaceAll(' ', '')].sort());
  });

  it('begins no line with a closing sign, as Chinese wants it', () => {
    for (const width of [21, 31, 41, 51])
      for (const line of set('今天没有来，因为生病。需要休息。', width).lines) expect(line).not.toMatch(/^[，。]/);
  });

  it('keeps a letter and its marks together', () => {
    const { lines } = set('नि'.repeat(12), 12);
    expect(lines.every((line) => line.startsWith('न') && line.endsWith('ि'))).toBe(true);
  });

  it('orders what is seen: words from the right, numbers and Latin from the left, brackets turned round', () => {
    const seen = (text: string, direction?: 'ltr' | 'rtl') =>
      set(text, undefined, direction)
        .runs[0]!.map((run) => run.text)
        .filter((piece) => piece.trim());
    expect(seen('محمد عبد الرحمن')).toEqual(['الرحمن', 'عبد', 'محمد']);
    expect(seen('שרה (12)')).toEqual(['(', '12', ')', 'שרה']);
    expect(seen('Ali (علي) 4b')).toEqual(['Ali (', 'علي', ') ', '4', 'b']);
    expect(seen('علي 123 abc')).toEqual(['abc', '123', 'علي']);
    // Digits of an Arabic script are read from the left too.
    expect(seen('علي ۱۲۳').slice(0, 3)).toEqual(['۱', '۲', '۳']);
    expect(seen('Ende.', 'rtl').join('')).toBe('.Ende');
    expect(seen('نهاية.', 'rtl')).toEqual(['.', 'نهاية']);
  });

  it('draws no signs that only steer, and shows what it lacks', () => {
    expect(set('\u200eAnna\u202a B\u00ad\ufeff\u202c\u0007').lines).toEqual(['Anna B']);
    expect(set('a\tb\r\nc').lines).toEqual(['a b', 'c']);
    expect(set('𐤀ተ')).toMatchObject({ lines: [REPLACEMENT + REPLACEMENT], missing: ['𐤀', 'ተ'] });
    expect(set('\ud800').lines).toEqual(['']);
    expect(set('').lines).toEqual(['']);
  });
});
