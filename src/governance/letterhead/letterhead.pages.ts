import { Controller, Get, Post, Req, Res, UploadedFile } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { z } from 'zod';
import { type AuthRequest } from '../../auth/index.js';
import { Can } from '../../platform/http/access.js';
import { attempt } from '../../platform/http/form.js';
import { flag, parse } from '../../platform/http/parse.js';
import { notFound, type Refusal } from '../../platform/http/problem.js';
import { Reply } from '../../platform/http/reply.js';
import { type Meanwhile } from '../../platform/ledger/edited-meanwhile.js';
import { bytesOf, PICTURE_REFUSED, TakesPicture, type PictureFile } from '../../platform/pictures/picture-upload.js';
import { sendPicture } from '../../platform/pictures/send-picture.js';
import { Settings, settingsOf } from '../../tenancy/index.js';
import { besideTypedSettings, organizationToShow, seenIn, type Shown } from '../settings/seen-settings.js';
import { ChangeLetterhead, OTHER_LOGO } from './change-letterhead.js';
import { OrganizationLogo } from './organization-logo.entity.js';

const { letterhead_lines, certificate_text } = Settings.shape;
const Typed = z.object({
  letterhead_lines: z
    .string()
    .max(2000)
    .transform((typed) => typed.split(/\r?\n/).flatMap((line) => line.trim() || []))
    .pipe(letterhead_lines),
  certificate_text: z.preprocess(
    (typed) => (typeof typed === 'string' && !typed.trim() ? null : typed),
    certificate_text,
  ),
  remove_logo: flag.catch(false),
});

const fieldsOf = (organization: Shown) => {
  const settings = settingsOf(organization);
  return {
    letterhead_lines: settings.letterhead_lines.join('\n'),
    certificate_text: settings.certificate_text ?? '',
  };
};

/** The page of what stands on everything that the organization prints. */
@Controller('settings/letterhead')
export class LetterheadPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @Can('organization.configure')
  @Get()
  async show(@Req() request: AuthRequest) {
    const { organization, version } = await organizationToShow(this.em);
    return this.page(request, { ...fieldsOf(organization), version });
  }

  @Can('organization.configure')
  @TakesPicture()
  @Post()
  async change(@Req() request: AuthRequest, @Res() response: Response, @UploadedFile() file?: PictureFile) {
    const typed = (request.body ?? {}) as Record<string, unknown>;
    const done = await attempt(() => {
      const { remove_logo, ...texts } = parse(Typed, typed);
      const logo = file ? bytesOf(file) : remove_logo ? null : undefined;
      const seen = { ...seenIn(typed), logo: typeof typed.logo === 'string' ? typed.logo : null };
      return this.bus.execute(new ChangeLetterhead(texts, logo, seen));
    }, PICTURE_REFUSED);
    if (!done.refusals) return response.redirect(303, '/settings/letterhead?done=saved');
    const { refusals, data } = done;
    const { organization } = await organizationToShow(this.em);
    const { values, meanwhile } = besideTypedSettings(typed, data, organization, fieldsOf);
    const version = data?.version ?? typed.version;
    // Until he was told that there is another logo now, he has seen the one that his form says.
    const seen_logo = refusals.some(({ message }) => message === OTHER_LOGO.message) ? undefined : typed.logo;
    const html = await this.page(request, { ...values, version }, { refusals, meanwhile, seen_logo });
    return response.status(done.status).type('html').send(html);
  }

  @Can('organization.configure')
  @Get('logo')
  async logo(@Req() request: AuthRequest, @Res() response: Response) {
    const logo = await this.em.findOne(OrganizationLogo, {});
    if (!logo) throw notFound();
    await sendPicture(this.em, logo, request, response);
  }

  private async page(
    request: AuthRequest,
    values: Record<string, unknown>,
    more: { refusals?: Refusal[]; meanwhile?: Meanwhile[]; seen_logo?: unknown } = {},
  ) {
    const logo = await this.em.findOne(OrganizationLogo, {}, { refresh: true });
    const data = {
      values,
      refusals: [],
      ...more,
      logo: logo?.digest ?? null,
      seen_logo: more.seen_logo ?? logo?.digest ?? null,
      notice: request.query.done === 'saved' ? { kind: 'done' as const, text: 'The settings are saved.' } : null,
    };
    return this.reply.render('settings/letterhead.njk', data, request);
  }
}
