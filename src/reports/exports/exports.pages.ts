import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, type SignedInUser } from '../../auth/index.js';
import { groupOptions, ownGroupsOf } from '../../participants/index.js';
import { Can, Targets } from '../../platform/http/access.js';
import { attempt } from '../../platform/http/form.js';
import { pagingFields } from '../../platform/http/paging.js';
import { flag, id, parse } from '../../platform/http/parse.js';
import { type Refusal } from '../../platform/http/problem.js';
import { Reply } from '../../platform/http/reply.js';
import { isFragment, type AppRequest } from '../../platform/http/request.js';
import { Target } from '../../platform/http/target.guard.js';
import { reportFields } from '../asked.js';
import { AskExport, NewExport } from './ask-export.js';
import { CancelExport } from './cancel-export.js';
import { ExportJobs } from './export-jobs.js';
import { failureOf } from './export-job.js';
import { Export } from './export.entity.js';
import { KEPT_DAYS, MOST_OPEN } from './kept-files.js';
import { ownExport } from './own-export.js';
import { SendExport } from './send-export.js';
import { LISTS, sourceOf } from './sources.js';
import { subjectsOf } from './subjects.query.js';

const listQuery = z.object({ page: pagingFields.page });
/** A form has its filters beside the rest, and an unticked box says nothing. */
const Typed = z.record(z.string(), z.string()).catch({});
const PER_PAGE = 20;

/** Pages: the files that somebody asked for, from their asking to their end. */
@Controller('reports/exports')
export class ExportsPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly jobs: ExportJobs,
    private readonly reply: Reply,
    private readonly sendExport: SendExport,
  ) {}

  @Can('export.run')
  @Get()
  list(
    @Query({ schema: listQuery }) { page }: z.output<typeof listQuery>,
    @Me() me: SignedInUser,
    @Req() request: AppRequest,
  ) {
    return this.page(me, request, page);
  }

  @Can('export.run')
  @Post()
  async ask(@Body() body: unknown, @Me() me: SignedInUser, @Req() request: AppRequest, @Res() response: Response) {
    const typed = Typed.parse(body);
    const asked = await attempt(() => this.bus.execute(new AskExport(newExport(typed), me)), [429]);
    if (asked.refusals) {
      const html = await this.page(me, request, 1, { typed, refusals: asked.refusals });
      return response.status(asked.status).type('html').send(html);
    }
    this.jobs.kick();
    return response.redirect(303, '/reports/exports');
  }

  @Can('export.run')
  @Targets({ id: Export })
  @Get(':id/file')
  async file(@Target('id') job: Export, @Me() me: SignedInUser, @Res() response: Response) {
    await this.sendExport.send(ownExport(job, me), me, response);
  }

  @Can('export.run')
  @Targets({ id: Export })
  @Post(':id/cancel')
  async cancel(@Target('id') job: Export, @Body() body: unknown, @Me() me: SignedInUser, @Res() response: Response) {
    // Who stops what was made in the same moment has not said that he wants to see it no more.
    const isToldOf = !('remove' in Typed.parse(body));
    await this.bus.execute(new CancelExport(ownExport(job, me).id, isToldOf));
    response.redirect(303, '/reports/exports');
  }

  private async page(
    me: SignedInUser,
    request: AppRequest,
    page: number,
    refused?: { typed: Record<string, string>; refusals: Refusal[] },
  ) {
    const [files, total] = await this.em.findAndCount(
      Export,
      { user: me.id },
      { orderBy: { id: 'desc' }, limit: PER_PAGE, offset: (page - 1) * PER_PAGE },
    );
    const subjects = await subjectsOf(this.em, files, ownGroupsOf(me));
    const data = {
      files: files.map((job, at) => {
        const source = sourceOf(job.report, job.filters, job.format);
        return {
          job,
          subject: subjects[at],
          title: source?.title ?? job.report,
          has_rows: !!source && !('paper' in source.content),
          failure: failureOf(job),
          share: job.total > 0 ? Math.min(1, job.processed / job.total) : 0,
        };
      }),
      open: files.some(isOpen),
      meta: { page, per_page: PER_PAGE, total },
    };
    if (isFragment(request) && !refused) return this.reply.render('reports/_exports.njk', data, request);
    const form = {
      lists: LISTS.map(({ code, title }) => ({ code, title })),
      group_options: await groupOptions(this.em, ownGroupsOf(me), id.safeParse(refused?.typed.group_id).data),
      values: refused?.typed ?? { report: 'presence', format: 'csv', bom: 'on' },
      refusals: refused?.refusals,
      kept_days: KEPT_DAYS,
      most_open: MOST_OPEN,
    };
    return this.reply.render('reports/exports.njk', { ...data, ...form }, request);
  }
}

const isOpen = ({ status }: Export): boolean => status === 'queued' || status === 'running';

/** @throws Problem 422 */
function newExport(typed: Record<string, string>): NewExport {
  const filters = Object.fromEntries(
    Object.entries(typed).filter(([name, value]) => name in reportFields && value !== ''),
  );
  const { report, format } = typed;
  return parse(NewExport, { report, format, filters, bom: flag.catch(false).parse(typed.bom) });
}
