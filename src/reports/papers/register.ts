import { type EntityManager } from '@mikro-orm/core';
import { User } from '../../auth/index.js';
import { Group, inOwnGroups, ownGroupsParameters } from '../../participants/index.js';
import { read } from '../../platform/database/read.js';
import { invalid } from '../../platform/http/problem.js';
import { rosterEntries, rosterOf } from '../../presence/index.js';
import { Session } from '../../sessions/index.js';
import { dayOf } from '../../tenancy/index.js';
import { type Asked, statesHere } from '../asked.js';
import { nameOf } from '../people.query.js';
import { type Paper } from './paper.js';

/** The register of one session as it is signed and filed. */
export const register: Paper = {
  code: 'register',
  title: 'Register of one {session}',
  fields: ['session_id'],
  async days(em, asked) {
    const day = dayOf((await sessionAsked(em, asked)).scheduledStartAt, asked.timeZone);
    return { from: day, to: day };
  },
  async print(em, asked, me, look) {
    const { signedOffRegister } = await import('../pdf/index.js');
    const session = await sessionAsked(em, asked);
    const group = await em.findOneOrFail(Group, { id: session.group });
    const states = await statesHere(em);
    const labels = new Map(states.map(({ id, label }) => [id, label]));
    const entries = await rosterEntries(em, rosterOf(session, me));
    const marks = entries.flatMap(({ presence }) => presence ?? []);
    const stateOf = await statesMarked(em, session.id);
    const disputed = marks.filter((mark) => mark.disputed).length;
    const counts = states.map(({ id, label }) => ({
      label: { text: label, literal: true },
      count: marks.filter((mark) => stateOf.get(mark.id) === id).length,
    }));
    const by = session.registerCompletedBy && (await em.findOne(User, { id: session.registerCompletedBy }));
    const time = (text: string | null | undefined) => (text ? new Date(text) : null);
    return signedOffRegister(
      {
        session: {
          title: session.name,
          start: session.scheduledStartAt,
          end: session.scheduledEndAt,
          about: [
            { name: { text: '{group}' }, value: group.name },
            ...(session.location ? [{ name: { text: 'Place' }, value: session.location }] : []),
          ],
        },
        people: entries.map(({ participant, presence }) => ({
          name: nameOf(participant),
          identifier: participant.identifier,
          state: (presence && labels.get(stateOf.get(presence.id)!)) ?? null,
          arrivedAt: time(presence?.arrived_at),
          leftAt: time(presence?.left_at),
          note: presence?.note ?? null,
          markedBy: presence?.recorded_by?.name ?? null,
          markedAt: time(presence?.recorded_at),
        })),
        counts: counts.filter(({ count }) => count > 0),
        notes: [
          ...(session.status === 'cancelled' ? [{ text: 'This {session} was cancelled.' }] : []),
          ...(disputed > 0
            ? [
                {
                  text: 'Disputed marks count as they stand. Disputed among those counted here: {count}.',
                  params: { count: disputed },
                },
              ]
            : []),
        ],
        completed: session.registerCompletedAt
          ? { by: by ? `${by.firstName} ${by.lastName}`.trim() : '', at: session.registerCompletedAt }
          : null,
        signatures: [{ text: 'Date and signature' }],
      },
      look,
    );
  },
};

/** The state of each mark: states of several domains may have one code. */
async function statesMarked(em: EntityManager, session: number): Promise<Map<number, number>> {
  const rows = await read<{ id: number; state: number }>(
    em,
    `select r.id, r.presence_state_id as state from presence_records r
      where r.organization_id = :organization and r.session_id = :session and r.presence_state_id is not null`,
    { session },
  );
  return new Map(rows.map(({ id, state }) => [Number(id), Number(state)]));
}

/** @throws Problem 422 when there is no such session among those that somebody may see */
async function sessionAsked(em: EntityManager, { query, own }: Asked): Promise<Session> {
  if (query.session_id === undefined)
    throw invalid('session_id', 'Choose a {session}: this paper is about one.', 'required');
  const [row] = await read(
    em,
    `select x.id from sessions x
      where x.organization_id = :organization and x.id = :session and ${inOwnGroups(own, 'x.group_id')}`,
    { ...ownGroupsParameters(own), session: query.session_id },
  );
  if (!row) throw invalid('session_id', 'There is no {session} with this id.', 'unknown');
  return em.findOneOrFail(Session, { id: query.session_id });
}
