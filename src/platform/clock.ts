/** The only source of "now": everything that asks the time asks here, and tests put another `now` in its place. */
export const clock = {
  /** @returns the present instant (UTC, milliseconds) */
  now: (): Date => new Date(),
};
