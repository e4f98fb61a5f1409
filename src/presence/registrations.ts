import { type EntityManager } from '@mikro-orm/core';
import {
  inOwnGroups,
  limitToOwnGroups,
  ownGroupsOf,
  ownGroupsParameters,
  type Participant,
  showWithParticipant,
  whenUndoingImports,
} from '../participants/index.js';
import { read } from '../platform/database/read.js';
import { countDisputesBy, findMarkedBy } from '../sessions/index.js';
import { latenessRule } from './lateness.js';
import { countDisputes } from './disputes.query.js';
import { registerStates } from './open-states.js';
import { PresenceRecord } from './presence-record.entity.js';
import { statementOf } from './statement.query.js';

/** How many of a person's marks stand on his page; the rest is one link away. */
const LINES = 10;

/** What presence adds to the modules left of it, which may not know it. */
export function registerPresence(): void {
  registerStates();
  showWithParticipant(recentMarks);
  whenUndoingImports('participants', whoWasMarked);
  limitToOwnGroups(PresenceRecord, inOwnSession);
  countDisputesBy(countDisputes);
  findMarkedBy(markedSessions);
}

const recentMarks: Parameters<typeof showWithParticipant>[0] = async (em, participant, me) => ({
  history: await statementOf(em, participant, ownGroupsOf(me), 0, LINES, await latenessRule(em, me.organization)),
  history_more: `/participants/${participant}/presence`,
});

/** Undoing an import passes over people who were marked since: their presence happened. */
const whoWasMarked: Parameters<typeof whenUndoingImports>[1] = async (em: EntityManager, rows) => {
  const people = rows.map((row) => Number((row as unknown as Participant).id));
  const marked = new Map<number, { code: string; message: string }>();
  for (let at = 0; at < people.length; at += 500)
    for (const row of await read<{ participant_id: number }>(
      em,
      `select distinct participant_id from presence_records
        where organization_id = :organization and participant_id in (:people)`,
      { people: people.slice(at, at + 500) },
    ))
      marked.set(Number(row.participant_id), {
        code: 'in_use',
        message: '{name} was marked since, so this person stays.',
      });
  return marked;
};

/** Sessions in which anybody was ever marked: a mark that was taken away is part of their history, too. */
const markedSessions: Parameters<typeof findMarkedBy>[0] = async (em, sessions) => {
  const rows = await read<{ session_id: number }>(
    em,
    `select distinct session_id from presence_records
      where organization_id = :organization and session_id in (:sessions)`,
    { sessions },
  );
  return new Set(rows.map((row) => Number(row.session_id)));
};

/** A record belongs to the group of its session. */
const inOwnSession: Parameters<typeof limitToOwnGroups<PresenceRecord>>[1] = async (em, own, record) => {
  const rows = await read(
    em,
    `select 1 as yes from sessions x
      where x.organization_id = :organization and x.id = :session and ${inOwnGroups(own, 'x.group_id')}`,
    { ...ownGroupsParameters(own), session: record.session },
  );
  return rows.length > 0;
};
