import { type Reach, reachOf, type SignedInUser } from '../../auth/index.js';

/**
 * How far a file of somebody reaches. Whoever sees only himself may have his own statement as a file, and nothing else.
 * @returns null: he may have no such file
 */
export function exportReach({ role, organization: { settings } }: SignedInUser, report: string): Reach | null {
  const reach = reachOf(role, 'export.run', settings);
  if (reach) return reach;
  return report === 'statement' && reachOf(role, 'report.view', settings) === 'own' ? 'own' : null;
}
