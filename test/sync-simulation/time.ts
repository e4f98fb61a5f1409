export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** When every schedule begins: ten minutes into the lessons of that day. */
export const START = Date.parse('2026-03-02T08:00:00Z');

/** The time of the simulation. Nothing waits for a real clock: time passes only when a step says so. */
export class Time {
  now = START;
  private timers: { at: number; order: number; work: () => void }[] = [];
  private order = 0;

  reset(): void {
    this.now = START;
    this.timers = [];
    this.order = 0;
  }

  /** Calls back once after so many milliseconds. @returns what cancels it */
  timer(work: () => void, ms: number): () => void {
    const entry = { at: this.now + ms, order: ++this.order, work };
    this.timers.push(entry);
    return () => void (this.timers = this.timers.filter((each) => each !== entry));
  }

  /**
   * Lets so much time pass; what becomes due runs at its time, one after the other, each until everything rests.
   * @param settle lets everything happen that a timer began
   */
  async pass(ms: number, settle: () => Promise<void>): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      const due = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (!due) break;
      this.timers = this.timers.filter((each) => each !== due);
      this.now = Math.max(this.now, due.at);
      due.work();
      await settle();
    }
    this.now = end;
  }
}

let busy = 0;
const immediate = globalThis.setImmediate;

/** Counts what the databases of the devices still have to do. Must run before fake-indexeddb does anything. */
export function countImmediates(): void {
  globalThis.setImmediate = ((work: (...args: unknown[]) => void, ...args: unknown[]) => {
    busy++;
    return immediate(() => {
      busy--;
      work(...args);
    });
  }) as never;
}

/** Resolves when nothing on any device can go on without time passing or a message arriving. */
export async function rest(): Promise<void> {
  for (let quiet = 0; quiet < 2;) {
    await new Promise<void>((done) => void immediate(done));
    quiet = busy === 0 ? quiet + 1 : 0;
  }
}
