/** Text that every page may show bare: the product's name. */
const NAMES = /\bOmnipresence\b/g;
/** The sign that a test puts into everything that is data: names, labels and words that an organization chose itself. */
export const DATA = '¤';

/** Elements whose text nobody reads, or whose text is a figure of the locale's own making. */
const UNREAD = /<(script|style|template|svg|time|kbd|code|pre)\b[^>]*>[\s\S]*?<\/\1>/gi;
const READ_ALOUD =
  /\s(aria-label|title|placeholder|alt|label|data-what|data-confirm|hx-confirm)=(?:"([^"]*)"|'([^']*)')/gi;
const BUTTON_TEXT = /<input\b[^>]*\btype="?(?:submit|button|reset)\b[^>]*>/gi;

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };
const plain = (html: string) =>
  html.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (all, decimal?: string, hex?: string, name?: string) =>
    name ? (ENTITIES[name] ?? all) : String.fromCodePoint(decimal ? Number(decimal) : parseInt(hex!, 16)),
  );

/** The IANA names of time zones are the same in every language. */
const ZONE = /^[A-Z][A-Za-z]+\/[\w/+-]+$|^UTC$/;

/** Names of days and months come from the locale itself, not from a translator. */
const CALENDAR = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sep|Oct|Nov|Dec|AM|PM)\w*[.,]?$/;

/** Names of columns, as programs write them into the head of a file. */
const COLUMN = /^[a-z]+(_[a-z]+)+[.,:;]?$/;

/** The sign of a browser, by which two of one name are told apart. */
const SIGN = /^[0-9A-F]{4}[).,:]*$/;

/** How a file writes its dates. */
const FORMAT = /^[DMY]{1,4}([-./][DMY]{1,4}){2}$/;

/** What says of itself in which language it is: the name of a language in itself. */
const OWN_LANGUAGE = /<(option|span|a|button)\b[^>]*\slang="[^"]+"[^>]*>[^<]*<\/\1>/gi;

/** What stays of a text when everything translated (⟦...⟧), every piece of data and every figure is taken out. */
function untranslated(text: string): string {
  let rest = text.replace(NAMES, ' ');
  for (let before = ''; before !== rest;) {
    before = rest;
    rest = rest.replace(/⟦[^⟦⟧]*⟧/g, ' ');
  }
  return rest
    .split(/\s+/)
    .filter((word) => /\p{L}{2}/u.test(word) && !word.includes(DATA) && !word.includes('@'))
    .filter((word) => ![ZONE, CALENDAR, COLUMN, FORMAT, SIGN].some((pattern) => pattern.test(word)))
    .join(' ');
}

/**
 * @param html a page or a fragment in the locale en-x-pseudo, which brackets every text that can be translated
 * @returns every visible text that cannot be: it was written into the template, or handed over untranslated
 */
export function bareTexts(html: string): string[] {
  const texts: string[] = [];
  const head = html.replace(/<!--[\s\S]*?-->/g, '');
  for (const [, , double, single] of head.matchAll(READ_ALOUD)) texts.push(plain(double ?? single ?? ''));
  for (const [tag] of head.matchAll(BUTTON_TEXT)) texts.push(plain(/\svalue="([^"]*)"/.exec(tag)?.[1] ?? ''));
  for (const [, json] of head.matchAll(/\sdata-words="([^"]*)"/g))
    texts.push(...Object.values(JSON.parse(plain(json!)) as Record<string, string>));
  // A sentence with markup inside it is one text in several pieces; each piece stands in its own brackets.
  texts.push(
    ...head
      .replace(UNREAD, ' ')
      .replace(OWN_LANGUAGE, ' ')
      .split(/<[^>]*>/)
      .map(plain),
  );
  return texts.map(untranslated).filter((rest) => rest !== '');
}
