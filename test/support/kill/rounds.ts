import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Device } from '../device.js';
import { type Answer } from '../visitor.js';
import { type Lane, LaneVisitor, type Register } from './lanes.js';
import { type Scenario, type Scene } from './scenarios.js';

/** A request that is killed at one boundary. */
export interface Run {
  scenario: Scenario;
  /** When so many statements have been executed; `sent`: when the n-th was sent and its answer not read; null: after the answer. */
  stop: { at: number } | { sent: number } | null;
  /** Known once it began. */
  lane?: Lane;
  register?: Register;
  scene?: Scene;
  /** The last statement before the kill, or that the answer came first. */
  ended?: string;
  /** What was wrong with an answer. */
  wrong: string[];
}

export const nameOf = ({ scenario, stop, ended }: Run): string => {
  const where = stop === null ? 'after the answer' : 'at' in stop ? `after statement ${stop.at}` : `sent ${stop.sent}`;
  return `${scenario.name}, ${where}${ended ? ` (${ended.slice(0, 60)})` : ''}`;
};

/** How long a round may take before something hangs, in ms. */
const PATIENCE = 60_000;

/** A process whose modules are loaded, and that waits for its databases. */
class ServerProcess {
  private readonly child: ChildProcess;
  private readonly loaded: Promise<void>;
  private readonly ears = new Map<string, (message: { after?: string; statements?: string[] }) => void>();
  private ready = (_port: number) => {};

  constructor() {
    this.child = fork(join(process.cwd(), 'test', 'support', 'kill', 'server.mjs'), {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.loaded = new Promise((done) => {
      this.child.on('message', (message: Record<string, any>) => {
        if (message.loaded) done();
        else if (message.ready) this.ready(message.ready as number);
        else this.ears.get(message.stopped ?? message.answered)?.(message);
      });
    });
  }

  /** @returns the port */
  async serve(lanes: string[], secret: string): Promise<number> {
    await this.loaded;
    const port = new Promise<number>((done) => (this.ready = done));
    this.child.send({ lanes, secret });
    return port;
  }

  /** @returns what the server tells of this run: where it stopped, or that it answered */
  hear(run: string): Promise<{ after?: string; statements?: string[] }> {
    return new Promise((done) => this.ears.set(run, done));
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}

/**
 * Runs requests in rounds: each round starts a server, lets every lane ask again for what the last kill cut off, takes the
 * next request of each lane to its boundary, and kills the server. Requests that are killed after their answer go before
 * it. The next round's process loads its modules meanwhile.
 * @param counted hears the statements of every request that was answered under an order
 * @returns how many processes were killed
 */
export async function runRounds(
  lanes: Lane[],
  queues: Run[][],
  secret: string,
  counted: (run: Run, statements: string[]) => void = () => {},
): Promise<number> {
  const cutOff: Run[][] = lanes.map(() => []);
  let kills = 0;
  let next = new ServerProcess();
  const addresses = lanes.map((lane) => lane.url);
  const oneLane = async (server: ServerProcess, port: number, at: number) => {
    const lane = lanes[at]!;
    const again = cutOff[at]!.splice(0);
    if (again.length === 0 && queues[at]!.length === 0) return;
    const ana = new LaneVisitor(port, at, lane.cookies.ana);
    // As the device does at every start: it asks who it is, and numbers on where it stopped.
    const device = await Device.open(new LaneVisitor(port, at, lane.cookies.bruno));
    device.seq = lane.seq;
    for (const run of again) await askAgain(run, Object.assign(run.scene!, { device, ana }));
    for (let run = queues[at]!.shift(); run; run = queues[at]!.shift()) {
      cutOff[at]!.push(run);
      await askOnce(run, lane, device, ana, server, counted);
      lane.seq = device.seq;
      if (run.stop) break;
    }
  };
  try {
    while ([...queues, ...cutOff].some((list) => list.length > 0)) {
      const server = next;
      next = new ServerProcess();
      try {
        const port = await server.serve(addresses, secret);
        await Promise.all(lanes.map((_, at) => oneLane(server, port, at)));
      } finally {
        await server.kill();
      }
      kills++;
    }
  } finally {
    await next.kill();
  }
  return kills;
}

async function askOnce(
  run: Run,
  lane: Lane,
  device: Device,
  ana: LaneVisitor,
  server: ServerProcess,
  counted: (run: Run, statements: string[]) => void,
): Promise<void> {
  const register = lane.registers.shift();
  if (!register) throw new Error('no register is left');
  const scene: Scene = { ...register, stranger: lane.stranger, device, ana, ops: [] };
  Object.assign(run, { lane, register, scene });
  await run.scenario.prepare(scene);
  const name = crypto.randomUUID();
  const heard = server.hear(name);
  const order: Record<string, string> = { 'x-run': name };
  if (run.stop && 'at' in run.stop) order['x-stop-at'] = String(run.stop.at);
  if (run.stop && 'sent' in run.stop) order['x-stop-sent'] = String(run.stop.sent);
  let answer: Answer | undefined;
  const asked = run.scenario.act(scene, order).then(
    (each) => (answer = each),
    () => undefined,
  );
  const timer = new Promise<never>((_, refuse) =>
    setTimeout(() => refuse(new Error(`${nameOf(run)} hangs`)), PATIENCE).unref(),
  );
  const message = await Promise.race([heard, timer]);
  if (message.statements) {
    await asked;
    run.ended = 'answered';
    counted(run, message.statements);
    check(run, answer!, false);
  } else run.ended = message.after!;
}

/** As its program does: until it is answered. */
async function askAgain(run: Run, scene: Scene): Promise<void> {
  check(run, await run.scenario.act(scene), true);
}

function check(run: Run, answer: Answer, again: boolean): void {
  try {
    run.scenario.check(run.scene!, answer, again);
  } catch (error) {
    run.wrong.push(`${again ? 'asked again' : 'asked'}: ${(error as Error).message}`);
  }
}
