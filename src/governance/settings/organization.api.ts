import { Body, Controller, Get, Put, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Can, SignedIn } from '../../platform/http/access.js';
import { currentOrganization } from '../../platform/current.js';
import { IfMatch, Tagged } from '../../platform/http/etag.js';
import { Answers } from '../../platform/http/answers.js';
import { DomainConfigOut, DomainPreviewOut, OrganizationOut } from './organization-answers.js';
import { consequencesOf, DOMAIN_TYPES, effectsOf, Organization, timeZone } from '../../tenancy/index.js';
import { ChangeDomainConfig } from './change-domain-config.js';
import { ChangeOrganization } from './change-organization.js';
import { DomainConfigChange, OrganizationChange } from './organization-input.js';
import { domainConfigJson, organizationJson } from './organization-json.js';

const previewQuery = z.object({
  domain_type: z.enum(DOMAIN_TYPES, { error: 'Choose education, hospitality, events or corporate.' }).optional(),
  grace_minutes: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .pipe(z.int().max(240))
    .optional(),
  time_zone: timeZone.optional(),
});

/** REST: the organization itself, its words and settings. */
@ApiTags('organization')
@Controller('api/admin')
export class OrganizationApi {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
  ) {}

  @SignedIn()
  @Tagged()
  @Answers(OrganizationOut)
  @Get('organization')
  async organization() {
    return { data: organizationJson(await this.own()) };
  }

  @Can('organization.configure')
  @Tagged()
  @Answers(OrganizationOut)
  @Put('organization')
  async change(@Body({ schema: OrganizationChange }) input: OrganizationChange, @IfMatch() expected: string | null) {
    await this.bus.execute(new ChangeOrganization(input, { etag: expected }));
    return { data: organizationJson(await this.own()) };
  }

  @SignedIn()
  @Tagged()
  @Answers(DomainConfigOut)
  @Get('domain-config')
  async domainConfig() {
    return { data: domainConfigJson(await this.own()) };
  }

  /** What another domain, another grace or another time zone would change, before it is chosen. */
  @Can('organization.configure')
  @Answers(DomainPreviewOut)
  @Get('domain-config/preview')
  async preview(@Query({ schema: previewQuery }) query: z.output<typeof previewQuery>) {
    const { domain_type, ...planned } = query;
    const consequences = [
      ...(domain_type ? await consequencesOf(this.em, domain_type) : []),
      ...(await effectsOf(this.em, await this.own(), planned)),
    ];
    return { data: { ...(domain_type && { domain_type }), consequences } };
  }

  @Can('organization.configure')
  @Tagged()
  @Answers(DomainConfigOut)
  @Put('domain-config')
  async configure(@Body({ schema: DomainConfigChange }) input: DomainConfigChange, @IfMatch() expected: string | null) {
    await this.bus.execute(new ChangeDomainConfig(input, { etag: expected }));
    return { data: domainConfigJson(await this.own()) };
  }

  private own(): Promise<Organization> {
    return this.em.findOneOrFail(Organization, { id: currentOrganization() }, { refresh: true });
  }
}
