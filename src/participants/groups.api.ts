import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Me, type SignedInUser } from '../auth/index.js';
import { clock } from '../platform/clock.js';
import { Can, Targets } from '../platform/http/access.js';
import { Answers, AnswersPage } from '../platform/http/answers.js';
import { GroupOut, JoinedOut, MemberOut, MembershipOut } from './participant-answers.js';
import { IfMatch, Tagged } from '../platform/http/etag.js';
import { pagingFields } from '../platform/http/paging.js';
import { dateText, flag, id as idText } from '../platform/http/parse.js';
import { Target } from '../platform/http/target.guard.js';
import { dayOf } from '../tenancy/index.js';
import { AddMembers, type Joined, NewMembers } from './add-members.js';
import { ChangeGroup } from './change-group.js';
import { ChangeMembership, MembershipChange } from './change-membership.js';
import { CreateGroup } from './create-group.js';
import { DeactivateGroup } from './deactivate-group.js';
import { EndMembership, type EndedMembership } from './end-membership.js';
import { findGroups, groupById } from './find-groups.query.js';
import { findMembers } from './find-members.query.js';
import { GroupChange, NewGroup, refuseUnknownGroup } from './group-input.js';
import { Group } from './group.entity.js';
import { ownGroupsOf } from './own-groups.js';
import { Participant } from './participant.entity.js';

const filters = z.object({
  ...pagingFields,
  q: z.string().max(200).optional(),
  group_type: z.string().max(50).optional(),
  parent_id: idText.optional(),
  is_active: flag.optional(),
});
const memberFilters = z.object({ ...pagingFields, on: dateText.optional() });

const today = (me: SignedInUser) => dayOf(clock.now(), me.organization.timeZone);

/** REST: groups and who belongs to them. */
@ApiTags('groups')
@Controller('api/groups')
export class GroupsApi {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
  ) {}

  @Can('roster.view')
  @AnswersPage(GroupOut)
  @Get()
  async list(@Query({ schema: filters }) query: z.output<typeof filters>, @Me() me: SignedInUser) {
    const own = ownGroupsOf(me);
    if (query.parent_id !== undefined) await refuseUnknownGroup(this.em, query.parent_id, 'parent_id', own);
    return findGroups(this.em, query, query, { own, today: today(me) });
  }

  @Can('group.manage')
  @Tagged()
  @Answers(GroupOut, 201)
  @Post()
  async create(@Body({ schema: NewGroup }) input: NewGroup, @Me() me: SignedInUser) {
    const id = await this.bus.execute<CreateGroup, number>(new CreateGroup(input));
    return { data: await groupById(this.em, id, today(me)) };
  }

  @Can('roster.view')
  @Targets({ id: Group })
  @Tagged()
  @Answers(GroupOut)
  @Get(':id')
  async one(@Target('id') group: Group, @Me() me: SignedInUser) {
    return { data: await groupById(this.em, group.id, today(me)) };
  }

  @Can('group.manage')
  @Targets({ id: Group })
  @Tagged()
  @Answers(GroupOut)
  @Put(':id')
  async change(
    @Target('id') { id }: Group,
    @Body({ schema: GroupChange }) input: GroupChange,
    @Me() me: SignedInUser,
    @IfMatch() etag: string | null,
  ) {
    await this.bus.execute(new ChangeGroup(id, input, { etag, today: today(me) }));
    return { data: await groupById(this.em, id, today(me)) };
  }

  @Can('group.manage')
  @Targets({ id: Group })
  @Answers(GroupOut)
  @Delete(':id')
  async deactivate(@Target('id') { id }: Group, @Me() me: SignedInUser) {
    await this.bus.execute(new DeactivateGroup(id));
    return { data: await groupById(this.em, id, today(me)) };
  }

  /** Members today; `?on=` asks for everybody who is on the register of another day. */
  @Can('roster.view')
  @Targets({ id: Group })
  @AnswersPage(MemberOut)
  @Get(':id/members')
  async members(
    @Target('id') group: Group,
    @Query({ schema: memberFilters }) query: z.output<typeof memberFilters>,
    @Me() me: SignedInUser,
  ) {
    const which = query.on
      ? ({ kind: 'register', day: query.on } as const)
      : ({ kind: 'members', day: today(me) } as const);
    return findMembers(this.em, group.id, which, query);
  }

  @Can('group.manage')
  @Targets({ id: Group })
  @Answers(JoinedOut)
  @Post(':id/members')
  @HttpCode(200)
  async addMembers(@Target('id') group: Group, @Body({ schema: NewMembers }) input: NewMembers) {
    return { data: await this.bus.execute<AddMembers, Joined>(new AddMembers(group.id, input)) };
  }

  /** The days of a membership; `joined_on` says which one, if somebody has several in this group. */
  @Can('group.manage')
  @Targets({ id: Group, participant_id: Participant })
  @Answers(MembershipOut)
  @Put(':id/members/:participant_id')
  async changeMembership(
    @Target('id') group: Group,
    @Target('participant_id') participant: Participant,
    @Body({ schema: MembershipChange }) input: MembershipChange,
  ) {
    const command = new ChangeMembership(group.id, participant.id, input);
    return { data: await this.bus.execute<ChangeMembership, EndedMembership>(command) };
  }

  @Can('group.manage')
  @Targets({ id: Group, participant_id: Participant })
  @Answers(MembershipOut)
  @Delete(':id/members/:participant_id')
  async endMembership(@Target('id') group: Group, @Target('participant_id') participant: Participant) {
    const command = new EndMembership(group.id, participant.id);
    return { data: await this.bus.execute<EndMembership, EndedMembership>(command) };
  }
}
