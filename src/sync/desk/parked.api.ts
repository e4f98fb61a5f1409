import { Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Me, type SignedInUser } from '../../auth/index.js';
import { Can, Targets } from '../../platform/http/access.js';
import { Answers, AnswersPage } from '../../platform/http/answers.js';
import { describedBy } from '../../platform/http/openapi.js';
import { pagingFields } from '../../platform/http/paging.js';
import { parse, told, uuid } from '../../platform/http/parse.js';
import { notFound } from '../../platform/http/problem.js';
import { type AppRequest } from '../../platform/http/request.js';
import { ParkedOut, SettledParkedOut } from './desk-answers.js';
import { Reason } from './desk-input.js';
import { PARKED_STATUSES, parkedByOp, parkedJson, parkedOf } from './parked.query.js';
import { settleParked } from './settle-parked.js';

const filters = z.object({
  ...pagingFields,
  status: z
    .enum(PARKED_STATUSES, { error: told('Choose waiting, adopted, discarded or judged_again.') })
    .default('waiting'),
  code: z.string().max(40).optional(),
  device_id: uuid.optional(),
});

/** REST: operations that arrived and could not be applied. */
@ApiTags('sync')
@Controller('api/admin/parked-operations')
export class ParkedApi {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
  ) {}

  @Can('conflict.resolve')
  @AnswersPage(ParkedOut)
  @Get()
  async list(@Query({ schema: filters }) query: z.output<typeof filters>) {
    const { data, meta } = await parkedOf(this.em, query, query);
    return { data: data.map(parkedJson), meta };
  }

  @Can('conflict.resolve')
  @Targets({ op_id: null })
  @Answers(SettledParkedOut)
  @ApiBody(describedBy(Reason))
  @HttpCode(200)
  @Post(':op_id/adopt')
  async adopt(@Param('op_id') opId: string, @Req() request: AppRequest, @Me() me: SignedInUser) {
    return { data: await this.settle(opId, 'adopt', request.body, me) };
  }

  @Can('conflict.resolve')
  @Targets({ op_id: null })
  @Answers(SettledParkedOut)
  @ApiBody(describedBy(Reason))
  @HttpCode(200)
  @Post(':op_id/discard')
  async discard(@Param('op_id') opId: string, @Req() request: AppRequest, @Me() me: SignedInUser) {
    return { data: await this.settle(opId, 'discard', request.body, me) };
  }

  /** What the path names is looked for before the body is: nobody learns from a refused body what exists. */
  private async settle(opId: string, act: 'adopt' | 'discard', body: unknown, me: SignedInUser) {
    const op = uuid.safeParse(opId).data;
    if (!op || !(await parkedByOp(this.em, op))) throw notFound();
    const { reason } = parse(Reason, body ?? {});
    const result = await settleParked(this.bus, this.em, { opId: op, act, reason }, me);
    const parked = (await parkedByOp(this.em, op))!;
    return { ...parkedJson(parked), ...(result ? { result } : {}) };
  }
}
