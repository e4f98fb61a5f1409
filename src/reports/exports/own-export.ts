import { type SignedInUser } from '../../auth/index.js';
import { notFound } from '../../platform/http/problem.js';
import { type Export } from './export.entity.js';

/** A file is its user's alone, administrators included: an address that got around leads nobody else anywhere. @throws 404 */
export function ownExport(job: Export, me: SignedInUser): Export {
  if (job.user !== me.id) throw notFound();
  return job;
}
