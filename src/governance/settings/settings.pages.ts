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
import { type Meanwhile } from '../../platform/ledger/edited-meanwhile.js';
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
import { besideTypedSettings, type Fields, organizationToShow, seenIn, type Shown } from './seen-settings.js';
import { rulesForm, rulesOf, wordsForm, wordsOf } from './settings-form.js';

const domain = z.enum(DOMAIN_TYPES);
type Form = Record<string, unknown>;
/** What a form tells beside its fields. */
interface More {
  effects?: Consequence[];
  meanwhile?: Meanwhile[];
}

const organizationFields = ({ name, timeZone, locale }: Shown): Fields => ({ name, time_zone: timeZone, locale });
const ruleFields = (organization: Shown): Fields => rulesForm(settingsOf(organization));
const wordFields = (organization: Shown): Fields => wordsForm(termsOf(organization));

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
    const { organization, version } = await organizationToShow(this.em);
    return this.organizationForm(request, { ...organizationFields(organization), version });
  }

  @Can('organization.configure')
  @Post('organization')
  async changeOrganization(@Req() request: AuthRequest, @Res() response: Response) {
    const typed = (request.body ?? {}) as Form;
    const { name, time_zone, locale, seen } = typed;
    let effects: Consequence[] = [];
    const done = await attempt(async () => {
      const change = parse(OrganizationChange, { name, time_zone, locale });
      effects = await this.unseen({ time_zone: change.time_zone }, seen);
      if (effects.length === 0) await this.bus.execute(new ChangeOrganization(change, seenIn(typed)));
    });
    if (effects.length > 0)
      return response
        .status(200)
        .type('html')
        .send(this.organizationForm(request, typed, [], { effects }));
    if (!done.refusals) return response.redirect(303, '/settings/organization?done=saved');
    const { values, meanwhile } = await this.beside(typed, done.data, organizationFields);
    return this.refused(response, done.status, this.organizationForm(request, values, done.refusals, { meanwhile }));
  }

  @Can('organization.configure')
  @Get('rules')
  async rulesPage(@Req() request: AuthRequest) {
    const { organization, version } = await organizationToShow(this.em);
    return this.rulesForm(request, { ...ruleFields(organization), version });
  }

  @Can('organization.configure')
  @Post('rules')
  async changeRules(@Req() request: AuthRequest, @Res() response: Response) {
    const typed = (request.body ?? {}) as Form;
    let effects: Consequence[] = [];
    const done = await attempt(async () => {
      const settings = rulesOf(typed);
      effects = await this.unseen({ grace_minutes: settings.grace_minutes ?? undefined }, typed.seen);
      if (effects.length === 0) await this.bus.execute(new ChangeDomainConfig({ settings }, seenIn(typed)));
    });
    if (effects.length > 0)
      return response
        .status(200)
        .type('html')
        .send(this.rulesForm(request, typed, [], { effects }));
    if (!done.refusals) return response.redirect(303, '/settings/rules?done=saved');
    const { values, meanwhile } = await this.beside(typed, done.data, ruleFields);
    return this.refused(response, done.status, this.rulesForm(request, values, done.refusals, { meanwhile }));
  }

  @Can('organization.configure')
  @Get('domain')
  async domainPage(@Req() request: AuthRequest) {
    const { organization, version } = await organizationToShow(this.em);
    const to = domain.safeParse(request.query.to).data;
    if (to && to !== organization.domainType) return this.switchPage(request, { organization, version }, to);
    return this.wordsPage(request, organization, { ...wordFields(organization), version });
  }

  @Can('organization.configure')
  @Post('words')
  async changeWords(@Req() request: AuthRequest, @Res() response: Response) {
    const typed = (request.body ?? {}) as Form;
    const organization = await this.own();
    const done = await attempt(() => {
      const terms = wordsOf(typed, DOMAIN_PACKS[organization.domainType].terms);
      return this.bus.execute(new ChangeDomainConfig({ terms }, seenIn(typed)));
    });
    if (!done.refusals) return response.redirect(303, '/settings/domain?done=saved');
    const { values, meanwhile } = await this.beside(typed, done.data, wordFields);
    const page = this.wordsPage(request, await this.own(), values, done.refusals, { meanwhile });
    return this.refused(response, done.status, page);
  }

  @Can('organization.configure')
  @Post('domain')
  async changeDomain(@Req() request: AuthRequest, @Res() response: Response) {
    const typed = (request.body ?? {}) as Form;
    const to = parse(z.object({ domain_type: domain }), { domain_type: typed.domain_type });
    const done = await attempt(() => this.bus.execute(new ChangeDomainConfig(to, seenIn(typed))));
    if (!done.refusals) return response.redirect(303, '/settings/domain?done=switched');
    const now = await organizationToShow(this.em);
    // Somebody else has made the same switch meanwhile.
    if (now.organization.domainType === to.domain_type) return response.redirect(303, '/settings/domain');
    return this.refused(response, done.status, this.switchPage(request, now, to.domain_type, done.refusals));
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
    return this.em.findOneOrFail(Organization, { id: currentOrganization() }, { refresh: true });
  }

  /** What was typed into a refused form, beside what somebody else changed since it was drawn. */
  private async beside(typed: Form, data: Record<string, unknown> | undefined, fieldsOf: (from: Shown) => Fields) {
    const { values, meanwhile } = besideTypedSettings(typed, data, await this.own(), fieldsOf);
    return { values: { ...values, version: data?.version ?? typed.version }, meanwhile };
  }

  private organizationForm(request: AuthRequest, values: Form, refusals: Refusal[] = [], more: More = {}) {
    const data = {
      values,
      refusals,
      ...more,
      seen: seenText({ time_zone: values.time_zone as string }),
      languages: languageChoices(String(values.locale ?? '')),
      time_zones: ['UTC', ...Intl.supportedValuesOf('timeZone')],
      notice: noticeOf(request),
    };
    return this.reply.render('settings/organization.njk', data, request);
  }

  private rulesForm(request: AuthRequest, values: Form, refusals: Refusal[] = [], more: More = {}) {
    const { grace_minutes } = values;
    const seen = seenText({ grace_minutes: typeof grace_minutes === 'object' ? NaN : Number(grace_minutes) });
    const data = { values, refusals, ...more, seen, notice: noticeOf(request) };
    return this.reply.render('settings/rules.njk', data, request);
  }

  private wordsPage(
    request: AuthRequest,
    organization: Organization,
    values: Form,
    refusals: Refusal[] = [],
    more: More = {},
  ) {
    const data = {
      values,
      refusals,
      ...more,
      pack: DOMAIN_PACKS[organization.domainType],
      others: DOMAIN_TYPES.filter((each) => each !== organization.domainType).map((each) => DOMAIN_PACKS[each]),
      notice: noticeOf(request),
    };
    return this.reply.render('settings/domain.njk', data, request);
  }

  private async switchPage(
    request: AuthRequest,
    { organization, version }: { organization: Organization; version: number },
    to: (typeof DOMAIN_TYPES)[number],
    refusals: Refusal[] = [],
  ) {
    const data = {
      version,
      refusals,
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
