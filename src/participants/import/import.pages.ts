import { Body, Controller, Get, HttpCode, Post, Query, Req, Res, UploadedFiles, UseInterceptors } from '@nestjs/common';
import { Inject } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { FilesInterceptor } from '@nestjs/platform-express';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, type SignedInUser } from '../../auth/index.js';
import { type Config } from '../../platform/config.js';
import { uploadedFile, uploadsFolder } from '../../platform/files.js';
import { Can, Targets } from '../../platform/http/access.js';
import { pagingFields } from '../../platform/http/paging.js';
import { Problem, type Refusal } from '../../platform/http/problem.js';
import { Reply } from '../../platform/http/reply.js';
import { isFragment, type AppRequest } from '../../platform/http/request.js';
import { Target } from '../../platform/http/target.guard.js';
import { termsOf } from '../../tenancy/index.js';
import { ImportRow } from './import-row.entity.js';
import { keptRows, termParams, toldRows } from './import-json.js';
import { ImportJobs } from './import-jobs.js';
import { Import } from './import.entity.js';
import { failureOf } from './job.js';
import { rankOf } from './kind-order.js';
import { importKinds, type ImportKind } from './kinds.js';
import { type RowProblem } from './problem.js';
import { previewOf } from './preview.query.js';
import { ReceiveUpload } from './receive-upload.js';
import { recognitionOf } from './run-import.js';
import { ChooseColumns, DiscardUpload, StartImport, StartInput } from './start-import.js';
import { UndoImport } from './undo-import.js';
import { uploadOf, type MulterFile } from './upload.js';

const listQuery = z.object({ page: pagingFields.page });
const resultQuery = z.object({ page: pagingFields.page, warnings: pagingFields.page, kept: pagingFields.page });
const columnsInput = z
  .object({ kind: z.enum(importKinds as [ImportKind, ...ImportKind[]], { error: 'Choose what this file holds.' }) })
  .catchall(z.string().max(200));

const PER_PAGE = 50;

/** Pages: upload, preview, progress, result, undo. */
@Controller('import')
export class ImportPages {
  private readonly folder: string;

  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly jobs: ImportJobs,
    private readonly reply: Reply,
    @Inject('config') config: Config,
  ) {
    this.folder = uploadsFolder(config);
  }

  @Can('import.run')
  @Get()
  async list(@Query({ schema: listQuery }) { page }: z.output<typeof listQuery>, @Req() request: AppRequest) {
    return this.listPage(request, page);
  }

  @Can('import.run')
  @Post()
  @UseInterceptors(FilesInterceptor('files', 10))
  async upload(@Req() request: AppRequest, @Res() response: Response, @UploadedFiles() files: MulterFile[] = []) {
    const refused: { file: string; refusal: Refusal }[] = [];
    const ids: number[] = [];
    // A browser sends one nameless, empty file when none was chosen.
    const chosen = files.filter((file) => file.size > 0 || file.originalname !== '');
    for (const file of chosen) {
      const upload = uploadOf(file);
      try {
        ids.push(await this.bus.execute<ReceiveUpload, number>(new ReceiveUpload(upload)));
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        refused.push({ file: upload.fileName, refusal: error.refusals[0]! });
      }
    }
    if (chosen.length === 0)
      refused.push({ file: '', refusal: { code: 'required', message: 'Choose at least one file.', field: 'files' } });
    if (refused.length > 0) return response.status(422).send(await this.listPage(request, 1, refused));
    return response.redirect(303, ids.length === 1 ? `/import/${ids[0]}` : '/import');
  }

  @Can('import.run')
  @Post('start')
  async startAll(@Body({ schema: StartInput }) input: StartInput, @Res() response: Response) {
    await this.bus.execute(new StartImport(input));
    this.jobs.kick();
    response.redirect(303, input.ids.length === 1 ? `/import/${input.ids[0]}` : '/import');
  }

  @Can('import.run')
  @Targets({ id: Import })
  @Get(':id')
  async page(
    @Target('id') job: Import,
    @Query({ schema: resultQuery }) query: z.output<typeof resultQuery>,
    @Req() request: AppRequest,
    @Me() me: SignedInUser,
  ) {
    const params = paramsWith(termParams(termsOf(me.organization)));
    if (job.status === 'preview') {
      const preview = await previewOf(this.em, job, uploadedFile(this.folder, job.filePath));
      return this.reply.render('import/preview.njk', { job, params, ...preview }, request);
    }
    if (isOpen(job)) return this.reply.render('import/progress.njk', { job, ...(await this.progressOf(job)) }, request);
    const paging = (page: number) => ({ page, per_page: PER_PAGE });
    const errors = await toldRows(this.em, job, ['failed', 'skipped'], paging(query.page));
    const warnings = await toldRows(this.em, job, ['created', 'updated', 'unchanged'], paging(query.warnings));
    const keptTotal = job.status === 'undone' ? await this.em.count(ImportRow, { import: job.id, undone: 'kept' }) : 0;
    const kept = keptTotal
      ? await keptRows(this.em, job, { limit: PER_PAGE, offset: (query.kept - 1) * PER_PAGE })
      : [];
    const undone = job.status === 'undone' ? await this.em.count(ImportRow, { import: job.id, undone: 'undone' }) : 0;
    const invited = await this.em.count(ImportRow, { import: job.id, table: 'users', outcome: 'created' });
    const data = {
      job,
      params,
      failure: failureOf(job),
      errors,
      warnings,
      kept,
      kept_meta: { ...paging(query.kept), total: keptTotal },
      undone,
      invited,
      query,
    };
    return this.reply.render('import/result.njk', data, request);
  }

  @Can('import.run')
  @Targets({ id: Import })
  @Get(':id/progress')
  async progress(@Target('id') job: Import, @Req() request: AppRequest, @Res() response: Response) {
    // The page of an import that has ended is another one: go there.
    if (!isOpen(job)) {
      if (!isFragment(request)) return response.redirect(303, `/import/${job.id}`);
      return response.setHeader('HX-Redirect', `/import/${job.id}`).status(200).end();
    }
    const data = { job, ...(await this.progressOf(job)) };
    return response.type('html').send(this.reply.render('import/_progress.njk', data, request));
  }

  @Can('import.run')
  @Targets({ id: Import })
  @Post(':id/columns')
  async columns(
    @Target('id') job: Import,
    @Body({ schema: columnsInput }) input: z.output<typeof columnsInput>,
    @Res() response: Response,
  ) {
    const { header } = job.shape as { header: string[] };
    const mapping: Record<string, string> = {};
    header.forEach((name, at) => {
      const field = (input as Record<string, string>)[`column_${at}`];
      if (name === '' || field === undefined) return;
      const format = (input as Record<string, string>)[`format_${at}`];
      mapping[name] = format ? `${field}:${format}` : field;
    });
    await this.bus.execute(new ChooseColumns(job.id, input.kind, mapping));
    response.redirect(303, `/import/${job.id}`);
  }

  @Can('import.run')
  @Targets({ id: Import })
  @Post(':id/discard')
  async discard(@Target('id') job: Import, @Res() response: Response) {
    await this.bus.execute(new DiscardUpload(job.id));
    response.redirect(303, '/import');
  }

  @Can('import.run')
  @Targets({ id: Import })
  @Post(':id/undo')
  @HttpCode(303)
  async undo(@Target('id') job: Import, @Res() response: Response) {
    await this.bus.execute(new UndoImport(job.id));
    this.jobs.kick();
    response.redirect(303, `/import/${job.id}`);
  }

  private async listPage(request: AppRequest, page: number, refused: { file: string; refusal: Refusal }[] = []) {
    const waiting = await this.em.find(Import, { status: 'preview' }, { orderBy: { id: 'asc' }, limit: 50 });
    waiting.sort((a, b) => rankOf(a.kind) - rankOf(b.kind) || a.id - b.id);
    const [past, total] = await this.em.findAndCount(
      Import,
      { status: { $ne: 'preview' } },
      { orderBy: { id: 'desc' }, limit: 20, offset: (page - 1) * 20 },
    );
    const ready = waiting.filter((job) => recognitionOf(job).problems.length === 0);
    const data = { waiting, ready, past, meta: { page, per_page: 20, total }, open: past.some(isOpen), refused };
    const view = isFragment(request) && refused.length === 0 ? 'import/_past.njk' : 'import/list.njk';
    return this.reply.render(view, data, request);
  }

  private async progressOf(job: Import) {
    if (job.status !== 'undoing') return { done: job.processed, all: job.total };
    const all = await this.em.count(ImportRow, { import: job.id, record: { $ne: null } });
    const left = await this.em.count(ImportRow, { import: job.id, record: { $ne: null }, undone: null });
    return { done: all - left, all };
  }
}

/** Fills a sentence about a row: with the organization's words, and with the names under which a page shows fields. */
const paramsWith =
  (words: Record<string, string>) => (note: Pick<RowProblem, 'params'>, fields: Record<string, string>) => ({
    ...words,
    ...note.params,
    ...('field' in note.params ? { field: fields[note.params.field!] ?? note.params.field } : {}),
  });

const isOpen = (job: Import): boolean =>
  job.status === 'queued' || job.status === 'running' || job.status === 'undoing';
