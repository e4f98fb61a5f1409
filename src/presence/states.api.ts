import { Body, Controller, Delete, Get, Post, Put, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Can, SignedIn, Targets } from '../platform/http/access.js';
import { IfMatch, Tagged } from '../platform/http/etag.js';
import { Answers } from '../platform/http/answers.js';
import { StateFiguresOut, StateOut } from './presence-answers.js';
import { Target } from '../platform/http/target.guard.js';
import { STATE_CATEGORIES } from '../tenancy/index.js';
import { ChangeState, CreateState, DeleteState, OrderStates } from './change-states.js';
import { PresenceState } from './presence-state.entity.js';
import { NewState, StateChange, StateOrder } from './state-input.js';
import { ifCounted } from './state-figures.query.js';
import { stateJson, statesOf } from './states.query.js';

const previewQuery = z.object({
  category: z.enum(STATE_CATEGORIES, { error: `Choose ${STATE_CATEGORIES.join(', ')}.` }),
});

/** REST: the answers to "who is present?". */
@ApiTags('presence states')
@Controller('api/admin/presence-states')
export class StatesApi {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
  ) {}

  @SignedIn()
  @Answers(z.array(StateOut))
  @Get()
  async states() {
    return { data: await statesOf(this.em) };
  }

  @Can('organization.configure')
  @Tagged()
  @Answers(StateOut, 201)
  @Post()
  async create(@Body({ schema: NewState }) input: NewState) {
    const id = await this.bus.execute<CreateState, number>(new CreateState(input));
    return { data: await this.one(id) };
  }

  /** Every id in the order in which the states shall stand. */
  @Can('organization.configure')
  @Answers(z.array(StateOut))
  @Put('order')
  async order(@Body({ schema: StateOrder }) { ids }: z.output<typeof StateOrder>) {
    await this.bus.execute(new OrderStates(ids));
    return { data: await statesOf(this.em) };
  }

  @SignedIn()
  @Tagged()
  @Targets({ id: PresenceState })
  @Answers(StateOut)
  @Get(':id')
  state(@Target('id') state: PresenceState) {
    return { data: stateJson(state) };
  }

  /** Which past figures another category would change. */
  @Can('organization.configure')
  @Targets({ id: PresenceState })
  @Answers(StateFiguresOut)
  @Get(':id/preview')
  async preview(
    @Target('id') state: PresenceState,
    @Query({ schema: previewQuery }) { category }: z.output<typeof previewQuery>,
  ) {
    return { data: await ifCounted(this.em, state, category) };
  }

  @Can('organization.configure')
  @Tagged()
  @Targets({ id: PresenceState })
  @Answers(StateOut)
  @Put(':id')
  async change(
    @Target('id') { id }: PresenceState,
    @Body({ schema: StateChange }) input: StateChange,
    @IfMatch() expected: string | null,
  ) {
    await this.bus.execute(new ChangeState(id, input, expected));
    return { data: await this.one(id) };
  }

  @Can('organization.configure')
  @Targets({ id: PresenceState })
  @Answers(StateOut)
  @Delete(':id')
  async delete(@Target('id') state: PresenceState, @IfMatch() expected: string | null) {
    const data = stateJson(state);
    await this.bus.execute(new DeleteState(state.id, expected));
    return { data };
  }

  private async one(id: number) {
    return stateJson(await this.em.findOneOrFail(PresenceState, { id }, { refresh: true }));
  }
}
