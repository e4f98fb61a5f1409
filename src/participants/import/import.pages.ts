import { existsSync } from 'node:fs';
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
import { changedRecords } from './changed-records.query.js';
import { SendErrors } from './errors/send-errors.js';
import { guessFor, withDateFormats } from './guess-dates.js';
import { ImportRow } from './import-row.entity.js';
import { keptRows, termParams, toldRows } from './import-json.js';
import { FILE_KEPT_MS, ImportJobs } from './import-jobs.js';
import { Import } from './import.entity.js';
import { failureOf } from './job.js';
import { rankOf } from './kind-order.js';
import { importKinds, type ImportKind } from './kinds.js';
import { type RowProblem } from './problem.js';
import { CHANGES_ON_A_PAGE, previewOf } from './preview.query.js';
import { recordsOf } from './records.js';
import { rememberedSince } from './remember-mapping.js';
import { Reading, type Read } from './reading.js';
import { ReceiveUpload, type Upload } from './receive-upload.js';
import { type TableShape } from './read-table.js';
import { recognitionOf } from './run-import.js';
import { ChooseColumns, DiscardUpload, GuessColumns, StartImport, StartInput, WaitAgain } from './start-import.js';
import { isArchive } from './workbook/open-upload.js';
import { UndoImport } from './undo-import.js';
import { uploadOf, type MulterFile } from './upload.js';

const listQuery = z.object({
  page: pagingFields.page,
  /** The page that asks again shows a file that is being read. */
  reading: z.string().optional(),
});
const resultQuery = z.object({
  page: pagingFields.page,
  warnings: pagingFields.page,
  kept: pagingFields.page,
  changes: pagingFields.page,
});
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
    private readonly sendErrors: SendErrors,
    private readonly reading: Reading,
    @Inject('config') config: Config,
  ) {
    this.folder = uploadsFolder(config);
  }

  @Can('import.run')
  @Get()
  async list(
    @Query({ schema: listQuery }) { page, reading }: z.output<typeof listQuery>,
    @Req() request: AppRequest,
    @Res({ passthrough: true }) response: Response,
  ) {
    // What was read waits in another part of the page.
    if (reading && isFragment(request) && (await this.em.count(Import, { status: 'reading' })) === 0)
      response.setHeader('HX-Refresh', 'true');
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
    const deadline = performance.now() + this.reading.patienceMs;
    for (const file of chosen) {
      const upload = uploadOf(file);
      const read = await this.take(upload, Math.max(0, deadline - performance.now()));
      ids.push(...read.ids);
      refused.push(...read.refused);
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
      const preview = await previewOf(this.em, job, uploadedFile(this.folder, job.filePath), query.changes);
      const since = await rememberedSince(this.em, preview.shape.header, preview.recognition);
      const data = { job, params, records: recordsOf(preview.counts), query, since, ...preview };
      return this.reply.render('import/preview.njk', data, request);
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
    const changes = await changedRecords(this.em, job, { page: query.changes, per_page: CHANGES_ON_A_PAGE });
    // Passed over without a sentence: OneRoster's guardians.
    const told = await this.em.count(ImportRow, { import: job.id, outcome: 'skipped' });
    const family = job.kind.startsWith('oneroster_') && !failureOf(job) ? job.skippedCount - told : 0;
    const data = {
      job,
      params,
      failure: failureOf(job),
      mendable: this.sendErrors.available(job),
      kept_until: job.finishedAt && new Date(job.finishedAt.getTime() + FILE_KEPT_MS),
      errors,
      warnings,
      kept,
      kept_meta: { ...paging(query.kept), total: keptTotal },
      undone,
      family,
      records: recordsOf(job),
      changes: { ...changes, meta: { page: query.changes, per_page: CHANGES_ON_A_PAGE, total: changes.total } },
      startable: job.dryRun && job.status === 'done' && existsSync(uploadedFile(this.folder, job.filePath)),
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
      const next = job.status === 'preview' && job.shape.together ? '/import' : `/import/${job.id}`;
      if (!isFragment(request)) return response.redirect(303, next);
      return response.setHeader('HX-Redirect', next).status(200).end();
    }
    const data = { job, ...(await this.progressOf(job)) };
    return response.type('html').send(this.reply.render('import/_progress.njk', data, request));
  }

  /** The rows that were not taken, in the form of the file, each with what is wrong with it. */
  @Can('import.run')
  @Targets({ id: Import })
  @Get(':id/errors')
  async errors(
    @Target('id') job: Import,
    @Me() me: SignedInUser,
    @Req() request: AppRequest,
    @Res() response: Response,
  ) {
    await this.sendErrors.send(job, me, request, response);
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
    const dated = this.fileOf(job) ? await withDateFormats(...this.fileOf(job)!, input.kind, mapping) : mapping;
    await this.bus.execute(new ChooseColumns(job.id, input.kind, dated));
    response.redirect(303, `/import/${job.id}`);
  }

  @Can('import.run')
  @Targets({ id: Import })
  @Post(':id/guess')
  async guess(@Target('id') job: Import, @Res() response: Response) {
    await this.bus.execute(new GuessColumns(job.id, this.fileOf(job) && (await guessFor(...this.fileOf(job)!))));
    response.redirect(303, `/import/${job.id}#columns`);
  }

  /** From a trial run back to the columns. */
  @Can('import.run')
  @Targets({ id: Import })
  @Post(':id/wait')
  async wait(@Target('id') job: Import, @Res() response: Response) {
    await this.bus.execute(new WaitAgain(job.id));
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

  /** The file of an import that waits, and its shape; null when it does not wait any more. */
  private fileOf(job: Import): [file: string, shape: TableShape] | null {
    const file = uploadedFile(this.folder, job.filePath);
    return job.status === 'preview' && existsSync(file) ? [file, job.shape as unknown as TableShape] : null;
  }

  /** A plain file waits at once; an archive or workbook is read first. */
  private async take(upload: Upload, patience: number): Promise<Read> {
    if (await isArchive(uploadedFile(this.folder, upload.path))) return this.reading.begin(upload, patience);
    try {
      return { ids: [await this.bus.execute<ReceiveUpload, number>(new ReceiveUpload(upload))], refused: [] };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return { ids: [], refused: [{ file: upload.fileName, refusal: error.refusals[0]! }] };
    }
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
    const data = {
      waiting,
      ready,
      past,
      meta: { page, per_page: 20, total },
      open: past.some(isOpen),
      reading: past.some(({ status }) => status === 'reading'),
      refused,
    };
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
  job.status === 'reading' || job.status === 'queued' || job.status === 'running' || job.status === 'undoing';
