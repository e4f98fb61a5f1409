import { Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, type AuthRequest, type SignedInUser } from '../auth/index.js';
import { Participant } from '../participants/index.js';
import { current } from '../platform/current.js';
import { Can, Targets } from '../platform/http/access.js';
import { id as idText, optionalText, parse, refusalsOf, uuid } from '../platform/http/parse.js';
import { notFound, Problem } from '../platform/http/problem.js';
import { Reply } from '../platform/http/reply.js';
import { isFragment } from '../platform/http/request.js';
import { Target } from '../platform/http/target.guard.js';
import { CompleteRegister, Session } from '../sessions/index.js';
import { addDays, boundsOf, instantOf, localOf } from '../tenancy/index.js';
import { EnrolOnTheSpot, NewOnTheSpot, type Enrolled } from './enrol-on-the-spot.js';
import { type Kept } from './kept.js';
import { RecordPresence, wasLeft } from './record-presence.js';
import { RecordPresenceInBulk, type Scope } from './record-presence-in-bulk.js';
import { marksOfForm } from './register-form.js';
import { presenceOf } from './records.query.js';
import { RollCallPage } from './roll-call-page.js';
import { UndoPresence } from './undo-presence.js';

const MarkForm = z.object({
  op_id: uuid,
  participant_id: idText,
  presence_state: z.string().trim().max(50),
  revision: z
    .string()
    .regex(/^\d{1,9}$/, 'The page is not complete. Please reload it.')
    .transform(Number),
});

/** `id:revision,id:revision`: the people of a selection with what the page shows of them. */
const revisions = z
  .string()
  .max(200_000)
  .regex(/^(\d{1,15}:\d{1,9}(,\d{1,15}:\d{1,9})*)?$/, 'The page is not complete. Please reload it.')
  .transform((value) =>
    value === ''
      ? []
      : value.split(',').map((pair) => ({ participant: Number(pair.split(':')[0]), base: Number(pair.split(':')[1]) })),
  );

const BulkForm = z.object({
  batch_id: uuid,
  presence_state: z.string().trim().max(50),
  scope: z.enum(['unmarked', 'selected']),
  revisions: revisions.optional(),
});

const UndoForm = z.object({ batch_id: uuid.optional(), op_id: uuid.optional() });

/** A wall-clock time of the session's day; empty: not known. */
const clockTime = z.preprocess(
  (value) => (value === '' ? null : value),
  z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'A time of day is written like 09:05.')
    .nullable(),
);
const NoteForm = z.object({
  op_id: uuid,
  note: optionalText(2000),
  arrived: clockTime.optional(),
  revision: MarkForm.shape.revision,
});
const CorrectionForm = MarkForm.omit({ participant_id: true }).extend({ reason: optionalText(2000) });

/**
 * The roll call: marking people on a page. Every act works as a plain form (answer 303) and as a fragment for htmx
 * (answer: the row, the tally, what can be undone). A refusal of a mark answers the row with its reason.
 */
@Controller('sessions/:id')
export class PresencePages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly page: RollCallPage,
    private readonly reply: Reply,
  ) {}

  @Can('roster.view')
  @Targets({ id: Session })
  @Get()
  async rollCall(
    @Target('id') session: Session,
    @Me() me: SignedInUser,
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Query('saved') saved?: string,
    @Query('left') left?: string,
  ) {
    response.type('html').send(await this.page.whole(session, me, request, { saved, leftCount: Number(left) || 0 }));
  }

  @Can('presence.record')
  @Targets({ id: Session })
  @Post('presence')
  @HttpCode(200)
  async mark(
    @Target('id') session: Session,
    @Me() me: SignedInUser,
    @Req() request: AuthRequest,
    @Res() response: Response,
  ) {
    const form = parse(MarkForm, request.body);
    const state = form.presence_state === '' ? null : form.presence_state;
    const mark = { opId: form.op_id, participant: form.participant_id, state, base: form.revision };
    current().source = isFragment(request) ? 'page' : 'form';
    try {
      await this.bus.execute(new RecordPresence(session.id, [mark], me));
    } catch (error) {
      if (!(error instanceof Problem) || !isFragment(request)) throw error;
      const row = await this.page.refusedRow(session, me, request, mark, error);
      if (row === null) throw error;
      response.status(error.status).type('html').send(row);
      return;
    }
    if (!isFragment(request)) return response.redirect(303, `/sessions/${session.id}#p${mark.participant}`);
    response.type('html').send(await this.page.rowAndTally(session, me, request, mark.participant));
  }

  /** The whole register as a plain form, for browsers without script. */
  @Can('presence.record')
  @Targets({ id: Session })
  @Post('register')
  @HttpCode(200)
  async register(
    @Target('id') session: Session,
    @Me() me: SignedInUser,
    @Req() request: AuthRequest,
    @Res() response: Response,
  ) {
    const marks = marksOfForm((request.body ?? {}) as Record<string, unknown>);
    current().source = 'form';
    const kept = await this.bus.execute<RecordPresence, Kept[]>(
      new RecordPresence(session.id, marks, me, { many: true, leaveStale: true }),
    );
    const left = kept.filter(wasLeft);
    if (left.length === 0) return response.redirect(303, `/sessions/${session.id}?saved=${kept.length}`);
    // The others are kept; these rows show the other person's mark, and what was chosen here.
    response.status(409).type('html');
    response.send(await this.page.whole(session, me, request, { saved: String(kept.length - left.length), left }));
  }

  @Can('presence.record')
  @Targets({ id: Session })
  @Post('presence/bulk')
  @HttpCode(200)
  async bulk(
    @Target('id') session: Session,
    @Me() me: SignedInUser,
    @Req() request: AuthRequest,
    @Res() response: Response,
  ) {
    const form = parse(BulkForm, request.body);
    current().source = 'bulk';
    const scope: Scope = form.scope === 'unmarked' ? 'unmarked' : (form.revisions ?? []);
    const state = form.presence_state === '' ? null : form.presence_state;
    const kept = await this.bus.execute<RecordPresenceInBulk, Kept[]>(
      new RecordPresenceInBulk(session.id, scope, state, form.batch_id, me),
    );
    if (!isFragment(request)) return response.redirect(303, doneAt(session, kept));
    response.type('html').send(await this.page.afterBulk(session, me, request, kept, 'set'));
  }

  @Can('presence.record')
  @Targets({ id: Session })
  @Post('presence/undo')
  @HttpCode(200)
  async undo(
    @Target('id') session: Session,
    @Me() me: SignedInUser,
    @Req() request: AuthRequest,
    @Res() response: Response,
  ) {
    const form = parse(UndoForm, request.body);
    current().source = isFragment(request) ? 'page' : 'form';
    const act = form.batch_id ?? form.op_id;
    if (!act) throw notFound();
    const kept = await this.bus.execute<UndoPresence, Kept[]>(new UndoPresence(session.id, act, me));
    if (!isFragment(request)) return response.redirect(303, doneAt(session, kept));
    response.type('html').send(await this.page.afterBulk(session, me, request, kept, 'undone'));
  }

  @Can('register.complete')
  @Targets({ id: Session })
  @Post('complete-register')
  @HttpCode(200)
  async complete(
    @Target('id') session: Session,
    @Me() me: SignedInUser,
    @Req() request: AuthRequest,
    @Res() response: Response,
  ) {
    await this.bus.execute(new CompleteRegister(session.id, {}));
    if (!isFragment(request)) return response.redirect(303, `/sessions/${session.id}`);
    response.type('html').send(await this.page.head(session.id, me, request));
  }

  @Can('participant.enrol')
  @Targets({ id: Session })
  @Post('people')
  @HttpCode(200)
  async enrol(
    @Target('id') session: Session,
    @Me() me: SignedInUser,
    @Req() request: AuthRequest,
    @Res() response: Response,
  ) {
    const parsed = NewOnTheSpot.safeParse(request.body ?? {});
    try {
      if (!parsed.success) throw new Problem(422, refusalsOf(parsed.error.issues));
      const made = await this.bus.execute<EnrolOnTheSpot, Enrolled>(new EnrolOnTheSpot(session.id, parsed.data, me));
      if (!isFragment(request)) return response.redirect(303, `/sessions/${session.id}#p${made.participant}`);
      const { html, isFirst } = await this.page.afterEnrolment(session, me, request, made);
      // A register that was empty has no list yet into which the row could be put.
      if (isFirst) response.setHeader('HX-Refresh', 'true');
      response.type('html').send(html);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 422) throw error;
      const refused = {
        values: request.body as Record<string, string>,
        errors: this.reply.errors(error.refusals, request),
      };
      response.status(422).type('html');
      if (isFragment(request)) response.send(this.page.enrolForm(session, me, request, refused));
      else response.send(await this.page.whole(session, me, request, refused));
    }
  }

  @Can('presence.history')
  @Targets({ id: Session, participant: Participant })
  @Get('people/:participant')
  async person(
    @Target('id') session: Session,
    @Target('participant') participant: Participant,
    @Me() me: SignedInUser,
    @Req() request: AuthRequest,
    @Res() response: Response,
  ) {
    response.type('html').send(await this.page.person(session, participant, me, request));
  }

  @Can('presence.record')
  @Targets({ id: Session, participant: Participant })
  @Post('people/:participant')
  @HttpCode(200)
  async note(
    @Target('id') session: Session,
    @Target('participant') participant: Participant,
    @Me() me: SignedInUser,
    @Req() request: AuthRequest,
    @Res() response: Response,
  ) {
    await this.onPerson(session, participant, me, request, response, 'note', async () => {
      const { op_id: opId, revision: base, note, arrived } = parse(NoteForm, request.body);
      const arrivedAt = await this.arrivalOf(session, participant, arrived, me);
      const mark = { opId, participant: participant.id, state: undefined, base, note, ...arrivedAt };
      await this.bus.execute(new RecordPresence(session.id, [mark], me));
    });
  }

  @Can('presence.correct')
  @Targets({ id: Session, participant: Participant })
  @Post('people/:participant/correct')
  @HttpCode(200)
  async correct(
    @Target('id') session: Session,
    @Target('participant') participant: Participant,
    @Me() me: SignedInUser,
    @Req() request: AuthRequest,
    @Res() response: Response,
  ) {
    await this.onPerson(session, participant, me, request, response, 'correction', async () => {
      const form = parse(CorrectionForm, request.body);
      const state = form.presence_state === '' ? null : form.presence_state;
      const mark = { opId: form.op_id, participant: participant.id, state, base: form.revision, reason: form.reason };
      const fact = 'presence.corrected';
      await this.bus.execute(new RecordPresence(session.id, [mark], me, { fact }));
    });
  }

  /**
   * The time of arrival as the form says it, on the session's day or, after midnight, on the next.
   * @returns nothing while it says what is known already: the seconds that a form does not show stay
   */
  private async arrivalOf(
    session: Session,
    participant: Participant,
    arrived: string | null | undefined,
    me: SignedInUser,
  ): Promise<{ arrivedAt?: Date | null }> {
    if (arrived === undefined) return {};
    const { timeZone } = me.organization;
    const known = (await presenceOf(this.em, session.id, participant.id))?.arrived_at ?? null;
    const shown = known === null ? null : localOf(new Date(known), timeZone).slice(11);
    if (shown === arrived) return {};
    if (arrived === null) return { arrivedAt: null };
    const start = localOf(session.scheduledStartAt, timeZone);
    const day = start.slice(0, 10);
    const isNextDay =
      arrived < start.slice(11) && session.scheduledEndAt >= boundsOf(day, timeZone).to && arrived < '12';
    return { arrivedAt: instantOf(`${isNextDay ? addDays(day, 1) : day}T${arrived}`, timeZone) };
  }

  /** An act in the dialog of one person: answers the dialog, refused or done; what was typed stays in a refused one. */
  private async onPerson(
    session: Session,
    participant: Participant,
    me: SignedInUser,
    request: AuthRequest,
    response: Response,
    what: 'note' | 'correction',
    act: () => Promise<unknown>,
  ): Promise<void> {
    current().source = isFragment(request) ? 'page' : 'form';
    try {
      await act();
    } catch (error) {
      if (!(error instanceof Problem) || ![409, 422].includes(error.status)) throw error;
      const refused = {
        values: request.body as Record<string, string>,
        errors: this.reply.errors(error.refusals, request),
      };
      response
        .status(error.status)
        .type('html')
        .send(await this.page.person(session, participant, me, request, refused));
      return;
    }
    if (!isFragment(request)) return response.redirect(303, `/sessions/${session.id}/people/${participant.id}`);
    const saved = what === 'note' ? 'The note is saved.' : 'The correction is saved.';
    response.type('html').send(await this.page.person(session, participant, me, request, { saved }));
  }
}

/** The register after an act without script, with what it did: so many marks, and so many left alone. */
function doneAt(session: Session, kept: Kept[]): string {
  const left = kept.filter(wasLeft).length;
  return `/sessions/${session.id}?saved=${kept.length - left}${left > 0 ? `&left=${left}` : ''}`;
}
