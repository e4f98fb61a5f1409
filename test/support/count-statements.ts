import { type World } from '../world.js';

/** @returns how many statements the database was sent while `work` ran: the same for ten rows as for a hundred */
export async function countStatements(world: World, work: () => Promise<unknown>): Promise<number> {
  const connection = world.orm.em.getConnection() as unknown as { execute: (...args: unknown[]) => unknown };
  const execute = connection.execute;
  let statements = 0;
  connection.execute = function (...args: unknown[]) {
    statements++;
    return execute.apply(this, args);
  };
  try {
    await work();
  } finally {
    connection.execute = execute;
  }
  return statements;
}
