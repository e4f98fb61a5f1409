import { Problem } from '../platform/http/problem.js';
import { type Participant } from './participant.entity.js';

/**
 * The pages of a record that was merged lead to those of the record that stayed.
 * @param rest of the path, after the id
 * @throws Problem that redirects
 */
export function refuseMerged({ mergedInto }: Participant, rest: string): void {
  if (!mergedInto) return;
  const leadsTo = `/participants/${mergedInto}${rest}`;
  throw new Problem(409, { code: 'merged', message: 'This record was merged into another one.' }, { leadsTo });
}
