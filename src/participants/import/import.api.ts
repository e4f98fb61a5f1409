import { setTimeout as sleep } from 'node:timers/promises';
import { Body, Controller, Get, HttpCode, Post, UploadedFile, UseInterceptors } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { FileInterceptor } from '@nestjs/platform-express';
import { ApiConsumes, ApiTags } from '@nestjs/swagger';
import { Me, type SignedInUser } from '../../auth/index.js';
import { Can, Targets } from '../../platform/http/access.js';
import { invalid } from '../../platform/http/problem.js';
import { Target } from '../../platform/http/target.guard.js';
import { termsOf } from '../../tenancy/index.js';
import { importJson } from './import-json.js';
import { ImportJobs } from './import-jobs.js';
import { Import } from './import.entity.js';
import { type ImportKind } from './kinds.js';
import { BulkOptions, ReceiveUpload } from './receive-upload.js';
import { UndoImport } from './undo-import.js';
import { uploadOf, type MulterFile } from './upload.js';

const PEOPLE: ImportKind[] = ['participants', 'clever_students'];
const GROUPS: ImportKind[] = ['groups', 'clever_schools', 'clever_sections', 'clever_enrollments'];

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
  ) {}

  @Can('import.run')
  @Post('participants/bulk')
  @HttpCode(202)
  @ApiConsumes('multipart/form-data')
  @UseInterceptors(FileInterceptor('file'))
  participants(@Body({ schema: BulkOptions }) options: BulkOptions, @UploadedFile() file?: MulterFile) {
    return this.start(options, PEOPLE, file);
  }

  @Can('import.run')
  @Post('groups/bulk')
  @HttpCode(202)
  @ApiConsumes('multipart/form-data')
  @UseInterceptors(FileInterceptor('file'))
  groups(@Body({ schema: BulkOptions }) options: BulkOptions, @UploadedFile() file?: MulterFile) {
    return this.start(options, GROUPS, file);
  }

  @Can('import.run')
  @Targets({ id: Import })
  @Get('imports/:id')
  async get(@Target('id') job: Import, @Me() me: SignedInUser) {
    return { data: await importJson(this.em, job, termsOf(me.organization)) };
  }

  @Can('import.run')
  @Targets({ id: Import })
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
