import { current } from '../../src/platform/current.js';
import { type World } from '../world.js';

/**
 * @returns how many SELECTs the requests sent while `work` ran: the same for ten rows as for a hundred. What jobs in the
 *   background ask meanwhile is not counted.
 */
export async function countStatements(world: World, work: () => Promise<unknown>): Promise<number> {
  const connection = world.orm.em.getConnection() as unknown as { execute: (...args: unknown[]) => unknown };
  const execute = connection.execute;
  let statements = 0;
  connection.execute = function (...args: unknown[]) {
    if (/^\s*(select|with)\b/i.test(String(args[0])) && isRequest()) statements++;
    return execute.apply(this, args);
  };
  try {
    await work();
  } finally {
    connection.execute = execute;
  }
  return statements;
}

function isRequest(): boolean {
  try {
    return current().requestId !== null;
  } catch {
    return false;
  }
}
