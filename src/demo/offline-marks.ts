import { clock } from '../platform/clock.js';
import { inOrganization } from '../platform/database/in-organization.js';
import { instant, read } from '../platform/database/read.js';
import { transact } from '../platform/database/transaction.js';
import { sha256 } from '../platform/text.js';
import { parseEnvelope } from '../sync/envelope.js';
import { ReceiveBatch, ReceiveBatchHandler } from '../sync/receive-batch.js';
import { SyncClient } from '../sync/sync-client.entity.js';
import { type Op } from '../sync/wire.js';
import { type Place } from './place.js';

const MINUTE = 60_000;

interface Cell {
  session_id: number;
  participant_id: number;
  code: string;
  recorded_by: number;
  scheduled_start_at: number | string;
}

/**
 * A colleague marked the same register on a phone without network, and it came back a while ago: two of his marks clash
 * with what was marked meanwhile, one says the same, and two wait for a person. So the desk is not empty.
 */
export async function bringOfflineMarks(place: Place): Promise<void> {
  const { random } = place;
  const at = new Date(place.options.now.getTime() - 25 * MINUTE);
  const { now } = clock;
  clock.now = () => at;
  try {
    const cells = await latestRegister(place, at);
    const colleague = Object.values(place.users).find(
      (user) => user.role === 'frontline' && user.id !== Number(cells[0]?.recorded_by),
    );
    if (cells.length < 4 || !colleague) return;
    const clientId = random.uuid();
    const who = { organizationId: place.id, userId: colleague.id, source: 'sync' as const, requestId: random.uuid() };
    await inOrganization(place.orm, who, async (em) => {
      await transact(em, 'sync.device_seen', async (tx) => {
        tx.create(SyncClient, {
          clientId,
          user: colleague.id,
          deviceHash: sha256(clientId),
          label: 'Chrome on Android',
          lastSeenAt: at,
          maxSeq: 0,
          receivedUpTo: 0,
        });
        await tx.flush();
      });
      const handler = new ReceiveBatchHandler(em);
      // One by one: what comes in one batch may go at once, and then the same seed would give rows in another order.
      for (const operation of operations(place, cells, at)) {
        const envelope = {
          protocol: 1,
          batch_id: random.uuid(),
          client_id: clientId,
          organization_id: place.id,
          author_id: colleague.id,
          sent_at: at.toISOString(),
          // One more was made on the phone and has not come yet.
          max_seq: 6,
          operations: [operation],
        };
        await handler.execute(new ReceiveBatch(parseEnvelope(envelope), colleague));
      }
    });
  } finally {
    clock.now = now;
  }
}

function operations(place: Place, cells: Cell[], at: Date): Op[] {
  const codes = [...new Set(cells.map(({ code }) => code))];
  const other = (cell: Cell) => codes.find((code) => code !== cell.code) ?? cell.code;
  const begun = instant(cells[0]!.scheduled_start_at).getTime();
  const mark = (cell: Cell, state: string, minutes: number, note?: string): Omit<Op, 'seq'> =>
    ({
      op_id: place.random.uuid(),
      kind: 'presence',
      session_id: Number(cell.session_id),
      participant_id: Number(cell.participant_id),
      base: { revision: 0 },
      presence_state: state,
      recorded_at: new Date(Math.min(begun + minutes * MINUTE, at.getTime() - MINUTE)).toISOString(),
      ...(note ? { note } : {}),
    }) as Omit<Op, 'seq'>;
  const [one, two, three, four] = cells as [Cell, Cell, Cell, Cell];
  return [
    mark(one, other(one), 40, 'Seen in the corridor on the way out'),
    mark(two, other(two), 1),
    mark(three, three.code, 6, 'By the window'),
    mark(four, 'at_the_doctor', 12),
    mark(one, 'at_the_doctor', 55),
  ].map((op, index) => ({ ...op, seq: index + 1 }) as Op);
}

/** The newest register that was completed, with four people and two states at least in it. */
async function latestRegister(place: Place, at: Date): Promise<Cell[]> {
  const rows = await inOrganization(place.orm, { organizationId: place.id, source: 'cli' }, (em) =>
    read<Cell>(
      em,
      `select r.session_id, r.participant_id, p.code, r.recorded_by, s.scheduled_start_at from presence_records r
         join presence_states p on p.organization_id = r.organization_id and p.id = r.presence_state_id
         join sessions s on s.organization_id = r.organization_id and s.id = r.session_id
        where r.organization_id = :organization and s.id = (
              select max(c.session_id) from presence_records c
                join sessions x on x.organization_id = c.organization_id and x.id = c.session_id
               where c.organization_id = :organization and x.register_completed_at < :at and x.status <> 'cancelled'
                 and x.scheduled_end_at < :at
                 and (select count(distinct d.presence_state_id) from presence_records d
                       where d.organization_id = :organization and d.session_id = c.session_id) > 1
                 and (select count(*) from presence_records d
                       where d.organization_id = :organization and d.session_id = c.session_id) > 3)
        order by r.participant_id`,
      { at },
    ),
  );
  return rows;
}
