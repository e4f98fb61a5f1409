import { describe, expect, it } from '@jest/globals';
import { translatorOf } from '../../src/platform/i18n.js';
import { shareBars } from '../../src/reports/charts/index.js';
import { categoryWords } from '../../src/reports/category-words.js';
import { drawPictures } from '../../src/reports/draw-chart.js';
import {
  attendanceCertificate,
  type AttendanceCertificate,
  type Look,
  renderPdf,
  signedOffRegister,
  type SignedOffRegister,
  TooLongForPdf,
} from '../../src/reports/pdf/index.js';
import { type Column, type ReportDocument, type Row, type Words } from '../../src/reports/report-table.js';
import { readPdf } from '../support/pdf-text.js';

const look = (locale = 'en', more: Partial<Look> = {}): Look => ({
  organization: 'Northbridge School',
  timeZone: 'Europe/Vienna',
  locale,
  letterhead: { name: 'Northbridge School', lines: ['12 Harbour Lane', '1010 Vienna'], logo: null },
  words: (text, params) => translatorOf(locale).text(text, params),
  generatedAt: new Date('2026-11-20T13:05:00Z'),
  generatedBy: 'Ana Diaz',
  ...more,
});
const name = (text: string): Words => ({ text, literal: true });
const column = (key: string, kind: Column['kind'], head = key): Column => ({ key, kind, head: name(head) });

async function* inPieces(rows: Row[], size = 100): AsyncGenerator<Row[]> {
  for (let at = 0; at < rows.length; at += size) yield rows.slice(at, at + size);
}
const report = (columns: Column[], rows: Row[], more: Partial<ReportDocument> = {}): ReportDocument => ({
  title: name('Attendance rate'),
  from: '2026-09-01',
  to: '2026-11-20',
  filters: [],
  notes: [],
  charts: [],
  columns,
  rows: inPieces(rows),
  ...more,
});
const made = async (document: ReportDocument, how = look()) => readPdf((await renderPdf(document, how)).bytes);

describe('a long report', () => {
  const people = Array.from({ length: 250 }, (_, at) => `Person ${String(at).padStart(4, '0')}`);
  const rows = people.map((one, at): Row => [at, one, at, at / 250]);
  const columns = [
    column('id', 'id'),
    column('name', 'text', 'Who'),
    column('marks', 'count', 'Marks'),
    column('rate', 'share', 'Rate'),
  ];

  it('has every row once, its head and its number on every page, and the letterhead on the first', async () => {
    const { pages, text } = await made(report(columns, rows));
    expect(pages.length).toBeGreaterThan(4);
    for (const [at, page] of pages.entries()) {
      expect(page.lines.filter((line) => line === 'Who Marks Rate')).toHaveLength(1);
      expect(page.lines.at(-1)).toBe(`Made on Nov 20, 2026, 2:05 PM by Ana Diaz Page ${at + 1} of ${pages.length}`);
      expect(page.lines.includes('12 Harbour Lane')).toBe(at === 0);
      expect(page.lines[0]!.startsWith('Northbridge School · Attendance rate')).toBe(at > 0);
    }
    const lines = text.split('\n');
    const found = lines.filter((line) => line.startsWith('Person '));
    expect(found).toEqual(people.map((one, at) => `${one} ${at} ${((at / 250) * 100).toFixed(1)}%`));
  });

  it('says what it is, of when, of whom, what its figures mean, and its sums', async () => {
    const { text, info } = await made(
      report(columns, rows.slice(0, 3), {
        filters: [{ name: name('Group'), value: name('4b') }],
        notes: [name('Excused marks are left out.')],
        totals: [null, null, 1234, 0.5],
      }),
    );
    const lines = text.split('\n');
    for (const line of [
      'Attendance rate',
      'September 1, 2026 to November 20, 2026',
      'Group: 4b',
      'Excused marks are left out.',
      'Total 1,234 50.0%',
    ])
      expect(lines).toContain(line);
    expect(info).toMatchObject({ Title: 'Attendance rate', Author: 'Northbridge School', Language: 'en' });
  });

  it('writes each kind of value in the language and the zone of the organization', async () => {
    const kinds = [
      column('text', 'text'),
      column('day', 'day'),
      column('time', 'time'),
      column('count', 'count'),
      column('share', 'share'),
      column('yes', 'yes'),
    ];
    const values: Row[] = [
      ['first', '2026-11-20', new Date('2026-11-20T23:30:00Z'), 12345, 0.9333, true],
      ['second', null, null, null, null, null],
      ['third', '2026-01-02', new Date('2026-07-01T10:00:00Z'), 0, 1, false],
    ];
    const { text } = await made(report(kinds, values), look('de'));
    const lines = text.replaceAll(/[\u00a0\u202f]/g, ' ').split('\n');
    expect(lines).toContain('first 20.11.2026 21.11.2026, 00:30 12.345 93,3 % Ja');
    expect(lines).toContain('second –');
    expect(lines).toContain('third 02.01.2026 01.07.2026, 12:00 0 100,0 % Nein');
    expect(lines.at(-1)).toContain('Seite 1 von 1');
  });

  it('shows the signs of states with what they mean, weekdays by name, and nothing that is only for programs', async () => {
    const signs = { present: { sign: 'P', label: 'Present' }, late: { sign: 'L', label: 'Came late' } };
    const { text } = await made(
      report(
        [
          { key: 'who', head: { text: 'student' }, kind: 'text' },
          column('day', 'weekday', 'Day'),
          column('s1', 'state', 'S1'),
          column('s2', 'state', 'S2'),
          { ...column('secret', 'text', 'Secret'), hidden: true },
        ],
        [['Anna', 3, 'present', 'late *', 'hidden']],
      ),
      look('en', { states: signs }),
    );
    const lines = text.replaceAll('\u00a0', ' ').split('\n');
    expect(lines).toContain('Student Day S1 S2');
    expect(lines).toContain('Anna Wednesday P L*');
    expect(lines).toContain('P Present · L Came late');
    expect(text).not.toMatch(/secret|hidden/i);
  });

  it('says so when there is nothing', async () => {
    expect((await made(report(columns, []))).text).toContain('There is nothing here.');
  });

  it('is refused with a sentence when nobody could read it, before all of it is held', async () => {
    let taken = 0;
    const endless = async function* () {
      for (;;) {
        taken += 1;
        yield Array.from({ length: 1_000 }, (): Row => [1, 'Somebody', 1, 1]);
      }
    };
    await expect(renderPdf({ ...report(columns, []), rows: endless() }, look())).rejects.toBeInstanceOf(TooLongForPdf);
    expect(taken).toBeLessThan(100);
  });

  it('ends when it is no longer wanted', async () => {
    const stop = new AbortController();
    let taken = 0;
    const endless = async function* () {
      for (;;) {
        if ((taken += 1) === 3) stop.abort();
        yield [rows[0]!];
      }
    };
    await expect(renderPdf({ ...report(columns, []), rows: endless() }, look(), stop.signal)).rejects.toThrow('abort');
    expect(taken).toBe(3);
  });

  it('stands without its logo when that is no picture', async () => {
    const broken = look('en', { letterhead: { name: 'School', lines: [], logo: Buffer.from('no picture') } });
    expect((await made(report(columns, rows.slice(0, 1)), broken)).text).toContain('Person 0000');
  });
});

describe('names', () => {
  const names = [
    'Nguyễn Thị Ánh Tuyết',
    'Олександр Шевченко',
    'Γιώργος Παπαδόπουλος',
    'अमृता श्रीवास्तव',
    'สมชาย ใจดี',
    '王小明',
    '﨑',
    '健太郎さくらアン',
    '김민준',
  ];
  const columns = [column('name', 'text', 'Who'), column('note', 'text', 'What')];

  it('come out of the file letter for letter in every script that is covered', async () => {
    const pdf = await renderPdf(
      report(
        columns,
        names.map((one) => [one, 'x']),
      ),
      look(),
    );
    expect(pdf.missing).toEqual([]);
    const { text } = await readPdf(pdf.bytes);
    const bare = text.replaceAll(/\s/g, '').normalize('NFC');
    // What stands over or under a letter is drawn with it, and may be read in another order.
    const letters = (one: string) => [...one.replaceAll(/\s/g, '').normalize('NFC')];
    for (const one of names)
      if (/\p{Script=Devanagari}|\p{Script=Thai}/u.test(one))
        for (const letter of letters(one)) expect(bare).toContain(letter);
      else expect(bare).toContain(letters(one).join(''));
  });

  it('keep every letter of Latin, Greek and Cyrillic when they are copied out', async () => {
    const blocks = [
      [0xa1, 0x24f],
      [0x386, 0x3ff],
      [0x400, 0x52f],
      [0x1e00, 0x1eff],
    ] as const;
    const all = blocks.flatMap(([from, to]) =>
      Array.from({ length: to - from + 1 }, (_, at) => String.fromCodePoint(from + at)).filter((letter) =>
        /\p{L}/u.test(letter),
      ),
    );
    const pdf = await renderPdf(
      report(
        columns,
        all.map((letter) => [`a${letter}a`, 'x']),
      ),
      look(),
    );
    const text = (await readPdf(pdf.bytes)).text.normalize('NFC');
    // The sign for micro is drawn as the Greek letter, and read as it.
    const covered = all.filter((letter) => !pdf.missing.includes(letter) && letter !== 'µ');
    expect(covered.length).toBeGreaterThan(1_050);
    expect(covered.filter((letter) => !text.includes(`a${letter.normalize('NFC')}a`))).toEqual([]);
  });

  it('written from right to left stand in that order, also beside others', async () => {
    const { pages } = await made(
      report(columns, [
        ['محمد عبد', 'שרה (77) Cohen'],
        ['Ali علي Baker', 'x'],
      ]),
    );
    const at = (word: string) => {
      const piece = pages[0]!.pieces.find(({ text }) => text.includes(word));
      if (!piece) throw new Error(`${word} is not there: ${pages[0]!.pieces.map(({ text }) => text).join('|')}`);
      return piece.x;
    };
    // Two words of Arabic: the reader puts what it sees from right to left into the order of reading again.
    expect(pages[0]!.pieces.map(({ text }) => text)).toContain('محمد عبد');
    expect(at('שרה')).toBeGreaterThan(at('Cohen (77)'));
    expect(at('Ali')).toBeLessThan(at('علي'));
    expect(at('علي')).toBeLessThan(at('Baker'));
  });

  it('with emoji have them, each as one sign, and spaces as narrow as elsewhere', async () => {
    const some = [
      'Ana 😀 Diaz',
      'Ben 👍🏽 Bauer',
      'Family 👨‍👩‍👧 Gray',
      'Flag 🇫🇷 Roy',
      'Heart ❤️ Voss',
      'One 1️⃣ Key',
      '小明 🎉',
    ];
    const pdf = await renderPdf(
      report(
        columns,
        some.map((one) => [one, 'x']),
      ),
      look(),
    );
    expect(pdf.missing).toEqual([]);
    const { pages, text } = await readPdf(pdf.bytes);
    for (const sign of ['😀', '👍', '👨‍👩‍👧', '🇫🇷', '❤', '🎉']) expect(text).toContain(sign);
    const pieces = pages[0]!.pieces;
    const at = (word: string) => pieces.find((piece) => piece.text.includes(word))!;
    expect(at('Diaz').x - at('😀').x - at('😀').width).toBeLessThan(5);
  });

  it('show a replacement for what no font has, and it is told', async () => {
    const pdf = await renderPdf(report(columns, [['Renée 𐤀 ተስፋ', 'x']]), look());
    expect(pdf.missing).toEqual(['𐤀', 'ተ', 'ስ', 'ፋ']);
    expect((await readPdf(pdf.bytes)).text).toContain('Renée \ufffd \ufffd\ufffd\ufffd');
  });

  it('and notes of any length stay within their column', async () => {
    const long = 'Wolfeschlegelsteinhausenbergerdorff'.repeat(3);
    const rows: Row[] = [
      [long, '今天没有来因为生病了需要在家休息'.repeat(20)],
      ['Anna', 'came by the late bus '.repeat(30)],
    ];
    const { pages } = await made(report(columns, rows));
    const [page] = pages;
    const second = page!.pieces.find(({ text }) => text === 'What')!.x;
    const first = page!.pieces.find(({ text }) => text === 'Who')!.x;
    const cells = page!.pieces.filter(
      ({ y }) => y > page!.pieces.find(({ text }) => text === 'Who')!.y + 5 && y < page!.height - 40,
    );
    expect(cells.length).toBeGreaterThan(8);
    for (const { x, width } of cells) {
      expect(x).toBeGreaterThanOrEqual(first - 0.5);
      expect(x + width).toBeLessThanOrEqual(x < second - 1 ? second - 3 : page!.width - 40);
    }
    expect(
      cells
        .filter(({ x }) => x < second - 1)
        .map(({ text }) => text)
        .join(''),
    ).toContain(long);
  });
});

describe('a matrix', () => {
  it('that is wider than a page is cut into blocks, each with the names again', async () => {
    const sessions = Array.from({ length: 43 }, (_, at) => `S${String(at).padStart(2, '0')}-Mathematics`);
    const people = ['Anna Albers', 'Ben Bauer'];
    const columns = [column('name', 'text', 'Who'), ...sessions.map((one) => column(one, 'text', one))];
    const rows = people.map((one, row): Row => [one, ...sessions.map((_, at) => `${row}x${at}`)]);
    const { pages, text } = await made(report(columns, rows));
    expect(pages[0]!.width).toBeGreaterThan(pages[0]!.height);
    const words = pages.flatMap(({ pieces }) => pieces.map((piece) => piece.text.trim()));
    const blocks = words.filter((word) => word === 'Who').length;
    expect(blocks).toBeGreaterThan(2);
    expect(text).toContain(`Part ${blocks} of ${blocks}`);
    for (const one of people) expect(words.filter((word) => word === one)).toHaveLength(blocks);
    for (const row of [0, 1])
      for (const at of sessions.keys()) expect(words.filter((word) => word === `${row}x${at}`)).toHaveLength(1);
  });

  it('breaks no date in its heads', async () => {
    const days = Array.from({ length: 25 }, (_, at) => `2026-11-${String(at + 1).padStart(2, '0')} 10:00 Nature study`);
    const columns = [column('name', 'text', 'Who'), ...days.map((one) => column(one, 'state', one))];
    const { pages } = await made(report(columns, [['Anna Albers', ...days.map(() => 'present')]]));
    const words = pages.flatMap(({ pieces }) => pieces.flatMap((piece) => piece.text.trim().split(' ')));
    for (const day of days) expect(words).toContain(day.split(' ')[0]);
  });
});

describe('in Arabic', () => {
  it('the first column stands at the right, and the product speaks Arabic', async () => {
    const { pages } = await made(
      report([column('a', 'text', 'First'), column('b', 'count', 'Second')], [['Anna', 5]]),
      look('ar'),
    );
    const x = (word: string) => pages[0]!.pieces.find(({ text }) => text === word)!.x;
    expect(x('First')).toBeGreaterThan(x('Second'));
    // A narrow table, too, stands where reading begins.
    expect(x('Second')).toBeGreaterThan(pages[0]!.width / 2);
    expect(x('Anna')).toBeGreaterThan(x('5'));
    const words = pages[0]!.pieces.map(({ text }) => text);
    expect(words).toEqual(expect.arrayContaining(['الصفحة', 'من']));
  });
});

describe('a picture', () => {
  it('stands in the file with its title and its labels', async () => {
    const chart = shareBars({
      title: 'Rate by group',
      description: 'Two groups.',
      locale: 'en',
      lay: 'across',
      bars: [
        { label: '合唱团', share: 0.5, href: '/somewhere' },
        { label: 'الصف الرابع', share: 0.9 },
      ],
    });
    const pdf = await renderPdf(report([column('a', 'text')], [['Anna']], { charts: [chart] }), look());
    const { text } = await readPdf(pdf.bytes);
    for (const word of ['Rate by group', '合唱团', '50%', '100%']) expect(text).toContain(word);
    // On paper nothing can be clicked.
    expect(pdf.bytes.toString('latin1')).not.toContain('/Annot');
    expect(pdf.missing).toEqual([]);
  });

  it.each(['upright', 'lying down'])('of many bars leaves no page empty and loses none: a page %s', async (how) => {
    const points = Array.from({ length: 75 }, (_, at) => ({ label: `Person ${100 + at}`, rate: at / 100 }));
    const { pictures, note } = drawPictures(
      { kind: 'rates', title: name('Rate'), points },
      categoryWords(),
      ({ text }) => text,
      'en',
    );
    expect(note!.params).toEqual({ count: 20 });
    const wide = how === 'upright' ? 1 : 13;
    const columns = Array.from({ length: wide }, (_, at) => column(`c${at}`, 'text', `Long-heading-${at}`));
    const rows = [columns.map(() => 'Something')];
    const { pages } = await made(report(columns, rows, { charts: pictures, notes: [name('A note.')] }));
    expect(pages[0]!.width > pages[0]!.height).toBe(how !== 'upright');
    // Pieces of the head of a page and its foot alone are fewer.
    for (const page of pages) expect(page.pieces.length).toBeGreaterThan(15);
    const words = pages.flatMap(({ pieces }) => pieces.map((piece) => piece.text.trim()));
    for (const { label } of points.slice(0, 20)) expect(words.filter((word) => word === label)).toHaveLength(1);
    expect(words).not.toContain('Person 120');
  });
});

describe('an attendance certificate', () => {
  const certificate: AttendanceCertificate = {
    participant: 'Anna Albers',
    about: [{ name: name('Identifier'), value: 'S-1' }],
    from: '2026-09-01',
    to: '2026-11-20',
    text: ['This certifies what follows.'],
    figures: [
      { label: name('Present'), count: 1200 },
      { label: name('Absent'), count: 3 },
    ],
    rate: { share: 0.9333, denominator: name('Of all lessons that were marked.') },
    notes: [name('One mark is disputed.')],
    signatures: [name('Place, date'), name('Head teacher')],
  };

  it('says who, when, how often and of what, with lines to sign on', async () => {
    const { pages } = await readPdf((await attendanceCertificate(certificate, look())).bytes);
    expect(pages).toHaveLength(1);
    expect(pages[0]!.lines).toEqual([
      'Northbridge School',
      '12 Harbour Lane',
      '1010 Vienna',
      'Attendance certificate',
      'Anna Albers',
      'Identifier: S-1',
      'Period: September 1, 2026 to November 20, 2026',
      'This certifies what follows.',
      'Present 1,200',
      'Absent 3',
      'Attendance rate: 93.3%',
      'Of all lessons that were marked.',
      'One mark is disputed.',
      'Place, date Head teacher',
      'Made on Nov 20, 2026, 2:05 PM by Ana Diaz Page 1 of 1',
    ]);
  });

  it('claims no rate where there is none', async () => {
    const empty = { ...certificate, rate: { ...certificate.rate, share: null } };
    const { text } = await readPdf((await attendanceCertificate(empty, look())).bytes);
    expect(text).toContain('Attendance rate: –');
  });
});

describe('a signed-off register', () => {
  const nobody = {
    identifier: null,
    arrivedAt: null,
    leftAt: null,
    note: null,
    markedBy: null,
    markedAt: null,
    state: null,
  };
  const register: SignedOffRegister = {
    session: {
      title: 'Mathematics',
      start: new Date('2026-11-20T07:00:00Z'),
      end: new Date('2026-11-20T07:50:00Z'),
      about: [],
    },
    people: [
      {
        ...nobody,
        name: 'Anna Albers',
        state: 'Late',
        arrivedAt: new Date('2026-11-20T07:09:00Z'),
        markedBy: 'Bruno',
        markedAt: new Date('2026-11-21T08:00:00Z'),
      },
      { ...nobody, name: 'Ben Bauer' },
    ],
    counts: [
      { label: name('Late'), count: 1 },
      { label: name('Present'), count: 0 },
    ],
    notes: [],
    completed: { by: 'Bruno', at: new Date('2026-11-20T08:00:00Z') },
    signatures: [name('Signature')],
  };
  const linesOf = async (one: SignedOffRegister) =>
    (await readPdf((await signedOffRegister(one, look())).bytes)).text.replaceAll(/[\u00a0\u202f]/g, ' ').split('\n');

  it('has everybody with state, times, and by whom and when it was marked', async () => {
    const lines = await linesOf(register);
    for (const line of [
      'Nov 20, 2026, 8:00 AM – 8:50 AM',
      // Nobody left early and nobody has a note or an identifier: such columns are not there.
      'Name State Arrived Marked by Marked on',
      'Anna Albers Late 8:09 AM Bruno Nov 21, 2026, 9:00 AM',
      'Ben Bauer Not marked',
      'Late: 1 · Present: 0',
      'Completed by Bruno on Nov 20, 2026, 9:00 AM',
      'Signature',
    ])
      expect(lines).toContain(line);
  });

  const classOf = (size: number): SignedOffRegister => ({
    ...register,
    session: {
      ...register.session,
      about: ['Class', 'Place', 'Teacher'].map((one) => ({ name: name(one), value: one })),
    },
    people: Array.from({ length: size }, (_, at) => ({
      ...nobody,
      name: `Person ${at}`,
      identifier: `S-${at}`,
      state: 'Present',
      markedBy: 'Bruno',
      markedAt: new Date('2026-11-20T07:09:00Z'),
    })),
  });

  it('of a class fits on one sheet', async () => {
    const { pages } = await readPdf((await signedOffRegister(classOf(32), look())).bytes);
    expect(pages).toHaveLength(1);
  });

  it('is never signed on a page without names', async () => {
    for (let size = 30; size < 46; size += 1) {
      const { pages } = await readPdf((await signedOffRegister(classOf(size), look())).bytes);
      const { lines } = pages.at(-1)!;
      expect(lines).toContain('Signature');
      expect(lines.filter((line) => line.startsWith('Person '))).not.toHaveLength(0);
      expect(lines.filter((line) => line.startsWith('Name '))).toHaveLength(1);
      const people = pages.flatMap((page) => page.lines.filter((line) => line.startsWith('Person ')));
      expect(people).toHaveLength(size);
    }
  }, 60_000);

  it('says it when it was not completed', async () => {
    expect(await linesOf({ ...register, completed: null })).toContain('This register was not completed.');
  });
});
