import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { EntityManager } from '@mikro-orm/core';
import { pageContext, reachOf, type AuthRequest, type Permission, type SignedInUser } from '../auth/index.js';
import { type Participant } from '../participants/index.js';
import { Problem } from '../platform/http/problem.js';
import { isFragment } from '../platform/http/request.js';
import { Views, type Notice, type PageContext } from '../platform/views.js';
import { read } from '../platform/database/read.js';
import { Session } from '../sessions/index.js';
import { localOf } from '../tenancy/index.js';
import { observationsOf, type Observation } from './disputes.query.js';
import { inkOn } from './ink.js';
import { type Kept } from './kept.js';
import { lateMinutes, latenessRule } from './lateness.js';
import { lastAct } from './last-act.query.js';
import { type Mark } from './mark.js';
import { presenceHistory } from './presence-history.query.js';
import { wasLeft } from './record-presence.js';
import { presenceOf } from './records.query.js';
import { rosterOf } from './register.js';
import { shownText } from './register-form.js';
import { rollCall, tallyOf, type RollCallRow } from './roll-call.query.js';
import { RollCallRows, type RowProblem, type RowSetting } from './roll-call-rows.js';
import { statesOf, type State } from './states.query.js';

/** By which door a mark came, as the history says it. A mark on the page itself needs no word, nor one that a device handed in at once. */
const DOORS: Record<string, string> = {
  bulk: 'many at once',
  api: 'by another program',
  import: 'by an import',
  sync: 'from a device that was offline',
  self: 'by the person',
};

interface Extras {
  /** How many marks were saved, or a sentence. */
  saved?: string | undefined;
  /** Marks that were left alone because somebody else had changed them: to be shown on their rows, or only counted. */
  left?: Kept[];
  leftCount?: number;
  values?: Record<string, string>;
  errors?: Record<string, string>;
}

/** Stands in the template where the rows, which are drawn already, are put. */
const ROWS = '<!-- rows -->';

/** A row that htmx puts in the place of the one with its id, wherever it stands. */
const outOfBand = (row: string): string => row.replace('<li ', '<li hx-swap-oob="true" ');

/** Draws the roll call and its fragments: what the page shows is gathered here, and nowhere decided. */
@Injectable()
export class RollCallPage {
  private readonly rows: RollCallRows;

  constructor(
    private readonly em: EntityManager,
    private readonly views: Views,
  ) {
    this.rows = new RollCallRows(views);
  }

  /** The whole page. */
  async whole(session: Session, me: SignedInUser, request: AuthRequest, extras: Extras = {}): Promise<Buffer> {
    const page = pageContext(request);
    const roster = rosterOf(session, me);
    const rows = await rollCall(this.em, roster);
    const states = await statesOf(this.em);
    const setting = this.setting(session, me, states);
    if (extras.saved !== undefined && /^\d{1,5}$/.test(extras.saved))
      page.notice = this.savedNotice(page, Number(extras.saved), extras.left?.length ?? extras.leftCount ?? 0);
    const html = this.views.render(
      'presence/roll-call.njk',
      {
        session: { ...(await this.sessionView(session)), group: session.group, day: roster.day },
        states: setting.states.map((state) => ({ ...state, ink: inkOn(state.color) })),
        rows_html: ROWS,
        ...this.tally(states, rows),
        nonce: randomUUID(),
        batch_id: randomUUID(),
        op_id: randomUUID(),
        shown: shownText(rows),
        can: this.rights(session, me),
        last_act: this.rights(session, me).record ? await this.lastAct(session, me, states, page) : null,
        values: extras.values,
        errors: extras.errors,
      },
      page,
    );
    // An empty register has no list.
    const [before, after] = html.split(ROWS) as [string, string?];
    if (after === undefined) return Buffer.from(before);
    const drawn = this.rows.draw(rows, setting, page, this.leftAlone(extras.left ?? [], states, page));
    return Buffer.concat([Buffer.from(before), drawn, Buffer.from(after)]);
  }

  private savedNotice(page: PageContext, count: number, left: number): Notice {
    const saved = count === 1 ? this.text(page, 'One mark saved.') : this.text(page, '{count} marks saved.', { count });
    if (left === 0) return { kind: 'done', text: saved };
    const told = '{count} left alone: somebody else changed them meanwhile. Look at them and decide.';
    return { kind: 'problem', text: `${saved} ${this.text(page, told, { count: left })}` };
  }

  private leftAlone(left: Kept[], states: State[], page: PageContext): Map<number, RowProblem> {
    return new Map(
      left.map(({ mark }) => {
        const state = this.labelOf(mark.state, states, page);
        const message = this.text(page, 'Somebody else changed this mark meanwhile. You chose: {state}.', { state });
        return [mark.participant, { message, mine: mark.state ?? '', mine_label: state }];
      }),
    );
  }

  private labelOf(code: string | null | undefined, states: State[], page: PageContext): string {
    return states.find((state) => state.code === code)?.label ?? this.text(page, 'not marked');
  }

  /** The answer to a mark: its row, and the tally beside the list. */
  async rowAndTally(session: Session, me: SignedInUser, request: AuthRequest, participant: number): Promise<string> {
    const page = pageContext(request);
    const states = await statesOf(this.em);
    return (
      (await this.row(session, me, states, page, participant)) + (await this.tallyFragment(session, me, states, page))
    );
  }

  /** The answer to a refused mark: the row as it stands, with the reason; null when there is no such row to show. */
  async refusedRow(
    session: Session,
    me: SignedInUser,
    request: AuthRequest,
    mark: Mark,
    problem: Problem,
  ): Promise<string | null> {
    const page = pageContext(request);
    const states = await statesOf(this.em);
    const [row] = await rollCall(this.em, rosterOf(session, me), mark.participant);
    if (!row) return null;
    const refusal = problem.refusals[0]!;
    const told: RowProblem = { message: this.text(page, refusal.message, refusal.params) };
    if (refusal.code === 'stale') {
      told.mine = mark.state ?? '';
      told.mine_label = this.labelOf(mark.state, states, page);
    }
    const setting = this.setting(session, me, states);
    return this.rows.drawProblem(row, setting, page, told) + (await this.tallyFragment(session, me, states, page));
  }

  /** The answer to an act on many: the list, the tally, what can be undone, and what was done in words. */
  async afterBulk(
    session: Session,
    me: SignedInUser,
    request: AuthRequest,
    kept: Kept[],
    what: 'set' | 'undone',
  ): Promise<string> {
    const page = pageContext(request);
    const rows = await rollCall(this.em, rosterOf(session, me));
    const states = await statesOf(this.em);
    const act = await this.lastAct(session, me, states, page);
    const left = kept.filter(wasLeft).length;
    const done = kept.filter(({ judgement }) => judgement.outcome === 'applied').length;
    const sentences = [
      what === 'set'
        ? this.text(page, '{count} marked.', { count: done })
        : done === 1
          ? this.text(page, 'One put back as it was.')
          : this.text(page, '{count} put back as they were.', { count: done }),
    ];
    if (left > 0)
      sentences.push(this.text(page, '{count} left alone: somebody else changed them meanwhile.', { count: left }));
    const notice = {
      kind: left > 0 ? ('problem' as const) : ('done' as const),
      text: sentences.join(' '),
      ...(act && what === 'set' && act.batch_id
        ? { undo: { action: `/sessions/${session.id}/presence/undo`, fields: { batch_id: act.batch_id } } }
        : {}),
    };
    return (
      this.rows.draw(rows, this.setting(session, me, states), page).toString() +
      this.views.render('presence/_tally.njk', { ...this.tally(states, rows), oob: true }, page) +
      this.undoFragment(session, me, act, page) +
      this.partial('#notice', 'innerHTML', this.views.render('shared/_notice.njk', { notice }, page))
    );
  }

  /**
   * Rows as they are now, beside the tally and the head: for a page that heard that something changed.
   * @param people only these; absent: everybody, in order
   */
  async freshRows(session: Session, me: SignedInUser, request: AuthRequest, people?: number[]): Promise<string> {
    const page = pageContext(request);
    const all = await rollCall(this.em, rosterOf(session, me));
    const states = await statesOf(this.em);
    const asked = people && new Set(people);
    const rows = this.rows.draw(
      asked ? all.filter((row) => asked.has(row.id)) : all,
      this.setting(session, me, states),
      page,
    );
    const tally = this.tally(states, all);
    const head = { session: await this.sessionView(session), can: this.rights(session, me), unmarked: tally.unmarked };
    return (
      `<ol>${rows.toString()}</ol>` +
      this.views.render('presence/_tally.njk', tally, page) +
      this.views.render('presence/_head.njk', head, page)
    );
  }

  /** The head of the page after the register was completed. */
  async head(sessionId: number, me: SignedInUser, request: AuthRequest): Promise<string> {
    const session = await this.em.findOneOrFail(Session, { id: sessionId }, { refresh: true });
    const states = await statesOf(this.em);
    const { unmarked } = this.tally(states, await rollCall(this.em, rosterOf(session, me)));
    const data = { session: await this.sessionView(session), can: this.rights(session, me), unmarked };
    return this.views.render('presence/_head.njk', data, pageContext(request));
  }

  enrolForm(session: Session, me: SignedInUser, request: AuthRequest, extras: Extras = {}): string {
    const { group, day } = rosterOf(session, me);
    const data = { session: { id: session.id, group, day }, op_id: randomUUID(), ...extras };
    return this.views.render('presence/_enrol.njk', data, pageContext(request));
  }

  /** The answer to an enrolment: an empty form again, the new row at the end of the list, the tally. */
  async afterEnrolment(
    session: Session,
    me: SignedInUser,
    request: AuthRequest,
    made: { participant: number; isNew: boolean },
  ): Promise<{ html: string; isFirst: boolean }> {
    const page = pageContext(request);
    const states = await statesOf(this.em);
    const { total } = await tallyOf(this.em, rosterOf(session, me));
    const row = await this.row(session, me, states, page, made.participant);
    // Whoever came by a form that was sent twice stands on the page already, or is drawn with the next page.
    const drawn = made.isNew ? this.partial('#register', 'beforeend', row) : outOfBand(row);
    const html = this.enrolForm(session, me, request) + drawn + (await this.tallyFragment(session, me, states, page));
    return { html, isFirst: total === 1 };
  }

  /** One person in one session: mark, note, history. Fragment for the dialog, or a page. 404 when not on the register. */
  async person(
    session: Session,
    participant: Participant,
    me: SignedInUser,
    request: AuthRequest,
    extras: Extras = {},
  ): Promise<string> {
    const page = pageContext(request);
    const states = await statesOf(this.em);
    const [row] = await rollCall(this.em, rosterOf(session, me), participant.id);
    if (!row) throw new Problem(404, { code: 'not_found', message: 'There is nothing here.' });
    const history = (await presenceHistory(this.em, session.id, participant.id))
      .map(({ revision, waited }) => ({ ...revision, waited }))
      .reverse();
    const observations = await observationsOf(this.em, session.id, participant.id);
    const label = (code: string | null) => states.find((state) => state.code === code)?.label ?? code;
    const observed = (of: Observation[]) => of.map((each) => ({ ...each, label: label(each.state) }));
    const data = {
      session: await this.sessionView(session),
      states: states.filter((state) => state.is_active),
      can: this.rights(session, me),
      op_id: randomUUID(),
      person: {
        id: participant.id,
        name: participant.name,
        identifier: participant.identifier,
        state: row.state,
        state_label: row.state_label,
        note: row.has_note ? await this.noteOf(session, participant) : null,
        ...(await this.arrivalOf(session, participant, me)),
        revision: row.revision,
      },
      dispute: row.dispute && {
        conflict: row.dispute.conflict,
        by: history[0]?.by?.name ?? null,
        others: row.dispute.others.map((each) => ({ ...each, label: label(each.state) })),
      },
      history: history.map((each) => ({
        at: new Date(each.received_at),
        by: each.by?.name,
        label: label(each.presence_state),
        note: each.note,
        reason: each.reason,
        source: each.source === 'sync' && !each.waited ? undefined : DOORS[each.source],
        revision: each.revision,
        observed: observed(observations.filter(({ revision }) => revision === each.revision)),
      })),
      // Nobody is marked yet, and a device says otherwise.
      observed_first: observed(observations.filter(({ revision }) => revision === 0)),
      ...extras,
      saved: extras.saved && this.text(page, extras.saved),
    };
    if (!isFragment(request)) return this.views.render('presence/person.njk', data, page);
    const fragment = this.views.render('presence/_person.njk', data, page);
    if (request.method === 'GET') return fragment;
    // The register behind the dialog shows the new revision.
    const drawn = await this.row(session, me, states, page, participant.id);
    return fragment + outOfBand(drawn) + (await this.tallyFragment(session, me, states, page));
  }

  /** When somebody came, as the form shows it, and how late that is. */
  private async arrivalOf(session: Session, participant: Participant, me: SignedInUser) {
    const record = await presenceOf(this.em, session.id, participant.id);
    const arrived = record?.arrived_at
      ? localOf(new Date(record.arrived_at), me.organization.timeZone).slice(11)
      : null;
    const times = { start: session.scheduledStartAt, end: session.scheduledEndAt };
    return {
      arrived,
      late_minutes: record && lateMinutes(record, times, await latenessRule(this.em, me.organization)),
    };
  }

  private async noteOf(session: Session, participant: Participant): Promise<string | null> {
    const [row] = await read<{ note: string | null }>(
      this.em,
      `select note from presence_records
        where organization_id = :organization and session_id = :session and participant_id = :participant`,
      { session: session.id, participant: participant.id },
    );
    return row?.note ?? null;
  }

  private async row(session: Session, me: SignedInUser, states: State[], page: PageContext, participant: number) {
    const rows = await rollCall(this.em, rosterOf(session, me), participant);
    return this.rows.draw(rows, this.setting(session, me, states), page).toString();
  }

  private async tallyFragment(session: Session, me: SignedInUser, states: State[], page: PageContext): Promise<string> {
    const { byCode, total, disputed } = await tallyOf(this.em, rosterOf(session, me));
    const counts = this.counts(states, byCode);
    const marked = [...byCode.values()].reduce((sum, each) => sum + each, 0);
    const data = { counts, total, unmarked: total - marked, disputed, oob: true };
    return this.views.render('presence/_tally.njk', data, page);
  }

  private undoFragment(session: Session, me: SignedInUser, act: unknown, page: PageContext): string {
    const data = { session: { id: session.id }, last_act: act, can: this.rights(session, me), oob: true };
    return this.views.render('presence/_undo.njk', data, page);
  }

  private partial(target: string, swap: string, html: string): string {
    return `<hx-partial hx-target="${target}" hx-swap="${swap}">${html}</hx-partial>`;
  }

  private async lastAct(session: Session, me: SignedInUser, states: State[], page: PageContext) {
    const act = await lastAct(this.em, session.id, me.id);
    if (!act) return null;
    const state = this.labelOf(act.state, states, page);
    const text = act.batch_id
      ? this.text(page, '{count} people: {state}', { count: act.people, state })
      : this.text(page, '{name}: {state}', { name: `${act.first_name} ${act.last_name}`.trim(), state });
    return { batch_id: act.batch_id, op_id: act.op_id, text };
  }

  private setting(session: Session, me: SignedInUser, states: State[]): RowSetting {
    return {
      session: session.id,
      states: states.filter((state) => state.is_active),
      editable: this.rights(session, me).record && !session.lockedAt && session.status !== 'cancelled',
    };
  }

  private rights(session: Session, me: SignedInUser) {
    const may = (permission: Permission) => reachOf(me.role, permission, me.organization.settings) !== null;
    const live = session.status !== 'cancelled';
    return {
      record: may('presence.record') && live,
      enrol: may('participant.enrol') && live && !session.lockedAt,
      complete: may('register.complete') && live,
      correct: may('presence.correct') && live,
    };
  }

  private tally(states: State[], rows: RollCallRow[]) {
    const byCode = new Map<string, number>();
    let unmarked = 0;
    let disputed = 0;
    for (const { state, dispute } of rows) {
      if (dispute) disputed++;
      if (state === null) unmarked++;
      else byCode.set(state, (byCode.get(state) ?? 0) + 1);
    }
    return { counts: this.counts(states, byCode), unmarked, disputed, total: rows.length };
  }

  /** In the order of the states, which gives the colours; retired ones behind them, where somebody still has them. */
  private counts(states: State[], byCode: Map<string, number>) {
    return states
      .filter((state) => state.is_active || byCode.has(state.code))
      .toSorted((a, b) => Number(b.is_active) - Number(a.is_active))
      .map(({ code, label, category }) => ({ code, label, category, count: byCode.get(code) ?? 0 }));
  }

  private async sessionView(session: Session) {
    const [row] = await read<{ group_name: string; first_name: string | null; last_name: string | null }>(
      this.em,
      `select g.name as group_name, u.first_name, u.last_name
         from \`groups\` g left join users u on u.organization_id = g.organization_id and u.id = :completed_by
        where g.organization_id = :organization and g.id = :group`,
      { group: session.group, completed_by: session.registerCompletedBy ?? 0 },
    );
    return {
      id: session.id,
      name: session.name,
      group_name: row?.group_name ?? '',
      location: session.location,
      starts_at: session.scheduledStartAt,
      ends_at: session.scheduledEndAt,
      status: session.status,
      locked: !!session.lockedAt,
      register_completed_at: session.registerCompletedAt,
      register_completed_by: row?.first_name ? `${row.first_name} ${row.last_name ?? ''}`.trim() : null,
    };
  }

  private text(page: PageContext, text: string, params?: Record<string, string | number>): string {
    return this.views.text(page, text, params);
  }
}
