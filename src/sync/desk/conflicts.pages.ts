import { Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, type AuthRequest, type SignedInUser } from '../../auth/index.js';
import { Participant } from '../../participants/index.js';
import { Can, Targets } from '../../platform/http/access.js';
import { attempt } from '../../platform/http/form.js';
import { id as idText } from '../../platform/http/parse.js';
import { type Refusal } from '../../platform/http/problem.js';
import { Reply } from '../../platform/http/reply.js';
import { Target } from '../../platform/http/target.guard.js';
import { ResolveConflicts, statesOf, SyncConflict, type Resolved } from '../../presence/index.js';
import { attentionOf } from './attention.js';
import { conflictsById, conflictsOf, neighboursOf, type Conflict } from './conflicts.query.js';
import { decisionOf, decisionsOf, tickedIn, typed } from './desk-form.js';
import { refusedResolution } from './desk.problems.js';
import { newestCandidate, previewOf } from './preview-resolution.query.js';

/** What a page's address may say; what cannot be read counts as absent. */
const ListQuery = z.object({
  page: z.coerce.number().int().min(1).max(100_000).catch(1),
  select: z.enum(['all']).optional().catch(undefined),
  done: z.string().max(20).catch(''),
  count: z.coerce.number().int().min(0).max(1_000_000).catch(0),
  left: z.coerce.number().int().min(0).max(1_000_000).catch(0),
  person: idText.optional().catch(undefined),
});
type ListQuery = z.output<typeof ListQuery>;

const PER_PAGE = 50;
/** So many of what devices say stand in a line of the list; the page of the conflict shows more. */
const IN_LIST = 4;

/** Pages: where people decide which of two contradicting marks counts. */
@Controller('conflicts')
export class ConflictsPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @Can('conflict.resolve')
  @Get()
  async list(@Query() query: unknown, @Req() request: AuthRequest) {
    return this.listPage(request, ListQuery.parse(query));
  }

  @Can('conflict.resolve')
  @Get('settled')
  async settled(@Query() query: unknown, @Req() request: AuthRequest) {
    const { page } = ListQuery.parse(query);
    const { data, meta } = await conflictsOf(this.em, 'resolved', { page, per_page: PER_PAGE }, 'newest');
    return this.render('sync/settled.njk', { conflicts: data, meta }, request);
  }

  /** Shows what one decision would make of the selected conflicts; nothing is changed. */
  @Can('conflict.resolve')
  @Post('preview')
  @HttpCode(200)
  async preview(@Req() request: AuthRequest, @Res() response: Response) {
    const done = await attempt(async () => {
      const decision = decisionsOf(request.body);
      return { decision, previews: await previewOf(this.em, decision.ids, decision) };
    });
    if (done.refusals) return this.refuseList(done, request, response);
    response.type('html').send(await this.render('sync/preview.njk', done.value, request));
  }

  @Can('conflict.resolve')
  @Post('resolve')
  @HttpCode(200)
  async resolveMany(@Req() request: AuthRequest, @Res() response: Response, @Me() me: SignedInUser) {
    const done = await attempt(() =>
      this.bus.execute<ResolveConflicts, Resolved[]>(new ResolveConflicts(decisionsOf(request.body), me)),
    );
    if (done.refusals) return this.refuseList(done, request, response);
    const settled = done.value.filter(({ ok }) => ok).length;
    const left = done.value.length - settled;
    response.redirect(303, `/conflicts?done=many&count=${settled}${left ? `&left=${left}` : ''}`);
  }

  @Can('conflict.resolve')
  @Targets({ id: SyncConflict })
  @Get(':id')
  async one(@Target('id') conflict: SyncConflict, @Query() query: unknown, @Req() request: AuthRequest) {
    return this.onePage(conflict.id, request, { notice: await this.noticeOf(ListQuery.parse(query)) });
  }

  @Can('conflict.resolve')
  @Targets({ id: SyncConflict })
  @Post(':id/resolve')
  @HttpCode(200)
  async resolve(
    @Target('id') conflict: SyncConflict,
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Me() me: SignedInUser,
  ) {
    const done = await attempt(async () => {
      const { revision, ...decision } = decisionOf(request.body);
      const revisions = { [conflict.id]: revision };
      const [result] = await this.bus.execute<ResolveConflicts, Resolved[]>(
        new ResolveConflicts({ ...decision, ids: [conflict.id], revisions }, me),
      );
      if (!result!.ok) throw refusedResolution(result!.code, null);
    });
    if (!done.refusals) {
      const { next, first } = await neighboursOf(this.em, conflict.id);
      const to = next ?? first;
      return response.redirect(303, `/conflicts${to ? `/${to}` : ''}?done=settled&person=${conflict.participant}`);
    }
    const refused = { values: typed(request.body), refusals: done.refusals, is_stale: done.status === 409 };
    response
      .status(done.status)
      .type('html')
      .send(await this.onePage(conflict.id, request, refused));
  }

  private async listPage(request: AuthRequest, query: ListQuery, refused: Record<string, unknown> = {}) {
    const { data, meta } = await conflictsOf(
      this.em,
      'open',
      { page: query.page, per_page: PER_PAGE },
      'oldest',
      IN_LIST,
    );
    const notice = await this.noticeOf(query);
    const shown = { conflicts: data, meta, notice, all_ticked: query.select === 'all', ...refused };
    return this.render('sync/conflicts.njk', shown, request);
  }

  private async refuseList(
    done: { refusals: Refusal[]; status: number },
    request: AuthRequest,
    response: Response,
  ): Promise<void> {
    const refused = {
      values: typed(request.body),
      ticked: [...tickedIn(request.body, 'ids')].map(Number),
      // Only these two have a field of their own that a link can lead to.
      refusals: done.refusals.map(({ field, ...told }) =>
        field === 'reason' || field === 'presence_state' ? { ...told, field } : told,
      ),
    };
    response
      .status(done.status)
      .type('html')
      .send(await this.listPage(request, ListQuery.parse({}), refused));
  }

  private async onePage(id: number, request: AuthRequest, more: Record<string, unknown>): Promise<string> {
    const [conflict] = await conflictsById(this.em, [id]);
    const seen = more.is_stale ? tickedIn(request.body, 'seen') : null;
    const [incumbent, ...said] = conflict!.versions;
    const isOpen = conflict!.status === 'open';
    // What somebody said and replaced himself does not stand between what is to be decided.
    const counted = said.filter(({ status }) => (isOpen ? status === 'open' : status !== 'superseded'));
    const data = {
      conflict,
      versions: [incumbent!, ...counted],
      earlier: said.filter((version) => !counted.includes(version)),
      candidates: said.filter(({ status }) => status === 'open'),
      // What stands first, then the newest.
      choices_between: [incumbent!, ...counted.toReversed()],
      newest: newestCandidate(conflict!),
      around: await neighboursOf(this.em, id),
      changes: seen && changesSince(conflict!, seen),
      apart: apart(conflict!),
      ...more,
    };
    return this.render('sync/conflict.njk', data, request);
  }

  private async render(view: string, data: Record<string, unknown>, request: AuthRequest): Promise<string> {
    const states = await statesOf(this.em);
    const waiting = request.counts ?? (await attentionOf(this.em));
    return this.reply.render(
      view,
      {
        ...data,
        waiting,
        states: Object.fromEntries(states.map((state) => [state.code, state])),
        choices: states.filter((state) => state.is_active),
      },
      request,
    );
  }

  private async noticeOf(query: ListQuery) {
    if (query.done === 'settled' && query.person) {
      const person = await this.em.findOne(Participant, { id: query.person });
      return person && { kind: 'done' as const, text: '{name} is settled.', params: { name: person.name } };
    }
    if (query.done !== 'many') return null;
    const params = { count: query.count, left: query.left };
    return query.left > 0
      ? { kind: 'problem' as const, text: '{count} settled, {left} left alone: they changed meanwhile.', params }
      : { kind: 'done' as const, text: '{count} settled.', params };
  }
}

/**
 * How long after the mark in force the newest version was observed, in milliseconds; negative when before it. Null when a
 * clock cannot be trusted: then nobody knows.
 */
function apart(conflict: Conflict): number | null {
  const newest = newestCandidate(conflict);
  const incumbent = conflict.versions[0]!;
  if (!newest?.correctedAt || !incumbent.correctedAt) return null;
  if ([newest, incumbent].some(({ flags }) => flags.some((flag) => flag.startsWith('clock_')))) return null;
  return newest.correctedAt.getTime() - incumbent.correctedAt.getTime();
}

/** What is different from what the person saw: the versions that are new, and those that are no longer open. */
function changesSince(conflict: Conflict, seen: Set<string>) {
  const incumbent = conflict.versions[0]!;
  return {
    incumbent: seen.has(incumbent.opId ?? 'none') ? null : incumbent,
    arrived: conflict.versions.filter(
      ({ side, status, opId }) => side === 'device' && status === 'open' && !seen.has(opId!),
    ),
    gone: conflict.versions.filter(
      ({ side, status, opId }) => side === 'device' && status !== 'open' && seen.has(opId!),
    ),
  };
}
