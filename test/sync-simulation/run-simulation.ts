import { spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/**
 * Runs the simulation in a process of its own, as `npm run simulate` does: it translates the product itself, so that a
 * seeded bug can be put in, and its clock is not the tests' clock.
 */
export function simulate(args: string[]): Promise<{ code: number | null; text: string }> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [join(root, 'test', 'sync-simulation', 'simulate.mjs'), ...args], {
      cwd: root,
    });
    let text = '';
    child.stdout.on('data', (part: Buffer) => (text += part.toString('utf8')));
    child.stderr.on('data', (part: Buffer) => (text += part.toString('utf8')));
    child.on('close', (code) => done({ code, text }));
  });
}
