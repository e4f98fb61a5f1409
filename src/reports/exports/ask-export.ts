import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { z } from 'zod';
import { type SignedInUser } from '../../auth/index.js';
import { currentOrganization } from '../../platform/current.js';
import { findLocked } from '../../platform/database/locked.js';
import { transact } from '../../platform/database/transaction.js';
import { flag, text } from '../../platform/http/parse.js';
import { invalid, permissionDenied, Problem } from '../../platform/http/problem.js';
import { insertRows } from '../../platform/ledger/audited-rows.js';
import { Organization } from '../../tenancy/index.js';
import { askedOf, fileFields, type FileQuery } from '../asked.js';
import { fileNameOf } from '../files/file-name.js';
import { exportReach } from './export-reach.js';
import { Export } from './export.entity.js';
import { FORMATS } from './formats.js';
import { keptBytes } from './kept-bytes.query.js';
import { MOST_KEPT, MOST_OPEN } from './kept-files.js';
import { sourceOf } from './sources.js';

const format = z.enum(FORMATS, { error: 'Choose csv, xlsx or pdf.' });

/** What somebody asks to have as a file. */
export const NewExport = z
  .strictObject({
    report: text(50),
    format: format.default('csv'),
    filters: z.strictObject(fileFields).default({}),
    /** CSV: begins with the mark of UTF-8. */
    bom: flag.default(false),
  })
  .meta({ id: 'NewExport' });
export type NewExport = z.output<typeof NewExport>;

/**
 * Puts a file in line. The filters are looked at now, so that nobody waits for a refusal.
 * @throws Problem 422 for an unknown report, a format it does not have, or filters that a report would refuse; 409
 *   `no_room` when the organization keeps too much; 429 when too many of its files are being made
 */
export class AskExport implements ICommand {
  constructor(
    readonly input: NewExport,
    readonly me: SignedInUser,
  ) {}
}

@CommandHandler(AskExport)
export class AskExportHandler implements ICommandHandler<AskExport, number> {
  constructor(private readonly em: EntityManager) {}

  async execute({ input, me }: AskExport): Promise<number> {
    const values = await exportAsked(this.em, input, me);
    return transact(this.em, 'export.asked', async (tx) => {
      // Whoever sees only himself keeps nobody from the files of the organization.
      if (exportReach(me, input.report) === 'own') await refuseSecond(tx, me);
      return putInLine(tx, values);
    });
  }
}

/**
 * Looks at what somebody asks for.
 * @returns the row of his file
 * @throws Problem 403 without the right; 422 for an unknown report, a format it does not have, or wrong filters
 */
export async function exportAsked(em: EntityManager, input: NewExport, me: SignedInUser) {
  const reach = exportReach(me, input.report);
  if (!reach) throw permissionDenied();
  const source = sourceOf(input.report, input.filters, input.format);
  if (!source) throw invalid('report', 'There is no such report.', 'unknown');
  if (!source.formats.includes(input.format))
    throw invalid(
      'format',
      source.formats.includes('pdf')
        ? 'This is a paper of its own form: it is had as PDF.'
        : 'This is too much for paper: choose CSV or a workbook.',
    );
  const filters = known(input.filters, source.fields);
  const asked = await askedOf(em, filters, me, reach);
  await source.refuse?.(em, asked);
  const { content } = source;
  const days = 'paper' in content ? await content.paper.days(em, asked) : { from: asked.firstDay, to: asked.lastDay };
  return {
    user: me.id,
    report: input.report,
    format: input.format,
    filters: filters as Record<string, unknown>,
    bom: input.bom,
    status: 'queued' as const,
    fileName: fileNameOf(source.fileType, days, asked.today, input.format),
  };
}

/** @returns the id of the new file @throws Problem 409 `no_room`; 429 when too many files are being made */
export async function putInLine(tx: EntityManager, values: Awaited<ReturnType<typeof exportAsked>>): Promise<number> {
  // One after another: nobody passes the limit because two ask at the same moment.
  await findLocked(tx, Organization, currentOrganization());
  if ((await tx.count(Export, { status: { $in: ['queued', 'running'] } })) >= MOST_OPEN) throw tooManyFiles();
  if ((await keptBytes(tx)) >= MOST_KEPT) throw new Problem(409, NO_ROOM);
  const [id] = await insertRows(tx, Export, [values], { audited: true });
  return id!;
}

/** @throws Problem 429 while another one of his is being made */
async function refuseSecond(tx: EntityManager, me: SignedInUser): Promise<void> {
  await findLocked(tx, Organization, currentOrganization());
  if ((await tx.count(Export, { user: me.id, status: { $in: ['queued', 'running'] } })) > 0)
    throw new Problem(429, ONE_AT_A_TIME, { headers: { 'Retry-After': '5' } });
}

/** @throws Problem 422 for filters that the report does not know: a file must not hold more than was meant */
function known(filters: FileQuery, fields: readonly (keyof FileQuery)[]): FileQuery {
  const given = Object.entries(filters).filter(([, value]) => value !== undefined);
  for (const [name] of given)
    if (!fields.includes(name as keyof FileQuery))
      throw invalid(name, 'This report has no such filter.', 'unknown_field');
  return Object.fromEntries(given) as FileQuery;
}

/** Seconds after which asking again may succeed. */
const TRY_AGAIN_S = 30;

const tooManyFiles = () =>
  new Problem(
    429,
    {
      code: 'too_many_requests',
      message:
        'Already {count} files of this organization are waiting or being made. Wait until one is ready, or stop one.',
      params: { count: MOST_OPEN },
    },
    { headers: { 'Retry-After': String(TRY_AGAIN_S) } },
  );
const ONE_AT_A_TIME = {
  code: 'too_many_requests',
  message: 'Your last file is still being made. Wait until it is there, then ask again.',
};
const NO_ROOM = {
  code: 'no_room',
  message: 'The files that are kept for this organization fill 2 GB. Remove some that nobody needs, then ask again.',
};
