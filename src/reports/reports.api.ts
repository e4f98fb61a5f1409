import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { type Response } from 'express';
import { EntityManager } from '@mikro-orm/core';
import { ApiProduces, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Me, MyReach, type AuthRequest, type Reach, type SignedInUser } from '../auth/index.js';
import { Can } from '../platform/http/access.js';
import { AnswersBody } from '../platform/http/answers.js';
import { pagingFields } from '../platform/http/paging.js';
import { flag } from '../platform/http/parse.js';
import { XLSX_TYPE } from '../platform/xlsx/workbook-stream.js';
import { filled, termParams } from '../platform/i18n.js';
import { termsOf } from '../tenancy/index.js';
import { askedOf, fileFields, reportFields } from './asked.js';
import { jsonRows } from './json-rows.js';
import { REPORTS, reportOf } from './kinds/index.js';
import { PAPERS } from './papers/index.js';
import { pageCursor, pageOf } from './report-paging.js';
import { refuseFilters } from './report.js';
import { SendReport } from './send-report.js';
import { refuseUncounted } from './tallies/place-anew.js';

const Question = z.object({
  ...reportFields,
  page: pagingFields.page,
  per_page: pagingFields.per_page,
  cursor: pageCursor,
  format: z.enum(['json', 'csv', 'xlsx', 'pdf'], { error: 'Choose json, csv, xlsx or pdf.' }).default('json'),
  /** CSV: begins with the mark of UTF-8, for Excel. */
  bom: flag.default(false),
});
type Question = z.output<typeof Question>;

const { participant_id, from, to, session_id } = fileFields;
/** What a paper does not know it refuses: it must not hold more than was meant. */
const PaperQuestion = z.strictObject({ participant_id, from, to, session_id, format: z.literal('pdf').optional() });

const value = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const ReportOut = z
  .object({
    data: z.array(z.record(z.string(), value)),
    meta: z.looseObject({
      page: z.int(),
      per_page: z.int(),
      total: z.int(),
      total_exact: z.boolean().optional(),
      next: z.string().nullable(),
      columns: z.array(z.string()),
      totals: z.record(z.string(), value).nullable(),
      notes: z.array(z.string()).meta({ description: 'What the figures mean, in English.' }),
    }),
  })
  .meta({ id: 'Report' });

/** Addresses are the same in capital letters. */
const codeIn = (request: AuthRequest): string => request.path.split('/')[3]!.toLowerCase();

/** REST: reports as rows. The statement of a person is open to himself; everything else needs the right to see reports. */
@ApiTags('reports')
@Controller('api/reports')
export class ReportsApi {
  constructor(
    private readonly em: EntityManager,
    private readonly sendReport: SendReport,
  ) {}

  @Can('report.view', { own: true })
  @AnswersBody(ReportOut)
  @ApiProduces('application/json', 'text/csv', XLSX_TYPE, 'application/pdf')
  @Get('statement')
  statement(
    @Query({ schema: Question }) question: Question,
    @Me() me: SignedInUser,
    @MyReach() reach: Reach,
    @Res() response: Response,
  ) {
    return this.answer('statement', question, { me, reach, response });
  }

  @Can('report.view')
  @AnswersBody(ReportOut)
  @ApiProduces('application/json', 'text/csv', XLSX_TYPE, 'application/pdf')
  @Get(REPORTS.map(({ code }) => code).filter((code) => code !== 'statement'))
  report(
    @Query({ schema: Question }) question: Question,
    @Me() me: SignedInUser,
    @MyReach() reach: Reach,
    @Req() request: AuthRequest,
    @Res() response: Response,
  ) {
    return this.answer(codeIn(request), question, { me, reach, response });
  }

  /** Sheets that are handed out or filed: a certificate of one person, the register of one session. */
  @Can('export.run')
  @ApiProduces('application/pdf')
  @Get(PAPERS.map(({ code }) => code))
  async paper(
    @Query({ schema: PaperQuestion }) { format: _pdf, ...question }: z.output<typeof PaperQuestion>,
    @Me() me: SignedInUser,
    @Req() request: AuthRequest,
    @Res() response: Response,
  ) {
    await refuseUncounted(this.em);
    await this.sendReport.onPaper(codeIn(request), question, me, response);
  }

  private async answer(
    code: string,
    { page: askedPage, per_page, cursor, format, bom, ...query }: Question,
    { me, reach, response }: { me: SignedInUser; reach: Reach; response: Response },
  ): Promise<void> {
    const report = reportOf(code)!;
    await refuseUncounted(this.em);
    refuseFilters(report, query);
    const asked = await askedOf(this.em, query, me, reach);
    if (format !== 'json') return this.sendReport.send(report, { query, asked, format, bom }, me, response);
    const { page } = pageOf({ page: askedPage, per_page, cursor });
    const answer = await report.answer(this.em, asked, { skip: (page - 1) * per_page, take: per_page });
    const { columns, rows, total, isExact, totals } = answer;
    const terms = termParams(termsOf(me.organization));
    response.json({
      data: jsonRows(columns, rows),
      meta: {
        page,
        per_page,
        total,
        ...(isExact ? {} : { total_exact: false }),
        next: page * per_page < total ? pageCursor.write(page + 1) : null,
        columns: columns.map(({ key }) => key),
        totals: totals ? jsonRows(columns, [totals])[0]! : null,
        notes: answer.notes.map(({ text, params }) => filled(text, { ...terms, ...params })),
        ...answer.meta,
      },
    });
  }
}
