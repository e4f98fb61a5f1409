/** A cell as tallies see it; without a state there is nothing to count. */
export interface Counted {
  presenceStateId: number | null;
  disputed: boolean;
}

type Sum<Place> = Place & { presenceStateId: number; marks: number; disputed: number };

/** Adds up what comes and goes, so that what only went and came back is not written at all. */
export class TallySums<Place extends object> {
  private readonly sums = new Map<string, Sum<Place>>();

  /** @param place where it counts, its values always in one order @param sign 1: this mark counts there now; -1: it does no more */
  add(place: Place, { presenceStateId, disputed }: Counted, sign: 1 | -1): void {
    if (presenceStateId === null) return;
    const key = `${Object.values(place).join('/')}/${presenceStateId}`;
    const sum = this.sums.get(key) ?? { ...place, presenceStateId, marks: 0, disputed: 0 };
    sum.marks += sign;
    if (disputed) sum.disputed += sign;
    this.sums.set(key, sum);
  }

  /** @returns the rows to write */
  rows(): Sum<Place>[] {
    return [...this.sums.values()].filter(({ marks, disputed }) => marks !== 0 || disputed !== 0);
  }
}
