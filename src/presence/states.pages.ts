import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { z } from 'zod';
import { type AuthRequest } from '../auth/index.js';
import { Can, Targets } from '../platform/http/access.js';
import { attempt } from '../platform/http/form.js';
import { id as idText, parse } from '../platform/http/parse.js';
import { Problem, type Refusal } from '../platform/http/problem.js';
import { Reply } from '../platform/http/reply.js';
import { Target } from '../platform/http/target.guard.js';
import { entryOf } from '../platform/text.js';
import { STATE_CATEGORIES } from '../tenancy/index.js';
import { ChangeState, CreateState, DeleteState, OrderStates } from './change-states.js';
import { contrastOn, inkOn } from './ink.js';
import { PresenceState } from './presence-state.entity.js';
import { ifCounted, type StateFigures } from './state-figures.query.js';
import { MOST_STATES, NewState, StateChange } from './state-input.js';
import { type State, stateJson, statesOf } from './states.query.js';

type Form = Record<string, unknown>;
const Order = z.object({ ids: z.preprocess((value) => [value].flat(), z.array(idText).min(1).max(200)) });
const FIELDS = ['label', 'color', 'category', 'shortcut'] as const;

/** Pages: the answers to "who is present?", as an administrator sets them. */
@Controller('settings/states')
export class StatesPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @Can('organization.configure')
  @Get()
  async list(@Req() request: AuthRequest) {
    return this.listPage(request);
  }

  @Can('organization.configure')
  @Post('order')
  async order(@Req() request: AuthRequest, @Res() response: Response) {
    const done = await attempt(() => this.bus.execute(new OrderStates(parse(Order, request.body ?? {}).ids)));
    if (!done.refusals) return response.redirect(303, '/settings/states?done=ordered');
    return this.answer(response, done.status, this.listPage(request, done.refusals));
  }

  @Can('organization.configure')
  @Get('new')
  async new(@Req() request: AuthRequest) {
    const taken = new Set((await statesOf(this.em)).map((state) => state.color.toLowerCase()));
    const color = COLORS.find((each) => !taken.has(each)) ?? COLORS[0]!;
    return this.form(request, null, { color, category: 'present' });
  }

  @Can('organization.configure')
  @Post('new')
  async create(@Req() request: AuthRequest, @Res() response: Response) {
    const body = (request.body ?? {}) as Form;
    const input = { ...typed(body), code: body.code, ...(body.is_default ? { is_default: true } : {}) };
    const done = await attempt(() => this.bus.execute<CreateState, number>(new CreateState(parse(NewState, input))));
    if (!done.refusals) return response.redirect(303, `/settings/states?done=created&state=${done.value}`);
    return this.answer(response, done.status, this.form(request, null, body, done.refusals));
  }

  @Can('organization.configure')
  @Targets({ id: PresenceState })
  @Get(':id')
  edit(@Target('id') state: PresenceState, @Req() request: AuthRequest) {
    return this.form(request, stateJson(state), { ...stateJson(state) });
  }

  @Can('organization.configure')
  @Targets({ id: PresenceState })
  @Post(':id')
  async change(@Target('id') found: PresenceState, @Req() request: AuthRequest, @Res() response: Response) {
    const body = (request.body ?? {}) as Form;
    const state = stateJson(found);
    const done = await attempt(async () => {
      const input = parse(StateChange, { ...typed(body), ...(body.is_default ? { is_default: true } : {}) });
      // What it counts as is what every figure of the past is made of: that is shown before it is done.
      if (input.category && input.category !== state.category && body.confirmed !== input.category) {
        const figures = await ifCounted(this.em, state, input.category);
        if (figures.marks > 0) return { figures, category: input.category };
      }
      await this.bus.execute(new ChangeState(state.id, input));
      return null;
    });
    if (done.refusals) return this.answer(response, done.status, this.form(request, state, body, done.refusals));
    if (done.value) return this.answer(response, 200, this.form(request, state, body, [], done.value));
    return response.redirect(303, `/settings/states?done=changed&state=${state.id}`);
  }

  @Can('organization.configure')
  @Targets({ id: PresenceState })
  @Post(':id/retire')
  async retire(@Target('id') state: PresenceState, @Req() request: AuthRequest, @Res() response: Response) {
    await this.act(
      request,
      response,
      new ChangeState(state.id, { is_active: false }),
      `done=retired&state=${state.id}`,
    );
  }

  @Can('organization.configure')
  @Targets({ id: PresenceState })
  @Post(':id/restore')
  async restore(@Target('id') state: PresenceState, @Req() request: AuthRequest, @Res() response: Response) {
    await this.act(
      request,
      response,
      new ChangeState(state.id, { is_active: true }),
      `done=restored&state=${state.id}`,
    );
  }

  @Can('organization.configure')
  @Targets({ id: PresenceState })
  @Post(':id/delete')
  async delete(@Target('id') state: PresenceState, @Req() request: AuthRequest, @Res() response: Response) {
    await this.act(request, response, new DeleteState(state.id), 'done=deleted');
  }

  private async act(request: AuthRequest, response: Response, command: ChangeState | DeleteState, told: string) {
    const done = await attempt(() => this.bus.execute(command)).catch((error: unknown) => {
      // Pressed twice: it is gone, which is what was wanted.
      if (error instanceof Problem && error.status === 404) return { refusals: null };
      throw error;
    });
    if (!done.refusals) return response.redirect(303, `/settings/states?${told}`);
    return this.answer(response, 409, this.listPage(request, done.refusals));
  }

  private async listPage(request: AuthRequest, refusals: Refusal[] = []) {
    const states = (await statesOf(this.em)).map((state) => ({ ...state, ink: inkOn(state.color) }));
    const active = states.filter((state) => state.is_active);
    // Each button up or down posts the whole order as it would be: no script is needed to move a line.
    const lines = active.map((state, at) => ({
      ...state,
      up: moved(states, active, at, -1),
      down: moved(states, active, at, 1),
    }));
    const data = {
      states: lines,
      retired: states.filter((state) => !state.is_active),
      full: active.length >= MOST_STATES,
      most: MOST_STATES,
      refusals,
      notice: refusals.length > 0 ? null : noticeOf(request, states),
    };
    return this.reply.render('settings/states.njk', data, request);
  }

  private async form(
    request: AuthRequest,
    state: State | null,
    values: Form,
    refusals: Refusal[] = [],
    preview: { figures: StateFigures; category: string } | null = null,
  ) {
    const others = (await statesOf(this.em)).filter((each) => each.is_active && each.id !== state?.id);
    const data = {
      state,
      values,
      refusals,
      preview: preview && { ...preview, figures: { ...preview.figures, ...daysOf(preview.figures) } },
      categories: STATE_CATEGORIES,
      others: others.map((each) => ({ label: each.label, shortcut: each.shortcut, color: each.color })),
      contrast: colorWords(values.color),
      // What arrivals say of lateness hangs on it (lateness.ts).
      is_only_late: !!state?.is_active && isLate(state) && !others.some(isLate),
    };
    return this.reply.render('settings/state.njk', data, request);
  }

  private async answer(response: Response, status: number, page: Promise<string>) {
    response
      .status(status)
      .type('html')
      .send(await page);
  }
}

/** Colours for a new state, the first that no state has yet: two alike cannot be told apart. Text on each can be read. */
const COLORS = ['#3a5ba0', '#6d3fa0', '#0f6f86', '#9a3b6b', '#6b7280', '#7a5c1e', '#1b7f4d', '#b25e09', '#b3261e'];

const isLate = ({ category }: State) => category === 'late';

const daysOf = ({ from, to }: StateFigures) => ({ from: new Date(from ?? 0), to: new Date(to ?? 0) });

/** @returns the ids of all states if the active one at `at` changed places with its neighbour; null at the ends */
function moved(states: State[], active: State[], at: number, step: 1 | -1): number[] | null {
  const neighbour = active[at + step];
  if (!neighbour) return null;
  const own = active[at]!.id;
  const swap = new Map([
    [own, neighbour.id],
    [neighbour.id, own],
  ]);
  return states.map(({ id }) => swap.get(id) ?? id);
}

/** The text colour that is set on a colour, and how well it can be read; null while it is no colour. */
function colorWords(color: unknown): { ink: string; ratio: number } | null {
  if (typeof color !== 'string' || !/^#[0-9a-f]{6}$/i.test(color)) return null;
  const ink = inkOn(color);
  return { ink, ratio: Math.round(contrastOn(color, ink) * 10) / 10 };
}

function typed(body: Form): Form {
  return Object.fromEntries(FIELDS.filter((name) => name in body).map((name) => [name, body[name]]));
}

const NOTICES: Record<string, string> = {
  created: '{name} is a state now.',
  changed: '{name}: the changes are saved.',
  retired: '{name} is not offered any more. Marks that have it keep it.',
  restored: '{name} is offered again.',
  deleted: 'The state is gone. Nobody was ever marked with it.',
  ordered: 'The order is saved.',
};

function noticeOf(request: AuthRequest, states: State[]) {
  const text = entryOf(NOTICES, request.query.done);
  if (!text) return null;
  const state = states.find((each) => String(each.id) === request.query.state);
  const undo =
    state && request.query.done === 'retired'
      ? { action: `/settings/states/${state.id}/restore`, fields: {} }
      : undefined;
  return { kind: 'done' as const, text, params: { name: state?.label ?? '' }, ...(undo ? { undo } : {}) };
}
