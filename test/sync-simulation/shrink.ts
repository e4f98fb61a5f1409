import { type Violation } from './oracle.js';
import { type Plan } from './plan.js';
import { type Run } from './schedule.js';

/**
 * Leaves out steps for as long as the rest breaks the same rule: halves first, then ever smaller pieces, then time.
 * @returns the shortest plan found, and how it fails
 */
export async function shrink(
  plan: Plan,
  rule: string,
  run: (plan: Plan) => Promise<Run>,
): Promise<{ plan: Plan; violation: Violation }> {
  let violation: Violation | null = null;
  const stillFails = async (asked: Plan) => {
    const { violation: found } = await run(asked);
    if (found?.rule !== rule) return false;
    violation = found;
    return true;
  };
  let least = plan;
  if (!(await stillFails(least))) throw new Error('the schedule does not fail when it is run again');
  for (let size = Math.ceil(least.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < least.steps.length;) {
      const shorter = { ...least, steps: least.steps.toSpliced(at, size) };
      if (shorter.steps.length < least.steps.length && (await stillFails(shorter))) least = shorter;
      else at += size;
    }
  }
  for (let at = 0; at < least.steps.length; at++) {
    if (!least.steps[at]!.wait) continue;
    const sooner = { ...least, steps: least.steps.with(at, { ...least.steps[at]!, wait: 0 }) };
    if (await stillFails(sooner)) least = sooner;
  }
  await stillFails(least);
  return { plan: least, violation: violation! };
}
