import { attempt } from '../../platform/http/form.js';
import { Problem } from '../../platform/http/problem.js';

/** As `attempt`: a file of another kind is something that the person can mend, too. */
export const calendarRefused: typeof attempt = (work) =>
  attempt(async () => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Problem && error.status === 415) throw new Problem(422, error.refusals);
      throw error;
    }
  });
