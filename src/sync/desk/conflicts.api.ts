import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Me, type SignedInUser } from '../../auth/index.js';
import { Can, Targets } from '../../platform/http/access.js';
import { Answers, AnswersBody, AnswersPage } from '../../platform/http/answers.js';
import { pagingFields } from '../../platform/http/paging.js';
import { told } from '../../platform/http/parse.js';
import { notFound } from '../../platform/http/problem.js';
import { Target } from '../../platform/http/target.guard.js';
import { ResolveConflicts, SyncConflict, type Resolved } from '../../presence/index.js';
import { conflictJson, conflictsById, conflictsOf } from './conflicts.query.js';
import { ConflictOut, ManyResolvedOut } from './desk-answers.js';
import { refusedResolution } from './desk.problems.js';
import { ManyResolutions, Resolution } from './desk-input.js';
import { previewOf } from './preview-resolution.query.js';

const filters = z.object({
  ...pagingFields,
  status: z.enum(['open', 'resolved'], { error: told('Choose open or resolved.') }).default('open'),
});

/** REST: conflicts between what people marked without seeing each other. */
@ApiTags('sync')
@Controller('api/admin/sync-conflicts')
export class ConflictsApi {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
  ) {}

  @Can('conflict.resolve')
  @AnswersPage(ConflictOut)
  @Get()
  async list(@Query({ schema: filters }) query: z.output<typeof filters>) {
    const { data, meta } = await conflictsOf(this.em, query.status, query);
    return { data: data.map(conflictJson), meta };
  }

  @Can('conflict.resolve')
  @AnswersBody(ManyResolvedOut)
  @HttpCode(200)
  @Post('resolve')
  async resolveMany(@Body({ schema: ManyResolutions }) input: ManyResolutions, @Me() me: SignedInUser) {
    const { preview, ...asked } = input;
    if (preview) {
      const results = await previewOf(this.em, asked.ids, asked);
      return {
        results: results.map(({ id, ok, code, before, after, conflict }) => ({
          id,
          ok,
          code,
          before,
          after,
          ...(ok ? { revision: conflict?.revision } : {}),
        })),
      };
    }
    const results = await this.bus.execute<ResolveConflicts, Resolved[]>(new ResolveConflicts(asked, me));
    return { results: results.map(({ id, ok, code }) => ({ id, ok, code })) };
  }

  @Can('conflict.resolve')
  @Targets({ id: SyncConflict })
  @Answers(ConflictOut)
  @Get(':id')
  async one(@Target('id') conflict: SyncConflict) {
    return { data: await this.json(conflict.id) };
  }

  @Can('conflict.resolve')
  @Targets({ id: SyncConflict })
  @Answers(ConflictOut)
  @HttpCode(200)
  @Post(':id/resolve')
  async resolve(
    @Target('id') conflict: SyncConflict,
    @Body({ schema: Resolution }) input: Resolution,
    @Me() me: SignedInUser,
  ) {
    const { revision, ...asked } = input;
    const [result] = await this.bus.execute<ResolveConflicts, Resolved[]>(
      new ResolveConflicts(
        { ...asked, ids: [conflict.id], ...(revision === undefined ? {} : { revisions: { [conflict.id]: revision } }) },
        me,
      ),
    );
    if (!result!.ok) throw refusedResolution(result!.code, await this.json(conflict.id));
    return { data: await this.json(conflict.id) };
  }

  private async json(id: number) {
    const [conflict] = await conflictsById(this.em, [id]);
    if (!conflict) throw notFound();
    return conflictJson(conflict);
  }
}
