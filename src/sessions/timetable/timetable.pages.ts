import { Controller, Get, Inject, Post, Req, Res, UploadedFile, UseInterceptors } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { FileInterceptor } from '@nestjs/platform-express';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, type AuthRequest, type SignedInUser } from '../../auth/index.js';
import { groupOptions } from '../../participants/index.js';
import { type Config } from '../../platform/config.js';
import { removeUpload, uploadsFolder } from '../../platform/files.js';
import { Can } from '../../platform/http/access.js';
import { id as idText, parse } from '../../platform/http/parse.js';
import { invalid } from '../../platform/http/problem.js';
import { Reply } from '../../platform/http/reply.js';
import { calendarRefused } from './calendar-refused.js';
import { type ImportOutcome, ImportTimetable } from './import-timetable.js';
import { keepFile, keptFile } from './kept-file.js';

const GroupForm = z.object({
  group_id: z.preprocess((value) => (value === '' || value === undefined ? null : value), idText.nullable()),
});
/** So many events that could not be used are listed. */
const TOLD = 100;

/** Pages: a timetable is uploaded, what it would do is shown, and then it is done. */
@Controller('sessions/import')
export class TimetablePages {
  private readonly folder: string;

  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
    @Inject('config') config: Config,
  ) {
    this.folder = uploadsFolder(config);
  }

  @Can('session.manage')
  @Get()
  async form(@Req() request: AuthRequest) {
    return this.page(request, {});
  }

  @Can('session.manage')
  @Post()
  @UseInterceptors(FileInterceptor('file'))
  async preview(
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Me() me: SignedInUser,
    @UploadedFile() file?: { filename: string; size: number },
  ) {
    // A browser sends a nameless, empty file when none was chosen.
    const name = file && file.size > 0 ? await keepFile(this.folder, file.filename, me) : null;
    if (file && !name) await removeUpload(this.folder, file.filename);
    const done = await calendarRefused(async () => {
      if (!name) throw invalid('file', 'Choose a file.', 'required');
      return this.run(request, me, name, true);
    });
    if (done.refusals && name) await removeUpload(this.folder, name);
    const data = done.refusals ? { refusals: done.refusals } : { outcome: done.value, file: name };
    response
      .status(done.refusals ? done.status : 200)
      .type('html')
      .send(await this.page(request, data));
  }

  @Can('session.manage')
  @Post('start')
  async start(@Req() request: AuthRequest, @Res() response: Response, @Me() me: SignedInUser) {
    const { file } = (request.body ?? {}) as { file?: string };
    const done = await calendarRefused(() => this.run(request, me, file, false));
    if (!done.refusals) await removeUpload(this.folder, file!);
    const data = done.refusals ? { refusals: done.refusals } : { outcome: done.value, done: true };
    response
      .status(done.refusals ? done.status : 200)
      .type('html')
      .send(await this.page(request, data));
  }

  private async run(request: AuthRequest, me: SignedInUser, file: unknown, dryRun: boolean): Promise<ImportOutcome> {
    const { group_id } = parse(GroupForm, request.body ?? {});
    const text = await keptFile(this.folder, file, me);
    const { timeZone } = me.organization;
    return this.bus.execute<ImportTimetable, ImportOutcome>(
      new ImportTimetable(text, { group: group_id, timeZone, dryRun }),
    );
  }

  private async page(request: AuthRequest, data: Record<string, unknown> & { outcome?: ImportOutcome | null }) {
    const values = { group_id: (request.body as { group_id?: unknown } | undefined)?.group_id ?? '' };
    const chosen = idText.safeParse(values.group_id).data;
    const group_options = await groupOptions(this.em, null, chosen);
    const errors_shown = data.outcome?.errors.slice(0, TOLD) ?? [];
    return this.reply.render('sessions/import.njk', { values, group_options, errors_shown, ...data }, request);
  }
}
