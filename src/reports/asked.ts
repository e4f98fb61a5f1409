import { type EntityManager } from '@mikro-orm/core';
import { z } from 'zod';
import { type Reach, type SignedInUser } from '../auth/index.js';
import {
  amongOwnPeople,
  inOwnGroups,
  ownGroupsOf,
  ownGroupsParameters,
  type OwnGroups,
} from '../participants/index.js';
import { clock } from '../platform/clock.js';
import { read } from '../platform/database/read.js';
import { invalid } from '../platform/http/problem.js';
import { count } from '../platform/http/paging.js';
import { id } from '../platform/http/parse.js';
import { rangeFields, rangeOf } from '../platform/http/range.js';
import { latenessRule, type LatenessRule } from '../presence/index.js';
import { boundsOf, dayOf, settingsOf, STATE_CATEGORIES, type StateCategory } from '../tenancy/index.js';

/** What rows of a report are told by, beside what they are about. */
export const PERIODS = ['session', 'day', 'week', 'month', 'term'] as const;
export type Period = (typeof PERIODS)[number];

/** In which order rates stand. */
export const ORDERS = ['name', 'rate', 'absences', 'late'] as const;

/** The longest range of days. */
const MOST_DAYS = 3660;

const empty = <S extends z.ZodType>(schema: S) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional());
/** What a report may be asked, by whatever door. What a form leaves empty counts as not asked. */
export const reportFields = {
  from: empty(rangeFields.from.unwrap()),
  to: empty(rangeFields.to.unwrap()),
  group_id: empty(id),
  participant_id: empty(id),
  presence_state: empty(z.string().max(50)),
  category: empty(z.enum(STATE_CATEGORIES, { error: `Choose ${STATE_CATEGORIES.join(', ')}.` })),
  group_type: empty(z.string().max(50)),
  period: empty(z.enum(PERIODS, { error: `Choose ${PERIODS.join(', ')}.` })),
  by: empty(z.enum(['participant', 'group'], { error: 'Choose participant or group.' })),
  /** Of rates: by name; the lowest rate, or who was absent or late most often, first. */
  order: empty(z.enum(ORDERS, { error: `Choose ${ORDERS.join(', ')}.` })),
  /** Of a rate, in percent: whoever is below it. */
  threshold: empty(count(1, 100)),
  /** How many absences in a row. */
  absences: empty(count(2, 50)),
};
export const ReportQuery = z.object(reportFields);
export type ReportQuery = z.output<typeof ReportQuery>;

/** What a file may be asked: a register is that of one session. */
export const fileFields = { ...reportFields, session_id: empty(id) };
export const FileQuery = z.object(fileFields);
export type FileQuery = z.output<typeof FileQuery>;

/** A question to a report, with everything that decides its answer: who may see what, whose clocks, which settings. */
export interface Asked {
  query: FileQuery;
  /** From inclusive, to exclusive; compared with the planned start of sessions. */
  from: Date | undefined;
  to: Date | undefined;
  /** The same as local days, both inclusive; null: without limit. */
  firstDay: string | null;
  lastDay: string | null;
  /** Those in which somebody may look at all. */
  own: OwnGroups;
  /** The groups that count: the one that was asked for with those below it; null: all. */
  groups: number[] | null;
  /** Of these only those of this type; null: of every type. */
  groupType: string | null;
  participant: number | null;
  /** The states that count; null: all. */
  states: number[] | null;
  /** All that marks may have. */
  everyState: StateHere[];
  timeZone: string;
  today: string;
  now: Date;
  /** When somebody is late. */
  lateness: LatenessRule;
}

/**
 * Finds what a question names, and for whom it is answered.
 * @param reach of report.view: whoever sees only himself is asked about himself, whatever he asks for
 * @throws Problem 422 when from lies after to, the range is too long, or something it names does not exist here
 *   (terms that nobody has set up, too)
 */
export async function askedOf(em: EntityManager, query: FileQuery, me: SignedInUser, reach: Reach): Promise<Asked> {
  const { timeZone } = me.organization;
  const { from, to } = rangeOf(query, (day) => boundsOf(day, timeZone));
  const firstDay = from ? dayOf(from, timeZone) : null;
  const lastDay = to ? dayOf(new Date(to.getTime() - 1), timeZone) : null;
  if (firstDay && lastDay && Temporal.PlainDate.from(firstDay).until(lastDay).days > MOST_DAYS)
    throw invalid('to', 'This is too long a time: a report covers at most ten years. Choose a later beginning.');
  const settings = settingsOf(me.organization);
  if (query.period === 'term' && settings.reporting_periods.length === 0)
    throw invalid('period', 'No reporting periods are set up yet. An administrator adds them in the settings.');
  const own = ownGroupsOf(me);
  const now = clock.now();
  const everyState = await statesHere(em);
  return {
    query,
    from,
    to,
    firstDay,
    lastDay,
    own,
    // Whoever sees only himself knows of no groups.
    groups: await groupsOf(em, query, reach === 'own' ? NO_GROUPS : own),
    groupType: query.group_type ?? null,
    participant: reach === 'own' ? (me.participantId ?? 0) : await participantOf(em, query, own),
    states: statesAsked(everyState, query),
    everyState,
    timeZone,
    today: dayOf(now, timeZone),
    now,
    lateness: await latenessRule(em, me.organization),
  };
}

/** Nobody's: the groups that are assigned to no user. */
const NO_GROUPS = { userId: 0 };

/** More groups than this no statement takes at once. */
const MOST_GROUPS = 3000;

async function groupsOf(em: EntityManager, query: ReportQuery, own: OwnGroups): Promise<number[] | null> {
  if (query.group_id === undefined) return null;
  const rows = await read<{ id: number }>(
    em,
    `with recursive below(id, depth) as (
       select g.id, 0 from \`groups\` g
        where g.organization_id = :organization and g.id = :group and ${inOwnGroups(own, 'g.id')}
       union
       select g.id, below.depth + 1 from below
         join \`groups\` g on g.organization_id = :organization and g.parent_id = below.id and below.depth < 12)
     select distinct id from below order by id limit :take`,
    { ...ownGroupsParameters(own), group: query.group_id, take: MOST_GROUPS + 1 },
  );
  if (rows.length === 0) throw invalid('group_id', 'There is no {group} with this id.', 'unknown');
  if (rows.length > MOST_GROUPS)
    throw invalid('group_id', 'Too many {groups} stand below this one: choose one of them.');
  return rows.map((row) => Number(row.id));
}

/** Was on a register of one of his own groups without ever being a member: reports name him as well. */
export const guestOfOwn = (column: string, own: OwnGroups): string =>
  `exists (select 1 from presence_records gr
     join sessions gx on gx.organization_id = gr.organization_id and gx.id = gr.session_id
    where gr.organization_id = :organization and gr.participant_id = ${column} and ${inOwnGroups(own, 'gx.group_id')})`;

/** A record that was merged stands for the one that it was merged into. */
async function participantOf(em: EntityManager, query: ReportQuery, own: OwnGroups): Promise<number | null> {
  if (query.participant_id === undefined) return null;
  const [row] = await read<{ id: number }>(
    em,
    `select coalesce(p.merged_into_id, p.id) as id from participants p
      where p.organization_id = :organization and p.id = :participant
        and (${amongOwnPeople(own, 'coalesce(p.merged_into_id, p.id)')} or ${guestOfOwn('coalesce(p.merged_into_id, p.id)', own)})`,
    { ...ownGroupsParameters(own), participant: query.participant_id },
  );
  if (!row) throw invalid('participant_id', 'There is no {participant} with this id.', 'unknown');
  return Number(row.id);
}

function statesAsked(everyState: StateHere[], { presence_state, category }: ReportQuery): number[] | null {
  if (presence_state === undefined && category === undefined) return null;
  const states = everyState.filter((state) => presence_state === undefined || state.code === presence_state);
  if (states.length === 0) throw invalid('presence_state', 'There is no such state.', 'state_unknown');
  return states.filter((state) => category === undefined || state.category === category).map(({ id }) => id);
}

/** A state of whatever domain the organization had, retired ones included. */
export interface StateHere {
  id: number;
  code: string;
  label: string;
  color: string;
  category: StateCategory;
  shortcut: string | null;
}

/** @returns every state that marks of the organization may have */
export async function statesHere(em: EntityManager): Promise<StateHere[]> {
  const rows = await read<StateHere>(
    em,
    `select s.id, s.code, s.label, s.color, s.category, s.shortcut from presence_states s
      where s.organization_id = :organization order by s.sort_order, s.id`,
  );
  return rows.map((row) => ({ ...row, id: Number(row.id) }));
}
