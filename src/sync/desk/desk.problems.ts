import { notFound, Problem } from '../../platform/http/problem.js';

/** Why a conflict could not be resolved. @param current the conflict as it stands, told with `stale` */
export function refusedResolution(code: string | undefined, current: unknown): Problem {
  if (code === 'not_found') return notFound();
  if (code === 'state_unknown')
    return new Problem(422, {
      code: 'state_unknown',
      field: 'presence_state',
      message: 'This state is not in use here.',
    });
  return new Problem(
    409,
    { code: 'stale', message: 'This conflict changed meanwhile. Nothing was decided; look at it again.' },
    { data: { current } },
  );
}

/** Somebody adopted or discarded it first. */
export const staleParked = (): Problem =>
  new Problem(409, { code: 'stale', message: 'Somebody has settled this mark meanwhile.' });
