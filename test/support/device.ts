import { type Handshake, type Op, type OpResult, type SyncAnswer } from '../../src/sync/wire.js';
import { type Answer, type Visitor } from './visitor.js';

/** A device as the protocol describes it, without the product's own client: it numbers operations and sends batches. */
export class Device {
  seq = 0;
  /** What its clock shows more than the true time, in ms. */
  ahead = 0;

  private constructor(
    readonly visitor: Visitor,
    public handshake: Handshake,
  ) {}

  static async open(visitor: Visitor): Promise<Device> {
    const answer = await visitor.get('/api/sync/handshake');
    if (answer.status !== 200) throw new Error(`no handshake: ${answer.status} ${answer.body}`);
    return new Device(visitor, answer.json as Handshake);
  }

  time(agoMs = 0): string {
    return new Date(Date.now() + this.ahead - agoMs).toISOString();
  }

  /** A mark, captured now unless the fields say otherwise. */
  mark(session: number, participant: number | { op: string }, state: string | null, fields: object = {}): Op {
    this.seq++;
    return {
      op_id: crypto.randomUUID(),
      seq: this.seq,
      kind: 'presence',
      session_id: session,
      participant_id: participant,
      base: { revision: 0 },
      presence_state: state,
      note: null,
      arrived_at: null,
      left_at: null,
      recorded_at: this.time(),
      ...fields,
    } as Op;
  }

  person(group: number, first_name: string, last_name: string, fields: object = {}): Op {
    this.seq++;
    return {
      op_id: crypto.randomUUID(),
      seq: this.seq,
      kind: 'participant',
      first_name,
      last_name,
      group_id: group,
      recorded_at: this.time(),
      ...fields,
    } as Op;
  }

  envelope(operations: unknown[], fields: object = {}) {
    return {
      protocol: 1,
      batch_id: crypto.randomUUID(),
      client_id: this.handshake.client_id,
      organization_id: this.handshake.organization.id,
      author_id: this.handshake.user.id,
      sent_at: this.time(),
      max_seq: this.seq,
      operations,
      ...fields,
    };
  }

  post(operations: unknown[], fields: object = {}): Promise<Answer> {
    return this.visitor.post('/api/sync', this.envelope(operations, fields));
  }

  /** Sends and expects to be answered. */
  async send(operations: unknown[], fields: object = {}): Promise<SyncAnswer> {
    const answer = await this.post(operations, fields);
    if (answer.status !== 200) throw new Error(`the batch was refused: ${answer.status} ${answer.body}`);
    return answer.json as SyncAnswer;
  }

  async one(op: unknown, fields: object = {}): Promise<OpResult> {
    return (await this.send([op], fields)).results[0]!;
  }
}
