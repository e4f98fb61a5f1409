import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { type SignedInUser } from '../auth/index.js';
import { translatorOf } from '../platform/i18n.js';
import { permissionDenied, Problem } from '../platform/http/problem.js';
import { XLSX_TYPE } from '../platform/xlsx/workbook-stream.js';
import { type Asked, type FileQuery, type ReportQuery } from './asked.js';
import { AskExport, exportAsked } from './exports/ask-export.js';
import { ExportJobs } from './exports/export-jobs.js';
import { failureOf } from './exports/export-job.js';
import { exportJson } from './exports/export-json.js';
import { CancelExport } from './exports/cancel-export.js';
import { exportReach } from './exports/export-reach.js';
import { Export } from './exports/export.entity.js';
import { type Format } from './exports/formats.js';
import { sayer } from './exports/sayer.js';
import { SendExport } from './exports/send-export.js';
import { CSV_TYPE, csvOf } from './files/csv.js';
import { fileNameOf } from './files/file-name.js';
import { workbookOf } from './files/workbook.js';
import { type Report, wholeOf } from './report.js';
import { type Row } from './report-table.js';

/** Rows of a file that is written while somebody waits for it. */
const MOST_ROWS = 20_000;
/** How long somebody waits for paper before he is told where to fetch it. Milliseconds. */
const PATIENCE_MS = 25_000;

/** Sends a report as a file at once; what takes longer is made in the background (exports/). */
@Injectable()
export class SendReport {
  constructor(
    private readonly em: EntityManager,
    private readonly bus: CommandBus,
    private readonly jobs: ExportJobs,
    private readonly sendExport: SendExport,
  ) {}

  /**
   * CSV and workbooks are read at once and written as they are sent. Paper is set by the worker, never on the thread of requests: its answer
   * is waited for, and where that takes too long it is 202 with the export.
   * @throws Problem 422 when it is too much to be sent at once
   */
  async send(
    report: Report,
    question: { query: ReportQuery; asked: Asked; format: Format; bom: boolean },
    me: SignedInUser,
    response: Response,
  ): Promise<void> {
    if (question.format === 'pdf') return this.onPaper(report.code, question.query, me, response);
    const { asked, format, bom } = question;
    if (!exportReach(me, report.code)) throw permissionDenied();
    // In one piece: between two of them marks come and go, and a row would stand there twice, or not at all.
    const whole = await wholeOf(report, this.em, asked, MOST_ROWS + 1);
    const rows: Row[] = [];
    for await (const piece of whole.all) {
      for (const row of piece) rows.push(row);
      if (rows.length > MOST_ROWS) throw new Problem(422, { ...TOO_MUCH, params: { most: MOST_ROWS } });
    }
    const { locale, say } = sayer(me);
    const table = { ...whole, rows: inPieces(rows) };
    const reader = { say, timeZone: me.organization.timeZone, rightToLeft: translatorOf(locale).direction === 'rtl' };
    const file = format === 'csv' ? csvOf(table, { bom }) : workbookOf(report.code, table, reader);
    response.attachment(fileNameOf(report.code, { from: asked.firstDay, to: asked.lastDay }, asked.today, format));
    response.setHeader('Content-Type', format === 'csv' ? CSV_TYPE : XLSX_TYPE);
    try {
      await pipeline(Readable.from(file), response);
    } catch (error) {
      // Who stopped the download does not wait for an answer.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    }
  }

  /**
   * A report or a paper as PDF, set by the worker.
   * @param code of a report or of a paper
   */
  async onPaper(code: string, filters: FileQuery, me: SignedInUser, response: Response): Promise<void> {
    const input = { report: code, format: 'pdf' as const, filters, bom: false };
    if (response.req.method === 'HEAD') {
      // Who only asks whether it can be had is told, and has nothing printed.
      await exportAsked(this.em, input, me);
      return void response.type('application/pdf').end();
    }
    const id = await this.bus.execute<AskExport, number>(new AskExport(input, me));
    this.jobs.kick();
    const job = await this.em.findOneOrFail(Export, { id });
    // Whoever sees only himself has no list of files to come back to.
    const isOwn = exportReach(me, code) === 'own';
    let isForLater = false;
    let isGone = false;
    response.once('close', () => (isGone = !response.writableFinished));
    try {
      for (const end = performance.now() + PATIENCE_MS; job.status === 'queued' || job.status === 'running';) {
        if (performance.now() > end) {
          if (isOwn) throw new Problem(503, TOO_SLOW, { headers: { 'Retry-After': '60' } });
          isForLater = true;
          return void response.status(202).json({ data: exportJson(job, me) });
        }
        await setTimeout(100);
        // Whoever went away, or took it from the list elsewhere, waits for nothing: it is not made, and blocks nobody.
        if (isGone || !(await this.em.findOne(Export, { id }, { refresh: true }))) return;
      }
      const failure = failureOf(job);
      if (failure) throw new Problem(422, { ...failure, field: 'format' });
      await this.sendExport.send(job, me, response);
    } finally {
      // He has it, was told why not, or went away: in the list of files nobody looks for it, and its room is for others.
      if (!isForLater) await this.bus.execute(new CancelExport(id, false));
    }
  }
}

async function* inPieces(rows: Row[]): AsyncGenerator<Row[]> {
  for (let at = 0; at < rows.length; at += 1000) yield rows.slice(at, at + 1000);
}

const TOO_SLOW = {
  code: 'too_many_requests',
  message: 'So much is being printed just now that this takes too long. Nothing is lost: try again in a minute.',
};
const TOO_MUCH = {
  code: 'invalid',
  field: 'format',
  message: 'This is more than {most} rows. Have the file made in the background, or choose a shorter time.',
};
