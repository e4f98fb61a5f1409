import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { z } from 'zod';
import { type AuthRequest } from '../../auth/index.js';
import { currentOrganization } from '../../platform/current.js';
import { Can } from '../../platform/http/access.js';
import { attempt } from '../../platform/http/form.js';
import { parse } from '../../platform/http/parse.js';
import { type Refusal } from '../../platform/http/problem.js';
import { Reply } from '../../platform/http/reply.js';
import { entryOf } from '../../platform/text.js';
import {
  type Consequence,
  consequencesOf,
  DOMAIN_PACKS,
  DOMAIN_TYPES,
  effectsOf,
  languageChoices,
  Organization,
  type PlannedChange,
  settingsOf,
  termsOf,
} from '../../tenancy/index.js';
import { ChangeDomainConfig } from './change-domain-config.js';
import { ChangeOrganization } from './change-organization.js';
import { OrganizationChange } from './organization-input.js';
import { SETTINGS_PARTS } from './parts.js';
import { rulesForm, rulesOf, wordsForm, wordsOf } from './settings-form.js';

const domain = z.enum(DOMAIN_TYPES);
type Form = Record<string, unknown>;

/** Pages: what an administrator sets for the organization. */
@Controller('settings')
export class SettingsPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @Can('organization.configure')
  @Get()
  hub(@Req() request: AuthRequest) {
    return this.reply.render('settings/hub.njk', { parts: SETTINGS_PARTS }, request);
  }

  @Can('organization.configure')
  @Get('organization')
  async organizationPage(@Req() request: AuthRequest) {
    const { name, timeZone, locale } = await this.own();
    return this.organizationForm(request, { name, time_zone: timeZone, locale });
  }

  @Can('organization.configure')
  @Post('organization')
  async changeOrganization(@Req() request: AuthRequest, @Res() response: Response) {
    const { name, time_zone, locale, seen } = (request.body ?? {}) as Form;
    let effects: Consequence[] = [];
    const done = await attempt(async () => {
      const change = parse(OrganizationChange, { name, time_zone, locale });
      effects = await this.unseen({ time_zone: change.time_zone }, seen);
      if (effects.length === 0) await this.bus.execute(new ChangeOrganization(change));
    });
    if (effects.length > 0)
      return response
        .status(200)
        .type('html')
        .send(this.organizationForm(request, request.body as Form, [], effects));
    if (!done.refusals) return response.redirect(303, '/settings/organization?done=saved');
    return this.refused(response, done.status, this.organizationForm(request, request.body as Form, done.refusals));
  }

  @Can('organization.configure')
  @Get('rules')
  async rulesPage(@Req() request: AuthRequest) {
    return this.rulesForm(request, rulesForm(settingsOf(await this.own())));
  }

  @Can('organization.configure')
  @Post('rules')
  async changeRules(@Req() request: AuthRequest, @Res() response: Response) {
    let effects: Consequence[] = [];
    const done = await attempt(async () => {
      const settings = rulesOf(request.body);
      effects = await this.unseen({ grace_minutes: settings.grace_minutes ?? undefined }, (request.body as Form).seen);
      if (effects.length === 0) await this.bus.execute(new ChangeDomainConfig({ settings }));
    });
    if (effects.length > 0)
      return response
        .status(200)
        .type('html')
        .send(this.rulesForm(request, request.body as Form, [], effects));
    if (!done.refusals) return response.redirect(303, '/settings/rules?done=saved');
    return this.refused(response, done.status, this.rulesForm(request, request.body as Form, done.refusals));
  }

  @Can('organization.configure')
  @Get('domain')
  async domainPage(@Req() request: AuthRequest) {
    const organization = await this.own();
    const to = domain.safeParse(request.query.to).data;
    if (to && to !== organization.domainType) return this.switchPage(request, organization, to);
    return this.wordsPage(request, organization, wordsForm(termsOf(organization)));
  }

  @Can('organization.configure')
  @Post('words')
  async changeWords(@Req() request: AuthRequest, @Res() response: Response) {
    const organization = await this.own();
    const done = await attempt(() => {
      const terms = wordsOf(request.body, DOMAIN_PACKS[organization.domainType].terms);
      return this.bus.execute(new ChangeDomainConfig({ terms }));
    });
    if (!done.refusals) return response.redirect(303, '/settings/domain?done=saved');
    const page = this.wordsPage(request, organization, request.body as Form, done.refusals);
    return this.refused(response, done.status, page);
  }

  @Can('organization.configure')
  @Post('domain')
  async changeDomain(@Req() request: AuthRequest, @Res() response: Response) {
    const to = parse(z.object({ domain_type: domain }), { domain_type: (request.body as Form)?.domain_type });
    await this.bus.execute(new ChangeDomainConfig(to));
    response.redirect(303, '/settings/domain?done=switched');
  }

  /**
   * What a change would do to figures of the past. It is shown before it is saved, and saved when it was seen.
   * @param seen what the form says was shown: the very values
   */
  private async unseen(planned: PlannedChange, seen: unknown): Promise<Consequence[]> {
    if (seen === seenText(planned)) return [];
    return effectsOf(this.em, await this.own(), planned);
  }

  private own(): Promise<Organization> {
    return this.em.findOneOrFail(Organization, { id: currentOrganization() });
  }

  private organizationForm(request: AuthRequest, values: Form, refusals: Refusal[] = [], effects: Consequence[] = []) {
    const data = {
      values,
      refusals,
      effects,
      seen: seenText({ time_zone: values.time_zone as string }),
      languages: languageChoices(String(values.locale ?? '')),
      time_zones: ['UTC', ...Intl.supportedValuesOf('timeZone')],
      notice: noticeOf(request),
    };
    return this.reply.render('settings/organization.njk', data, request);
  }

  private rulesForm(request: AuthRequest, values: Form, refusals: Refusal[] = [], effects: Consequence[] = []) {
    const { grace_minutes } = values;
    const seen = seenText({ grace_minutes: typeof grace_minutes === 'object' ? NaN : Number(grace_minutes) });
    const data = { values, refusals, effects, seen, notice: noticeOf(request) };
    return this.reply.render('settings/rules.njk', data, request);
  }

  private wordsPage(request: AuthRequest, organization: Organization, values: Form, refusals: Refusal[] = []) {
    const data = {
      values,
      refusals,
      pack: DOMAIN_PACKS[organization.domainType],
      others: DOMAIN_TYPES.filter((each) => each !== organization.domainType).map((each) => DOMAIN_PACKS[each]),
      notice: noticeOf(request),
    };
    return this.reply.render('settings/domain.njk', data, request);
  }

  private async switchPage(request: AuthRequest, organization: Organization, to: (typeof DOMAIN_TYPES)[number]) {
    const data = {
      from: DOMAIN_PACKS[organization.domainType],
      words: termsOf(organization),
      to: DOMAIN_PACKS[to],
      consequences: await consequencesOf(this.em, to),
    };
    return this.reply.render('settings/switch.njk', data, request);
  }

  private async refused(response: Response, status: number, page: string | Promise<string>) {
    response
      .status(status)
      .type('html')
      .send(await page);
  }
}

const seenText = ({ grace_minutes, time_zone }: PlannedChange): string => String(grace_minutes ?? time_zone);

const NOTICES: Record<string, string> = {
  saved: 'The settings are saved.',
  switched: 'The domain is another one now. Look through the states and words.',
};

function noticeOf(request: AuthRequest) {
  const text = entryOf(NOTICES, request.query.done);
  return text ? { kind: 'done' as const, text } : null;
}
