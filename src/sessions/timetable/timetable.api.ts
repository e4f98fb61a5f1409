import { Body, Controller, Inject, Post, UploadedFile, UseInterceptors } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { FileInterceptor } from '@nestjs/platform-express';
import { ApiConsumes, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Me, type SignedInUser } from '../../auth/index.js';
import { type Config } from '../../platform/config.js';
import { uploadsFolder } from '../../platform/files.js';
import { Can } from '../../platform/http/access.js';
import { Answers } from '../../platform/http/answers.js';
import { TimetableOut } from '../session-answers.js';
import { flag, id } from '../../platform/http/parse.js';
import { invalid } from '../../platform/http/problem.js';
import { filled, termParams } from '../../platform/i18n.js';
import { termsOf } from '../../tenancy/index.js';
import { type ImportOutcome, ImportTimetable } from './import-timetable.js';
import { readUpload } from './kept-file.js';

const TimetableOptions = z
  .strictObject({
    group_id: z.preprocess((value) => (value === '' ? undefined : value), id.optional()),
    dry_run: flag.default(false),
  })
  .meta({ id: 'TimetableOptions' });

/** So many reasons an answer tells. */
const TOLD = 500;

/** REST: a timetable as an iCalendar file. */
@ApiTags('sessions')
@Controller('api/sessions/import')
export class TimetableApi {
  private readonly folder: string;

  constructor(
    private readonly bus: CommandBus,
    @Inject('config') config: Config,
  ) {
    this.folder = uploadsFolder(config);
  }

  @Can('session.manage')
  @Answers(TimetableOut, 201)
  @Post()
  @ApiConsumes('multipart/form-data')
  @UseInterceptors(FileInterceptor('file'))
  async import(
    @Body({ schema: TimetableOptions }) options: z.output<typeof TimetableOptions>,
    @Me() me: SignedInUser,
    @UploadedFile() file?: { filename: string },
  ) {
    if (!file) throw invalid('file', 'Send the file as the field "file".', 'required');
    const text = await readUpload(this.folder, file.filename);
    const { timeZone } = me.organization;
    const act = new ImportTimetable(text, { group: options.group_id ?? null, timeZone, dryRun: options.dry_run });
    const { errors, examples: _examples, ...counts } = await this.bus.execute<ImportTimetable, ImportOutcome>(act);
    const terms = termParams(termsOf(me.organization));
    const told = errors.slice(0, TOLD).map(({ number, code, message, params, summary }) => ({
      row: number,
      code,
      message: filled(message, { ...terms, ...params }),
      summary,
    }));
    return { data: { dry_run: options.dry_run, ...counts, errors: told, errors_total: errors.length } };
  }
}
