import { type Logger } from '@nestjs/common';

/**
 * Keeps the runs of one job of this process apart: while one goes on, the next call of the timer does nothing. A run that
 * fails is told to the log and does not stop the timer. Other processes have their own; what they must not do twice, the
 * database holds apart.
 */
export class OneRun {
  private running = false;

  /** @param failed what the log says before the reason */
  constructor(
    private readonly logger: Logger,
    private readonly failed: string,
  ) {}

  async of(work: () => Promise<unknown>): Promise<void> {
    if (this.running) return;
    this.running = true;
    try {
      await work();
    } catch (error) {
      this.logger.error(this.failed, (error as Error)?.stack);
    } finally {
      this.running = false;
    }
  }
}

/**
 * Does the same work for one after another (organizations, mostly). One for whom it fails holds up no other.
 * @returns the sum of what `work` returned
 * @throws Error of the first for whom it failed, when all have had their turn
 */
export async function forEachInTurn<T>(items: Iterable<T>, work: (item: T) => Promise<number>): Promise<number> {
  let sum = 0;
  const failures: unknown[] = [];
  for (const item of items)
    try {
      sum += await work(item);
    } catch (error) {
      failures.push(error);
    }
  if (failures.length > 0) throw failures[0];
  return sum;
}
