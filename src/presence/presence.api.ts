import { randomUUID } from 'node:crypto';
import { Body, Controller, Get, Post, Put, Query, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, MyReach, type Reach, type SignedInUser } from '../auth/index.js';
import { ownGroupsOf, Participant } from '../participants/index.js';
import { Can, Targets } from '../platform/http/access.js';
import { Answers, AnswersBody, AnswersPage } from '../platform/http/answers.js';
import { RecordOut, RevisionOut, RosterOut } from './presence-answers.js';
import { describedBy } from '../platform/http/openapi.js';
import { pagingFields } from '../platform/http/paging.js';
import { id as idText, parse } from '../platform/http/parse.js';
import { rangeFields, rangeOf } from '../platform/http/range.js';
import { notFound } from '../platform/http/problem.js';
import { Target } from '../platform/http/target.guard.js';
import { Session, sessionJson } from '../sessions/index.js';
import { boundsOf, STATE_CATEGORIES } from '../tenancy/index.js';
import { CorrectPresence } from './correct-presence.js';
import { type Kept } from './kept.js';
import { Correction, ManyMarks, markOf, OneMark } from './mark.js';
import { presenceHistory } from './presence-history.query.js';
import { PresenceRecord } from './presence-record.entity.js';
import { RecordPresence } from './record-presence.js';
import { recordOf, recordsOf } from './records.query.js';
import { rosterOf } from './register.js';
import { rosterEntries } from './roll-call.query.js';
import { statesOf } from './states.query.js';

const filters = z.object({
  ...pagingFields,
  ...rangeFields,
  session_id: idText.optional(),
  participant_id: idText.optional(),
  presence_state: z.string().max(50).optional(),
  category: z.enum(STATE_CATEGORIES, { error: `Choose ${STATE_CATEGORIES.join(', ')}.` }).optional(),
});

/** REST: recording and reading presence. */
@ApiTags('presence')
@Controller('api')
export class PresenceApi {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
  ) {}

  @Can('roster.view')
  @Targets({ id: Session })
  @AnswersBody(RosterOut)
  @Get('sessions/:id/roster')
  async roster(@Target('id') session: Session, @Me() me: SignedInUser) {
    const [entries, states] = [await rosterEntries(this.em, rosterOf(session, me)), await statesOf(this.em)];
    const counts: Record<string, number> = Object.fromEntries(
      states.filter((state) => state.is_active).map((state) => [state.code, 0]),
    );
    counts.unmarked = 0;
    let disputed = 0;
    for (const { presence } of entries) {
      if (presence?.disputed) disputed++;
      const code = presence?.presence_state ?? 'unmarked';
      counts[code] = (counts[code] ?? 0) + 1;
    }
    return { data: entries, meta: { counts, disputed, session: sessionJson(session) } };
  }

  @Can('presence.view', { own: true })
  @AnswersPage(RecordOut)
  @Get('presence')
  async list(
    @Query({ schema: filters }) query: z.output<typeof filters>,
    @Me() me: SignedInUser,
    @MyReach() reach: Reach,
  ) {
    const range = rangeOf(query, (day) => boundsOf(day, me.organization.timeZone));
    // Whoever may see only himself sees only himself, whatever he asks for.
    const participant = reach === 'own' ? (me.participantId ?? 0) : query.participant_id;
    return recordsOf(this.em, { ...query, ...range, participant_id: participant }, query, ownGroupsOf(me));
  }

  @Can('presence.history', { own: true })
  @Targets({ id: Participant })
  @AnswersPage(RecordOut)
  @Get('participants/:id/presence')
  async ofParticipant(
    @Target('id') participant: Participant,
    @Query({ schema: filters }) query: z.output<typeof filters>,
    @Me() me: SignedInUser,
    @MyReach() reach: Reach,
  ) {
    // The marks of a record that was merged stand with the one that it was merged into.
    const id = participant.mergedInto ?? participant.id;
    if (reach === 'own' && id !== me.participantId) throw notFound();
    const range = rangeOf(query, (day) => boundsOf(day, me.organization.timeZone));
    return recordsOf(this.em, { ...query, ...range, participant_id: id }, query, ownGroupsOf(me));
  }

  @Can('presence.record')
  @ApiBody(describedBy(z.union([OneMark, ManyMarks])))
  @Answers(RecordOut, 201)
  @Answers(z.union([RecordOut, z.object({ records: z.array(RecordOut) })]), 200)
  @Post('presence')
  async record(@Body() body: unknown, @Me() me: SignedInUser, @Res({ passthrough: true }) response: Response) {
    const many = !!body && typeof body === 'object' && 'records' in body;
    if (many) {
      const input = parse(ManyMarks, body);
      const marks = input.records.map((each) => markOf(each, randomUUID()));
      const kept = await this.bus.execute<RecordPresence, Kept[]>(
        new RecordPresence(input.session_id, marks, me, { many: true }),
      );
      response.status(200);
      return { data: { records: kept.map((each) => each.record) } };
    }
    const { session_id, ...input } = parse(OneMark, body ?? {});
    const [kept] = await this.bus.execute<RecordPresence, Kept[]>(
      new RecordPresence(session_id, [markOf(input, randomUUID())], me),
    );
    response.status(kept!.created ? 201 : 200);
    return { data: kept!.record };
  }

  @Can('presence.view', { own: true })
  @Targets({ id: PresenceRecord })
  @Answers(RecordOut)
  @Get('presence/:id')
  async one(@Target('id') record: PresenceRecord, @Me() me: SignedInUser, @MyReach() reach: Reach) {
    if (reach === 'own' && record.participant !== me.participantId) throw notFound();
    return { data: await recordOf(this.em, record.id) };
  }

  @Can('presence.record')
  @Targets({ id: PresenceRecord })
  @Answers(RecordOut)
  @Put('presence/:id')
  async correct(
    @Target('id') record: PresenceRecord,
    @Body({ schema: Correction }) input: z.output<typeof Correction>,
    @Me() me: SignedInUser,
  ) {
    const kept = await this.bus.execute<CorrectPresence, Kept>(new CorrectPresence(record.id, input, me));
    return { data: kept.record };
  }

  @Can('presence.history', { own: true })
  @Targets({ id: PresenceRecord })
  @Answers(z.array(RevisionOut))
  @Get('presence/:id/history')
  async history(@Target('id') record: PresenceRecord, @Me() me: SignedInUser, @MyReach() reach: Reach) {
    if (reach === 'own' && record.participant !== me.participantId) throw notFound();
    const history = await presenceHistory(this.em, record.session, record.participant);
    return { data: history.map(({ revision }) => revision) };
  }
}
