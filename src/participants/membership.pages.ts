import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { type AuthRequest } from '../auth/index.js';
import { Can, Targets } from '../platform/http/access.js';
import { attempt } from '../platform/http/form.js';
import { parse } from '../platform/http/parse.js';
import { notFound } from '../platform/http/problem.js';
import { Reply } from '../platform/http/reply.js';
import { Target } from '../platform/http/target.guard.js';
import { ChangeMembership, MembershipChange } from './change-membership.js';
import { participantById } from './find-participants.query.js';
import { membershipsOf } from './group-people.query.js';
import { Group } from './group.entity.js';
import { Participant } from './participant.entity.js';

/** Pages: from when until when somebody is a member of a group. */
@Controller('groups')
export class MembershipPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @Can('group.manage')
  @Targets({ id: Group, participant_id: Participant })
  @Get(':id/members/:participant_id/edit')
  async edit(
    @Target('id') group: Group,
    @Target('participant_id') participant: Participant,
    @Req() request: AuthRequest,
  ) {
    return this.page(group, participant, request, {});
  }

  @Can('group.manage')
  @Targets({ id: Group, participant_id: Participant })
  @Post(':id/members/:participant_id/edit')
  async change(
    @Target('id') group: Group,
    @Target('participant_id') participant: Participant,
    @Req() request: AuthRequest,
    @Res() response: Response,
  ) {
    const { from, to, joined_on } = (request.body ?? {}) as Record<string, unknown>;
    // An empty day is no limit.
    const none = (value: unknown) => (value === '' || value === undefined ? null : value);
    const input = { from: none(from), to: none(to), joined_on: none(joined_on) };
    const done = await attempt(() =>
      this.bus.execute(new ChangeMembership(group.id, participant.id, parse(MembershipChange, input))),
    );
    if (!done.refusals) return response.redirect(303, `/groups/${group.id}?done=days&person=${participant.id}`);
    const data = { values: { from, to }, which: none(joined_on), refusals: done.refusals };
    response
      .status(done.status)
      .type('html')
      .send(await this.page(group, participant, request, data));
  }

  private async page(group: Group, participant: Participant, request: AuthRequest, data: Record<string, unknown>) {
    const memberships = await membershipsOf(this.em, group.id, participant.id);
    if (memberships.length === 0) throw notFound();
    const person = await participantById(this.em, participant.id);
    const shown = { group: { id: group.id, name: group.name }, person, memberships, ...data };
    return this.reply.render('groups/membership.njk', shown, request);
  }
}
