import { z } from 'zod';
import { idOut, instantOut } from '../../platform/http/answers.js';
import { type SignedInUser } from '../../auth/index.js';
import { filled, termParams } from '../../platform/i18n.js';
import { termsOf } from '../../tenancy/index.js';
import { failureOf } from './export-job.js';
import { type Export } from './export.entity.js';
import { FORMATS } from './formats.js';

/** The address of a file, for whoever asked for it. */
export const urlOf = (id: number): string => `/api/reports/export/${id}`;

export const ExportOut = z
  .object({
    id: idOut,
    report: z.string(),
    format: z.enum(FORMATS),
    filters: z.record(z.string(), z.unknown()),
    bom: z.boolean(),
    status: z.enum(['queued', 'running', 'done', 'failed', 'cancelled', 'expired']),
    total: z.int().meta({ description: 'Rows, as far as it is known.' }),
    processed: z.int(),
    file_name: z.string(),
    bytes: z.int(),
    url: z.string().nullable().meta({ description: 'Where the file is, once it is done.' }),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    created_at: instantOut,
    finished_at: instantOut.nullable(),
    expires_at: instantOut.nullable().meta({ description: 'Until when the file is kept.' }),
  })
  .meta({ id: 'Export' });

/** A file that was asked for, as programs see it: the contract's object. */
export function exportJson(job: Export, { organization }: SignedInUser): z.output<typeof ExportOut> {
  const failure = failureOf(job);
  return {
    id: job.id,
    report: job.report,
    format: job.format,
    filters: job.filters,
    bom: job.bom,
    status: job.status,
    total: job.total,
    processed: job.processed,
    file_name: job.fileName,
    bytes: job.bytes,
    url: job.status === 'done' ? urlOf(job.id) : null,
    error: failure && {
      code: failure.code,
      message: filled(failure.message, { ...termParams(termsOf(organization)), ...failure.params }),
    },
    created_at: job.createdAt.toISOString(),
    finished_at: job.finishedAt?.toISOString() ?? null,
    expires_at: job.expiresAt?.toISOString() ?? null,
  };
}
