import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import nunjucks from 'nunjucks';
import { clock } from './clock.js';
import { termParams, type Terms, type TextParams, type Translator, translatorOf } from './i18n.js';

/** What every page needs to know beside its own data. */
export interface PageContext {
  /** BCP 47, for example `en` or `de-AT`. */
  locale: string;
  /** IANA name of the organization's time zone: every time on a page is shown in it. */
  timeZone: string;
  /** The organization's own words, lower case: participant, group, session, organization. */
  terms: Terms;
  user: { name: string; email: string; role: string } | null;
  organization: { name: string; slug: string } | null;
  /** `organization:user`, as the browser keeps apart what it stores for each; null when nobody is signed in. */
  binding: string | null;
  /** How much waits for this person, by name. */
  counts: Record<string, number>;
  can(permission: string): boolean;
  /** Path of this request: marks the current item of the navigation. */
  path: string;
  notice?: Notice | null;
}

/** Told once, after an act. `undo` puts a button into it that posts `fields` to `action`. */
export interface Notice {
  kind: 'done' | 'problem';
  text: string;
  undo?: { action: string; fields: Record<string, string> };
}

const root = resolve(import.meta.dirname, '..', '..');
const folder = join(root, 'views');

/** Says that script runs, before anything is painted, and takes it back if a script file cannot be loaded. */
const scriptMark =
  "document.documentElement.classList.add('js');addEventListener('error',function(e){if(e.target.tagName==='SCRIPT')document.documentElement.classList.remove('js')},true)";

/** Opens the page again that had no network, as soon as there is one: nothing is typed there. */
const reopenScript = "addEventListener('online',function(){location.reload()})";

/** The inline scripts, for Content-Security-Policy: `script-src 'self'` and these. */
export const inlineScriptHashes = [scriptMark, reopenScript].map(
  (script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
);

/**
 * Draws pages. Everything a template may call is here: t, tn, term, asset, url, number, time, day, weekday, dateTime, moment, ago,
 * duration, and `app` (the PageContext with `language` and `dir`). All of it works inside macros too.
 */
@Injectable()
export class Views {
  readonly #environment: nunjucks.Environment;
  readonly #formats = new Map<string, Intl.DateTimeFormat>();
  readonly #assets = new Map<string, string>();
  /** Whether pages register the service worker. */
  serviceWorker = true;
  /** Rendering is synchronous, so there is exactly one page at a time. */
  #page: PageContext | null = null;
  /** The words of that page, once a text asked for them. */
  #terms: TextParams | null = null;

  constructor() {
    this.#environment = new nunjucks.Environment(new nunjucks.FileSystemLoader(folder), {
      autoescape: true,
      trimBlocks: true,
      lstripBlocks: true,
    });
    this.#addGlobals();
  }

  /**
   * Compiles every template once, before anything is served: no request waits for it, and a broken template stops the
   * start. The command line and the worker of imports draw nothing, and are spared it.
   */
  compileAll(): void {
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
      if (file.endsWith('.njk')) this.#environment.getTemplate(file.replaceAll('\\', '/'), true);
  }

  /**
   * @param template path below views/, for example `presence/roll-call.njk`
   * @param data what this template shows; a name here hides a global of the same name
   * @returns the HTML
   * @throws Error naming the template when it cannot be drawn
   */
  render(template: string, data: Record<string, unknown>, page: PageContext): string {
    const [outer, terms] = [this.#page, this.#terms];
    [this.#page, this.#terms] = [page, null];
    try {
      return this.#environment.render(template, data);
    } finally {
      [this.#page, this.#terms] = [outer, terms];
    }
  }

  /** @returns a text in the words of this person, for what is decided outside a template */
  text(page: PageContext, text: string, params?: TextParams): string {
    const words = translatorOf(page.locale);
    return words.text(text, { ...termParams(page.terms, (word) => words.text(word)), ...params });
  }

  /** The organization's words stand in every text that names them, whether its caller gives them or not. */
  #withTerms(text: string, params?: TextParams): TextParams | undefined {
    if (!text.includes('{')) return params;
    this.#terms ??= termParams(this.#current.terms, (word) => this.#words.text(word));
    return { ...this.#terms, ...params };
  }

  /** @returns the address of a built or static file, with a version that changes when its content does */
  asset(name: string): string {
    let address = this.#assets.get(name);
    if (address === undefined) {
      const file = [join(root, 'static', 'dist', name), join(root, 'static', name)].find((path) => existsSync(path));
      const version = file && createHash('sha256').update(readFileSync(file)).digest('base64url').slice(0, 10);
      address = version ? `/static/${name}?v=${version}` : `/static/${name}`;
      this.#assets.set(name, address);
    }
    return address;
  }

  get #current(): PageContext {
    if (!this.#page) throw new Error('a template was drawn outside render()');
    return this.#page;
  }

  get #words(): Translator {
    return translatorOf(this.#current.locale);
  }

  /** Intl formatters are slow to make (0.1 ms and more), so each is made once. */
  #format(name: string, options: Intl.DateTimeFormatOptions, timeZone = this.#current.timeZone): Intl.DateTimeFormat {
    const key = `${name}|${this.#current.locale}|${timeZone}`;
    let format = this.#formats.get(key);
    if (!format)
      this.#formats.set(key, (format = new Intl.DateTimeFormat(this.#words.language, { ...options, timeZone })));
    return format;
  }

  #addGlobals(): void {
    const add = (name: string, value: (...args: never[]) => unknown) => this.#environment.addGlobal(name, value);
    add('t', (text: string, params?: TextParams) => this.#words.text(text, this.#withTerms(text, params)));
    add('tn', (count: number, one: string, other: string, params?: TextParams) =>
      this.#words.count(count, one, other, this.#withTerms(other, params)),
    );
    add('term', (name: string, number: 'one' | 'many' = 'one') => {
      const own = this.#current.terms[name];
      // The words of a domain are translated; what an organization chose itself is nobody's key.
      return this.#words.text(own ? own[number] : number === 'one' ? name : `${name}s`);
    });
    add('asset', (name: string) => this.asset(name));
    add('url', address);
    add('page_query', (query: Record<string, unknown>, page: number) => ({ ...query, page }));
    add('number', (value: number) => this.#words.count(value, '{count}', '{count}'));
    add('percent', (share: number) =>
      new Intl.NumberFormat(this.#words.language, { style: 'percent', maximumFractionDigits: 1 }).format(share),
    );
    add('time', (at: Date) => this.#format('time', { timeStyle: 'short' }).format(at));
    // "9:00 – 9:45 AM"; an end on another day is told as a time only, as its day is told elsewhere.
    add('timeRange', (from: Date, to: Date) => {
      const [format, days] = [this.#format('time', { timeStyle: 'short' }), this.#format('day', dayParts)];
      return days.format(from) === days.format(to)
        ? format.formatRange(from, to)
        : `${format.format(from)} – ${format.format(to)}`;
    });
    add('day', (at: Date | string) =>
      // A calendar date ('2026-11-20') belongs to no time zone.
      typeof at === 'string'
        ? this.#format('day', dayParts, 'UTC').format(new Date(`${at}T00:00:00Z`))
        : this.#format('day', dayParts).format(at),
    );
    // 1 is Monday; the first of January 2024 was one.
    add('weekday', (number: number) =>
      this.#format('weekday', { weekday: 'long' }, 'UTC').format(new Date(Date.UTC(2024, 0, number))),
    );
    add('dateTime', (at: Date) => this.#format('dateTime', { dateStyle: 'medium', timeStyle: 'short' }).format(at));
    // To the second, where the order of two moments is what matters.
    add('moment', (at: Date) => this.#format('moment', { dateStyle: 'medium', timeStyle: 'medium' }).format(at));
    add('ago', (at: Date) => ago(this.#words.language, clock.now().getTime() - at.getTime()));
    add('duration', (ms: number) => duration(this.#words.language, ms));
    add('iso', (at: Date) => at.toISOString());
    const views = this;
    const app = {
      get language() {
        return views.#words.language;
      },
      get dir() {
        return views.#words.direction;
      },
      get timeZone() {
        return views.#current.timeZone;
      },
      get user() {
        return views.#current.user;
      },
      get organization() {
        return views.#current.organization;
      },
      get binding() {
        return views.#current.binding;
      },
      get serviceWorker() {
        return views.serviceWorker;
      },
      get counts() {
        return views.#current.counts;
      },
      get path() {
        return views.#current.path;
      },
      get notice() {
        return views.#current.notice;
      },
      can: (permission: string) => views.#current.can(permission),
      scriptMark,
      reopenScript,
    };
    this.#environment.addGlobal('app', app);
    this.#environment.addFilter('upfirst', (text: string) =>
      text ? text.charAt(0).toLocaleUpperCase(this.#words.language) + text.slice(1) : text,
    );
  }
}

/** "3 hours ago", in the largest unit that fits. */
function ago(language: string, ms: number): string {
  const [unit, size] = UNITS.find(([, each]) => ms >= each) ?? (['second', 1000] as const);
  return new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(-Math.floor(ms / size), unit);
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** "2 hr, 5 min": the two largest units. */
function duration(language: string, ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  const parts = {
    days: Math.floor(seconds / 86_400),
    hours: Math.floor(seconds / 3600) % 24,
    minutes: Math.floor(seconds / 60) % 60,
    seconds: seconds % 60,
  };
  const largest = Object.entries(parts).filter(([, value]) => value > 0);
  const shown = Object.fromEntries(largest.length ? largest.slice(0, 2) : [['seconds', 0]]);
  return new Intl.DurationFormat(language, {
    style: 'short',
    secondsDisplay: largest.length ? 'auto' : 'always',
  }).format(shown);
}

const dayParts: Intl.DateTimeFormatOptions = { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' };

/** `url('/participants', { q: 'ana', page: 2 })`; an empty value is left out. */
function address(path: string, params: Record<string, unknown> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params))
    // Nunjucks marks keyword arguments with __keywords.
    if (name !== '__keywords' && value !== undefined && value !== null && value !== '') query.set(name, String(value));
  return query.size ? `${path}?${query}` : path;
}
