import { setTimeout as sleep } from 'node:timers/promises';
import { Body, Controller, Get, HttpCode, Post, Query, Req, Res, UploadedFile, UseInterceptors } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { FileInterceptor } from '@nestjs/platform-express';
import { ApiConsumes, ApiProduces, ApiTags } from '@nestjs/swagger';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, type SignedInUser } from '../../auth/index.js';
import { Can, Targets } from '../../platform/http/access.js';
import { Answers, AnswersPage } from '../../platform/http/answers.js';
import { ChangedRecordOut, ImportOut, QueuedImportOut, QueuedImportsOut } from '../participant-answers.js';
import { TakesBodies } from '../../platform/http/body.js';
import { pagingFields } from '../../platform/http/paging.js';
import { invalid } from '../../platform/http/problem.js';
import { type AppRequest } from '../../platform/http/request.js';
import { Target } from '../../platform/http/target.guard.js';
import { XLSX_TYPE } from '../../platform/xlsx/workbook-stream.js';
import { termsOf } from '../../tenancy/index.js';
import { changedRecords } from './changed-records.query.js';
import { SendErrors } from './errors/send-errors.js';
import { importJson } from './import-json.js';
import { ImportJobs } from './import-jobs.js';
import { Import } from './import.entity.js';
import { type ImportKind } from './kinds.js';
import { ImportTogether } from './import-together.js';
import { RAW_TYPES, RawUpload } from './raw-upload.js';
import { BulkOptions, ImportOptions, ReceiveUpload } from './receive-upload.js';
import { UndoImport } from './undo-import.js';
import { uploadOf, type MulterFile } from './upload.js';

const PEOPLE: ImportKind[] = ['participants', 'clever_students', 'oneroster_users'];
const GROUPS: ImportKind[] = [
  'groups',
  'clever_schools',
  'clever_sections',
  'clever_enrollments',
  'oneroster_orgs',
  'oneroster_classes',
  'oneroster_enrollments',
];

/** A plain body has no fields: then nothing stands here. */
const FormOptions = z.preprocess((body) => body ?? {}, ImportOptions);

const changesQuery = z.strictObject({ page: pagingFields.page, per_page: pagingFields.per_page });

/** How long an answer waits for the work it started. */
const PATIENCE_MS = 2000;

/** REST: lists of people and groups as CSV files. */
@ApiTags('imports')
@Controller('api')
export class ImportApi {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly jobs: ImportJobs,
    private readonly sendErrors: SendErrors,
  ) {}

  @Can('import.run')
  @Answers(QueuedImportOut, 202)
  @Post('participants/bulk')
  @HttpCode(202)
  @ApiConsumes('multipart/form-data')
  @UseInterceptors(FileInterceptor('file'))
  participants(@Body({ schema: BulkOptions }) options: BulkOptions, @UploadedFile() file?: MulterFile) {
    return this.start(options, PEOPLE, file);
  }

  @Can('import.run')
  @Answers(QueuedImportOut, 202)
  @Post('groups/bulk')
  @HttpCode(202)
  @ApiConsumes('multipart/form-data')
  @UseInterceptors(FileInterceptor('file'))
  groups(@Body({ schema: BulkOptions }) options: BulkOptions, @UploadedFile() file?: MulterFile) {
    return this.start(options, GROUPS, file);
  }

  /** A file of any kind that is known: CSV, a workbook, an archive of CSV files; in a form, or as the body itself. */
  @Can('import.run')
  @Answers(QueuedImportsOut, 202)
  @Post('imports')
  @HttpCode(202)
  @TakesBodies(...Object.keys(RAW_TYPES))
  @ApiConsumes('multipart/form-data', ...Object.keys(RAW_TYPES))
  @UseInterceptors(FileInterceptor('file'), RawUpload)
  async importAny(
    @Query({ schema: ImportOptions }) query: ImportOptions,
    @Body({ schema: FormOptions }) body: ImportOptions,
    @UploadedFile() file?: MulterFile,
  ) {
    if (!file) throw invalid('file', 'Send the file as the field "file".', 'required');
    const { file_name, ...options } = { ...query, ...body };
    const upload = uploadOf({ ...file, originalname: file_name ?? file.originalname }, file_name !== undefined);
    const imports = await this.bus.execute<ImportTogether, Import[]>(new ImportTogether(upload, options));
    this.jobs.kick();
    return {
      data: { imports: imports.map(({ id, kind, fileName }) => ({ id, status: 'queued', kind, file_name: fileName })) },
    };
  }

  @Can('import.run')
  @Targets({ id: Import })
  @Answers(ImportOut)
  @Get('imports/:id')
  async get(@Target('id') job: Import, @Me() me: SignedInUser) {
    return { data: await importJson(this.em, job, termsOf(me.organization)) };
  }

  /** The records that were there before and were changed; of a trial run, those that would be. */
  @Can('import.run')
  @Targets({ id: Import })
  @AnswersPage(ChangedRecordOut)
  @Get('imports/:id/changes')
  async changes(@Target('id') job: Import, @Query({ schema: changesQuery }) paging: z.output<typeof changesQuery>) {
    const { records, total } = await changedRecords(this.em, job, paging);
    return { data: records, meta: { ...paging, total, next: null } };
  }

  /** The rows that were not taken, in the form of the file, each with what is wrong with it. */
  @Can('import.run')
  @Targets({ id: Import })
  @ApiProduces('text/csv', XLSX_TYPE)
  @Get('imports/:id/errors')
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
  @Answers(ImportOut)
  @Post('imports/:id/undo')
  @HttpCode(200)
  async undo(@Target('id') job: Import, @Me() me: SignedInUser) {
    await this.bus.execute(new UndoImport(job.id));
    this.jobs.kick();
    // A small import is undone before the answer; for a large one the caller asks again.
    await Promise.race([this.jobs.idle(), sleep(PATIENCE_MS, undefined, { ref: false })]);
    await this.em.refresh(job);
    return { data: await importJson(this.em, job, termsOf(me.organization)) };
  }

  private async start(options: BulkOptions, kinds: ImportKind[], file?: MulterFile) {
    if (!file) throw invalid('file', 'Send the file as the field "file".', 'required');
    const id = await this.bus.execute<ReceiveUpload, number>(new ReceiveUpload(uploadOf(file), { ...options, kinds }));
    this.jobs.kick();
    return { data: { id, status: 'queued' } };
  }
}
