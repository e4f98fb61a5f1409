import { type Op, type OpResult, type SyncAnswer } from '../../../src/sync/wire.js';
import { type Answer, type Visitor } from '../visitor.js';
import { type Device } from '../device.js';

/** What one killed request works on: a register of its own, the device of its author, and an administrator. */
export interface Scene {
  session: number;
  group: number;
  people: number[];
  /** A member of no group at all. */
  stranger: number;
  device: Device;
  ana: Visitor;
  /** Every operation of the scene, in the order of its making: how its rows are recognised. */
  ops: Op[];
}

export interface Scenario {
  name: string;
  /** Brings the register to where the act begins. */
  prepare(scene: Scene): Promise<void>;
  /** The request that is killed, and asked again as its program would. The same text each time. */
  act(scene: Scene, headers?: Record<string, string>): Promise<Answer>;
  /** @throws when this is no answer that the program may get, the first time or after the server was killed */
  check(scene: Scene, answer: Answer, again: boolean): void;
}

const mark = (scene: Scene, ...args: Parameters<Device['mark']>): Op => {
  const op = scene.device.mark(...args);
  scene.ops.push(op);
  return op;
};

/** Sends operations as the device does: the same text of each, a new envelope. */
const send = (scene: Scene, ops: Op[], headers?: Record<string, string>) =>
  scene.device.visitor.post('/api/sync', scene.device.envelope(ops), headers);

const anaMarks = async ({ ana, session }: Scene, ...people: number[]) => {
  const records = people.map((participant_id) => ({ participant_id, presence_state: 'present' }));
  expectStatus(await ana.post('/api/presence', { session_id: session, records }), 200);
};

function expectStatus(answer: Answer, ...statuses: number[]): void {
  if (!statuses.includes(answer.status)) throw new Error(`answered ${answer.status}: ${answer.body.slice(0, 500)}`);
}

/** Each operation has its one outcome, whether it is told for the first time or again. */
function expectOutcomes(answer: Answer, ops: Op[], outcomes: string[]): void {
  expectStatus(answer, 200);
  const { results, received_up_to, missing } = answer.json as SyncAnswer;
  const told = results.map((result: OpResult) => [result.op_id, result.first ?? result.outcome].join(' '));
  const expected = ops.map((op, at) => `${op.op_id} ${outcomes[at]}`);
  if (JSON.stringify(told) !== JSON.stringify(expected))
    throw new Error(`told ${JSON.stringify(results)}, expected ${JSON.stringify(expected)}`);
  // The gap proof: nothing of this register is still on its way.
  const last = Math.max(...ops.map(({ seq }) => seq));
  if (received_up_to < last || missing.some((seq) => seq <= last))
    throw new Error(`the server says it has up to ${received_up_to}, without ${missing.join()}`);
}

/** A batch that is sent, and sent again; `before` are operations that were answered earlier. */
function batch(name: string, outcomes: string[], prepare: (scene: Scene) => Promise<void>, before = 0): Scenario {
  const ops = (scene: Scene) => scene.ops.slice(before);
  return {
    name,
    prepare,
    act: (scene, headers) => send(scene, ops(scene), headers),
    check: (scene, answer) => expectOutcomes(answer, ops(scene), outcomes),
  };
}

/** A decision of a person: the second time it may be told that it was made already. */
function decision(name: string, prepare: Scenario['prepare'], act: Scenario['act']): Scenario {
  return {
    name,
    prepare,
    act,
    check: (_, answer, again) => expectStatus(answer, 200, ...(again ? [409] : [])),
  };
}

const conflictIn = async (scene: Scene): Promise<void> => {
  await anaMarks(scene, scene.people[0]!);
  const ops = [mark(scene, scene.session, scene.people[0]!, 'absent')];
  expectOutcomes(await send(scene, ops), ops, ['conflict']);
};

/** The conflict of the first operation: the device is told which one it is. */
const conflictOf = async (scene: Scene): Promise<number> =>
  ((await send(scene, scene.ops.slice(0, 1))).json as SyncAnswer).results[0]!.conflict_id!;

const waiting = async (scene: Scene, participant: number, first: string): Promise<void> => {
  const base = mark(scene, scene.session, participant, first);
  const ops = [base, mark(scene, scene.session, participant, 'late', { base: { op: base.op_id } })];
  expectOutcomes(await send(scene, ops), ops, ['parked', 'parked']);
};

const conflicts = new WeakMap<Scene, number>();

export const SCENARIOS: Scenario[] = [
  batch(
    'every kind of operation in one batch',
    ['applied', 'applied', 'conflict', 'conflict', 'merged', 'parked', 'rejected', 'applied', 'applied'],
    async (scene) => {
      const { session, people, device } = scene;
      await anaMarks(scene, people[1]!, people[2]!);
      const first = mark(scene, session, people[0]!, 'present');
      mark(scene, session, people[0]!, 'late', { base: { op: first.op_id } });
      mark(scene, session, people[1]!, 'absent');
      mark(scene, session, people[1]!, 'late');
      mark(scene, session, people[2]!, 'present', { note: 'by the window' });
      mark(scene, session, people[3]!, 'levitating');
      mark(scene, session, 999_999_999, 'present');
      const person = device.person(scene.group, 'New', 'Here');
      scene.ops.push(person);
      mark(scene, session, { op: person.op_id }, 'present');
    },
  ),
  batch('a candidate gives way and comes round', ['conflict', 'conflict', 'merged'], async (scene) => {
    const { session, people } = scene;
    await anaMarks(scene, people[0]!);
    const first = mark(scene, session, people[0]!, 'absent');
    const second = mark(scene, session, people[0]!, 'late', { base: { op: first.op_id } });
    mark(scene, session, people[0]!, 'present', { base: { op: second.op_id } });
  }),
  batch(
    'a base arrives, and with it two that waited',
    ['applied'],
    async (scene) => {
      const { session, people } = scene;
      const first = mark(scene, session, people[0]!, 'present');
      const second = mark(scene, session, people[0]!, 'late', { base: { op: first.op_id } });
      const third = mark(scene, session, people[0]!, 'absent', { base: { op: second.op_id } });
      scene.ops = [third, second, first];
      expectStatus(await send(scene, [third, second]), 200);
    },
    2,
  ),
  decision(
    'a conflict is resolved',
    async (scene) => {
      await conflictIn(scene);
      conflicts.set(scene, await conflictOf(scene));
    },
    (scene, headers) =>
      scene.ana.post(
        `/api/admin/sync-conflicts/${conflicts.get(scene)}/resolve`,
        { choice: 'device', reason: 'asked both' },
        headers,
      ),
  ),
  decision(
    'a parked mark is adopted, and one that waited for it follows',
    (scene) => waiting(scene, scene.stranger, 'present'),
    (scene, headers) =>
      scene.ana.post(`/api/admin/parked-operations/${scene.ops[0]!.op_id}/adopt`, { reason: 'he was there' }, headers),
  ),
  decision(
    'a parked mark is discarded, and one that waited for it follows',
    (scene) => waiting(scene, scene.people[0]!, 'levitating'),
    (scene, headers) =>
      scene.ana.post(
        `/api/admin/parked-operations/${scene.ops[0]!.op_id}/discard`,
        { reason: 'nobody levitates' },
        headers,
      ),
  ),
  decision('a candidate is withdrawn', conflictIn, (scene, headers) =>
    scene.device.visitor.post('/api/sync/withdraw', { op_id: scene.ops[0]!.op_id }, headers),
  ),
];
