import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, MyReach, type AuthRequest, type Reach, type SignedInUser } from '../auth/index.js';
import { findParticipants, groupOptions, groupsOfParticipants, ownGroupsOf } from '../participants/index.js';
import { clock } from '../platform/clock.js';
import { Can, Targets } from '../platform/http/access.js';
import { attempt } from '../platform/http/form.js';
import { notFound, permissionDenied, type Refusal } from '../platform/http/problem.js';
import { Reply } from '../platform/http/reply.js';
import { dayOf, settingsOf } from '../tenancy/index.js';
import { parse } from '../platform/http/parse.js';
import { type Asked, askedOf, PERIODS, reportFields, ReportQuery, type StateHere, statesHere } from './asked.js';
import { type Format, FORMATS } from './exports/formats.js';
import { categoryWords } from './category-words.js';
import { drawPictures } from './draw-chart.js';
import { type Figures, marksOf, rateOf } from './figures.js';
import { groupTypes, peopleById } from './people.query.js';
import { type MatrixSession } from './kinds/matrix.js';
import { matrixHeads, matrixRows, signOf } from './matrix-view.js';
import { pageColumns } from './page-columns.js';
import { REPORTS, reportOf } from './kinds/index.js';
import { type Words } from './report-table.js';
import { keepingFilters, linked } from './report-links.js';
import { type Answer, refuseFilters, type Report } from './report.js';
import { rangesOn } from './ranges.js';
import { refuseUncounted } from './tallies/place-anew.js';

const PER_PAGE = 100;
/** A class is read as a whole. */
const PER_PAGE_OF_MATRIX = 500;
const Page = z.coerce.number().int().min(1).max(100_000).catch(1);

/** Pages: every report, with its filters, its picture and its table. */
@Controller('reports')
export class ReportsPages {
  constructor(
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @Can('report.view')
  @Get()
  index(@Req() request: AuthRequest) {
    return this.reply.render(
      'reports/index.njk',
      { reports: REPORTS.map(({ code, title, about }) => ({ code, title, about })) },
      request,
    );
  }

  /** Of the reports only the statement is open to whoever sees only himself. */
  @Can('report.view', { own: true })
  @Targets({ code: null })
  @Get(':code')
  async report(
    @Param('code') code: string,
    @Me() me: SignedInUser,
    @MyReach() reach: Reach,
    @Req() request: AuthRequest,
    @Res() response: Response,
  ) {
    const report = reportOf(code);
    if (!report) throw notFound();
    if (reach === 'own' && report.code !== 'statement') throw permissionDenied();
    await refuseUncounted(this.em);
    const today = dayOf(clock.now(), me.organization.timeZone);
    const typed = typedOf(report, request, today);
    const page = Page.parse(request.query.page);
    const take = report.code === 'matrix' ? PER_PAGE_OF_MATRIX : PER_PAGE;
    const done = await attempt(async () => {
      const query = parse(ReportQuery, typed);
      refuseFilters(report, query);
      const asked = await askedOf(this.em, query, me, reach);
      return { asked, answer: await report.answer(this.em, asked, { skip: (page - 1) * take, take }) };
    });
    const open = reach === 'own' ? report.fields.filter((name) => !name.startsWith('group_')) : report.fields;
    const choices = await this.choices({ ...report, fields: open }, done.value?.asked ?? null, me);
    const fields = open.filter((name) => hasField(name, report, choices, reach));
    const found = done.refusals && reach !== 'own' ? await this.found(report, request, typed, me) : null;
    const say = this.reply.say(request);
    const html = this.reply.render(
      'reports/report.njk',
      {
        report: { code: report.code, title: report.title, about: report.about, fields },
        values: typed,
        ranges: rangesFor(typed, today, me),
        downloads: Object.fromEntries(FORMATS.map((format) => [format, { ...typed, format, ...ofPeople[format] }])),
        is_own: reach === 'own',
        ...choices,
        ...found,
        ...(done.refusals
          ? // A report that was opened without saying about whom is no mistake: no field is marked.
            { refusals: done.refusals, ...(onlyMissing(done.refusals) && { errors: {} }) }
          : shown(
              done.value.asked,
              linkedAnswer(done.value.answer, report.code, typed),
              { page, per_page: take, isChosen: 'from' in request.query },
              say,
              this.reply.localeOf(request),
            )),
        ...(report.code === 'matrix' && done.value
          ? matrixOf(done.value.answer, choices.states, this.reply.localeOf(request))
          : {}),
        missing: done.refusals ? onlyMissing(done.refusals) : false,
        // What its field says itself is told there alone.
        untold: done.refusals?.filter(({ field }) => !fields.some((name) => name === field)) ?? [],
      },
      request,
    );
    // A report that was opened without saying about whom is no mistake.
    response
      .status(done.refusals && !onlyMissing(done.refusals) ? done.status : 200)
      .type('html')
      .send(html);
  }

  /** Whom a report about one person could be about: those who fit what was typed, each with the address of his report. */
  private async found(report: Report, request: AuthRequest, typed: Record<string, string>, me: SignedInUser) {
    const { who: text } = request.query;
    const who = typeof text === 'string' ? text.trim().slice(0, 200) : '';
    if (report.code !== 'statement' || typed.participant_id || !who) return null;
    const paging = { page: 1, per_page: FOUND };
    const scope = { own: ownGroupsOf(me), today: dayOf(clock.now(), me.organization.timeZone) };
    const { data, meta } = await findParticipants(this.em, { q: who }, paging, scope, 'name');
    const groups = await groupsOfParticipants(
      this.em,
      data.map(({ id }) => id),
      scope,
    );
    const people = data.map((person) => ({
      ...person,
      groups: groups.get(person.id) ?? [],
      query: { ...typed, participant_id: person.id },
    }));
    return { who, people, more_people: meta.total > data.length };
  }

  /** What the form offers to choose from. @param asked null: it was refused, so nobody is named who may not be */
  private async choices(report: Report, asked: Asked | null, me: SignedInUser) {
    const has = (field: string) => report.fields.includes(field as never);
    const person = asked?.query.participant_id === undefined ? null : asked.participant;
    const states = asked?.everyState ?? (await statesHere(this.em));
    return {
      group_options: has('group_id') ? await groupOptions(this.em, ownGroupsOf(me), asked?.query.group_id) : [],
      type_options: has('group_type') ? await groupTypes(this.em, ownGroupsOf(me)) : [],
      state_options: has('presence_state')
        ? // States of several domains may have one code.
          [
            ...new Map(
              states
                .filter(({ category }) => report.states?.includes(category) ?? true)
                .map(({ code, label }) => [code, label]),
            ),
          ]
        : [],
      states: Object.fromEntries(states.map((state) => [state.code, state])),
      periods:
        report.code === 'attendance' || report.code === 'summary' ? PERIODS.filter((each) => each !== 'session') : [],
      has_terms: settingsOf(me.organization).reporting_periods.length > 0,
      person: person ? ((await peopleById(this.em, [person])).get(person) ?? null) : null,
    };
  }
}

/** What a person who downloads a file needs beside what programs get: without it Excel shows wrong letters. */
const ofPeople: Partial<Record<Format, object>> = { csv: { bom: '1' } };

/** The days that are asked about most, each with the address of this report of them. */
const rangesFor = (typed: Record<string, string>, today: string, me: SignedInUser) =>
  rangesOn(today, settingsOf(me.organization).reporting_periods).map(({ words, from, to }) => ({
    words,
    query: { ...typed, from, to },
    is_chosen: typed.from === from && typed.to === to,
  }));

/** People to choose from at a time. */
const FOUND = 20;

/** What the address asks for; a report that was opened without any question asks what is asked most. */
function typedOf(report: Report, request: AuthRequest, today: string): Record<string, string> {
  const known = Object.keys(reportFields);
  const typed = Object.fromEntries(
    Object.entries(request.query).filter(
      (entry): entry is [string, string] => known.includes(entry[0] as never) && typeof entry[1] === 'string',
    ),
  );
  const dated = 'from' in typed || 'to' in typed;
  return dated ? typed : { ...report.defaults(today), ...typed };
}

const onlyMissing = (refusals: Refusal[]): boolean => refusals.every(({ code }) => code === 'required');

function shown(
  asked: Asked,
  answer: Answer,
  { isChosen, ...paging }: { page: number; per_page: number; isChosen: boolean },
  say: (words: Words) => string,
  locale: string,
) {
  const words = categoryWords(asked.everyState);
  const columns = pageColumns(answer);
  const drawn = answer.chart ? drawPictures(answer.chart, words, say, locale) : null;
  return {
    columns,
    folding: columns.filter(({ look }) => look === 'folds'),
    rows: answer.rows,
    // Where a row leads: to its session or its person.
    links: linksOf(answer),
    totals: answer.totals ?? null,
    notes: [...(drawn?.note ? [drawn.note] : []), ...answer.notes],
    why: answer.why ?? null,
    pictures: drawn?.pictures ?? [],
    chart_title: answer.chart?.title ?? null,
    // Of the days that were chosen; where none were, of those since he came. Of days ahead nothing can be certified.
    certified: {
      from: (isChosen ? null : answer.meta?.first_day) ?? asked.firstDay,
      to: earlier(asked.lastDay, asked.today),
    },
    figures: figuresShown(asked, answer, words),
    meta: { ...paging, total: answer.total },
    is_exact: answer.isExact,
  };
}

const earlier = (day: string | null, other: string) => (day !== null && day < other ? day : other);

/** Parts of the picture and rows lead on with the filters of the page. */
const linkedAnswer = (answer: Answer, code: string, typed: Record<string, string>): Answer => ({
  ...answer,
  ...(answer.chart && { chart: linked(answer.chart, code, typed) }),
  ...(answer.links && { links: answer.links.map((link) => link && keepingFilters(link, code, typed)) }),
});

function matrixOf(answer: Answer, states: Record<string, StateHere>, locale: string) {
  const { columns, rows, meta } = answer;
  const shown = pageColumns(answer);
  return {
    rates: shown.filter(({ kind }) => kind === 'share'),
    counts: shown.filter(({ kind }) => kind === 'count'),
    heads: matrixHeads((meta?.sessions ?? []) as MatrixSession[], locale),
    matrix: matrixRows(columns, rows, states),
    signs: Object.values(states).map((state) => ({ ...state, sign: signOf(state) })),
  };
}

/** Whether the form of a report has a field for a filter: a choice of one thing is none, and a person is chosen elsewhere. */
function hasField(
  name: keyof ReportQuery,
  { code }: Report,
  { type_options, periods, person }: { type_options: string[]; periods: string[]; person: object | null },
  reach: Reach,
): boolean {
  if (name === 'group_type') return type_options.length > 1;
  if (name === 'period') return periods.length > 0;
  return name !== 'participant_id' || (reach !== 'own' && (person !== null || code === 'statement'));
}

/** The figures of the whole, told at a glance: the rate, and what there is of each. */
function figuresShown({ states }: Asked, { meta }: Answer, words: ReturnType<typeof categoryWords>) {
  const figures = meta?.figures as Figures | undefined;
  if (!figures || marksOf(figures) === 0) return null;
  const heads: [keyof Figures, Words][] = [
    ['present', words.present],
    ['late', words.late],
    ['absent', words.absent],
    ['excused', words.excused],
    ['neutral', words.neutral],
    ['disputed', { text: 'Disputed' }],
  ];
  const counts = heads.flatMap(([key, head]) => (figures[key] > 0 ? [{ head, count: figures[key] }] : []));
  return { rate: states === null ? rateOf(figures) : null, counts };
}

function linksOf({ columns, rows, links }: Answer): (string | null)[] {
  if (links) return links;
  const at = (key: string) => columns.findIndex((column) => column.key === key);
  const [session, person, group] = [at('session_id'), at('participant_id'), at('group_id')];
  // What stands first is what a row is about.
  const isOfPerson = person >= 0 && columns[0]?.key === 'participant';
  return rows.map((row) => {
    if (session >= 0 && !isOfPerson) return `/sessions/${String(row[session])}`;
    if (person >= 0) return `/reports/statement?participant_id=${String(row[person])}`;
    return group >= 0 ? `/groups/${String(row[group])}` : null;
  });
}
