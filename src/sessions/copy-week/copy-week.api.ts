import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiTags } from '@nestjs/swagger';
import { Me, type SignedInUser } from '../../auth/index.js';
import { refuseUnknownGroup } from '../../participants/index.js';
import { Can } from '../../platform/http/access.js';
import { Answers } from '../../platform/http/answers.js';
import { CopiedWeeksOut } from '../session-answers.js';
import { z } from 'zod';
import { CopyName, CopyWeekInput } from './copy-week-input.js';
import { type CopiedWeeks, CopyWeek, UndoCopy } from './copy-week.js';
import { type CopyPlan, planCopy } from './plan-copy.query.js';

const told = (plan: CopyPlan) => ({
  created: plan.total,
  weeks: plan.weeks.map(({ first, made, closed, there }) => ({ week: first, created: made.length, closed, there })),
});

/** REST: a week's sessions, planned again in other weeks. */
@ApiTags('sessions')
@Controller('api/sessions/copy-week')
export class CopyWeekApi {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
  ) {}

  @Can('session.manage')
  @Answers(CopiedWeeksOut, 201)
  @Post()
  async copy(@Body({ schema: CopyWeekInput }) input: CopyWeekInput, @Me() me: SignedInUser) {
    const { timeZone, locale } = me.organization;
    if (input.dry_run) {
      if (input.group_id) await refuseUnknownGroup(this.em, input.group_id, 'group_id');
      return { data: { ...told(await planCopy(this.em, input, { timeZone, locale })), dry_run: true, copy: null } };
    }
    const act = new CopyWeek(input, { timeZone, locale });
    const { plan, copy } = await this.bus.execute<CopyWeek, CopiedWeeks>(act);
    return { data: { ...told(plan), dry_run: false, copy } };
  }

  @Can('session.manage')
  @Answers(z.object({ cancelled: z.int() }))
  @Post('undo')
  @HttpCode(200)
  async undo(@Body({ schema: CopyName }) { copy }: z.output<typeof CopyName>) {
    return { data: { cancelled: await this.bus.execute<UndoCopy, number>(new UndoCopy(copy)) } };
  }
}
