import { type EntityManager } from '@mikro-orm/core';
import { addUp } from '../../platform/database/add-up.js';
import { lockingRows, read } from '../../platform/database/read.js';
import { transact } from '../../platform/database/transaction.js';
import { startOf } from './calendar-spans.js';
import { GroupTally, ParticipantTally, TallyChange, type Span } from './tally.entities.js';

/** Changes of one transaction: on SQLite marks wait for it, some 20 ms. */
const AT_ONCE = 500;
const SPANS: Span[] = ['M', 'Q', 'Y'];

type Row = Record<
  'id' | 'participant_id' | 'group_id' | 'hour' | 'presence_state_id' | 'marks' | 'disputed',
  number
> & {
  day: string;
};

/**
 * Adds what has changed to the tallies of the organization that is acted for, and forgets the changes: one transaction, so
 * every mark stands in one of the two places and in no moment in both. What another node folds just now is passed over.
 * @param until changes that were written later are left for another time; null: none
 * @returns how many changes were folded; call again while `mayBeMore` says so
 */
export async function foldTallies(em: EntityManager, until: Date | null = null): Promise<number> {
  return transact(em, 'tallies.folded', async (tx) => {
    const locking = lockingRows(tx, 'c');
    const changes = await read<Row>(
      tx,
      `select c.id, c.participant_id, c.group_id, c.day, c.hour, c.presence_state_id, c.marks, c.disputed
         from tally_changes c where c.organization_id = :organization ${until ? 'and c.created_at <= :until' : ''}
        order by c.id limit :take
         ${locking && `${locking} skip locked`}`,
      { until, take: AT_ONCE },
    );
    if (changes.length === 0) return 0;
    const groups = new Sums<GroupTally>();
    const people = new Sums<ParticipantTally>();
    for (const change of changes) {
      const counted = { presenceStateId: Number(change.presence_state_id), groupId: Number(change.group_id) };
      const { day } = change;
      groups.add({ ...counted, day, hour: Number(change.hour) }, change);
      for (const span of SPANS)
        people.add(
          { ...counted, participantId: Number(change.participant_id), span, startsOn: startOf(span, day) },
          change,
        );
    }
    const sums = ['marks', 'disputed'] as const;
    await addUp(tx, GroupTally, ['day', 'groupId', 'hour', 'presenceStateId'], [...sums], groups.rows());
    await addUp(
      tx,
      ParticipantTally,
      ['participantId', 'span', 'startsOn', 'groupId', 'presenceStateId'],
      [...sums],
      people.rows(),
    );
    await tx.nativeDelete(TallyChange, { id: { $in: changes.map(({ id }) => Number(id)) } });
    return changes.length;
  });
}

/** @returns whether that was as many as fit at once */
export const mayBeMore = (folded: number): boolean => folded === AT_ONCE;

/** Sums by what they are of, in one order for everybody: two nodes that fold at once wait for each other. */
class Sums<T extends { marks: number; disputed: number }> {
  private readonly byKey = new Map<string, T>();

  add(of: Omit<Partial<T>, 'marks' | 'disputed'>, { marks, disputed }: Row): void {
    const key = Object.values(of).join('/');
    const sum = this.byKey.get(key) ?? ({ ...of, marks: 0, disputed: 0 } as T);
    sum.marks += Number(marks);
    sum.disputed += Number(disputed);
    this.byKey.set(key, sum);
  }

  rows(): T[] {
    return [...this.byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
  }
}
