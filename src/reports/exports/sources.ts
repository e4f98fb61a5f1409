import { type EntityManager } from '@mikro-orm/core';
import { listGroups, listParticipants, type ImportableList } from '../../participants/index.js';
import { currentOrganization } from '../../platform/current.js';
import { DOMAIN_PACKS, Organization } from '../../tenancy/index.js';
import { type Asked, type FileQuery, reportFields, type ReportQuery } from '../asked.js';
import { reportOf } from '../kinds/index.js';
import { PAPERS, type Paper } from '../papers/index.js';
import { wholeOf } from '../report.js';
import { type Column } from '../report-table.js';
import { FORMATS, type Format } from './formats.js';
import { presenceRows } from './presence-rows.query.js';
import { type WholeTable } from './whole-table.js';

/** What files can be made of: a table, or a paper of its own form. */
export interface Source {
  code: string;
  /** English; the key of its translation. */
  title: string;
  /** How its files are called. */
  fileType: string;
  /** The filters that it knows. */
  fields: readonly (keyof FileQuery)[];
  formats: readonly Format[];
  /** @throws Problem 422 when there can be no such file */
  refuse?(em: EntityManager, asked: Asked): Promise<void> | void;
  content: { table(em: EntityManager, asked: Asked): Promise<WholeTable> } | { paper: Paper };
}

/** Lists of rows are for programs: too long for paper. */
const ROWS = ['csv', 'xlsx'] as const;

const presence: Source = {
  code: 'presence',
  title: 'Every mark',
  fileType: 'attendance',
  fields: ['from', 'to', 'group_id', 'group_type', 'participant_id', 'presence_state', 'category'],
  formats: ROWS,
  content: { table: presenceRows },
};

const participants: Source = {
  code: 'participants',
  title: 'List of {participants}',
  fileType: 'participants',
  fields: ['group_id'],
  formats: ROWS,
  content: { table: async (em, asked) => importable(await listParticipants(em, asked, asked.own)) },
};

const groups: Source = {
  code: 'groups',
  title: 'List of {groups}',
  fileType: 'groups',
  fields: ['group_id'],
  formats: ROWS,
  content: {
    table: async (em, asked) => {
      const organization = await em.findOneOrFail(Organization, { id: currentOrganization() });
      return importable(await listGroups(em, asked, asked.own, DOMAIN_PACKS[organization.domainType].group_types));
    },
  },
};

/** Lists of what was recorded, beside the reports: what is exported can be imported again. */
export const LISTS: Source[] = [presence, participants, groups];

/**
 * @param filters of the question: attendance by nothing, or by session, is the marks themselves (the contract's file of
 *   presence), but on paper, for which they are too many
 * @returns what a file is made of, or undefined when there is no such report
 */
export function sourceOf(code: string, filters: Pick<FileQuery, 'by' | 'period'>, format: Format): Source | undefined {
  const isMarks = filters.period === 'session' || (filters.by === undefined && filters.period === undefined);
  if (code === 'attendance' && isMarks && format !== 'pdf')
    return { ...presence, code, fields: [...presence.fields, 'period'] };
  const list = LISTS.find((source) => source.code === code);
  if (list) return list;
  const paper = PAPERS.find((each) => each.code === code);
  if (paper) return { ...paper, fileType: code, formats: ['pdf'], content: { paper } };
  const report = reportOf(code);
  if (!report) return undefined;
  return {
    code,
    title: report.title,
    fileType: code,
    fields: (Object.keys(reportFields) as (keyof ReportQuery)[]).filter((name) => !report.never?.includes(name)),
    formats: FORMATS,
    refuse: (em, asked) => report.refuse?.(em, asked),
    content: {
      table: async (em, asked) => {
        const { all, ...whole } = await wholeOf(report, em, asked);
        return { ...whole, rows: all };
      },
    },
  };
}

/** Heads stay in the importer's words, in whatever language: it must know them again. */
function importable({ heads, total, rows }: ImportableList): WholeTable {
  const columns = heads.map((key): Column => ({ key, head: { text: key, literal: true }, kind: 'text' }));
  return { columns, total, rows };
}
