import { sortNameOf } from '../group.entity.js';
import { type KnownGroup } from './known-group.js';

/**
 * What a trial run has decided so far and not written: the rows that come later see it as if it stood in the tables, so
 * that the trial ends exactly as the import does. Groups that would be made have negative ids.
 */
export class Imagined {
  readonly #groups = new Map<string, Set<KnownGroup>>();
  readonly #byId = new Map<number, KnownGroup>();
  readonly #people = new Map<number, Record<string, unknown>>();
  readonly #memberships = new Map<string, unknown[]>();
  readonly #links = new Set<string>();
  #made = 0;

  /** A group that would be made, or a changed one. */
  keep(group: KnownGroup): void {
    // The parent was written along with it.
    if (group.newParent) group.parent = group.newParent.id;
    delete group.newParent;
    this.#byId.set(group.id, group);
    const keys = [`name ${sortNameOf(group.name)}`];
    if (group.externalId !== null) keys.push(`id ${group.externalId}`);
    for (const key of keys) this.#groups.set(key, (this.#groups.get(key) ?? new Set()).add(group));
  }

  newId(): number {
    return --this.#made;
  }

  /** The groups that would be there by now: `id <external id>` or `name <folded name>`. */
  groups(key: string): Iterable<KnownGroup> {
    return this.#groups.get(key) ?? [];
  }

  /** The group as it would be by now, when this run changed it. */
  group(id: number): KnownGroup | undefined {
    return this.#byId.get(id);
  }

  /** What would have been written to a person: entity property -> value. */
  keepPerson(id: number, values: Record<string, unknown>): void {
    this.#people.set(id, { ...this.#people.get(id), ...values });
  }

  person(id: number): Record<string, unknown> | undefined {
    return this.#people.get(id);
  }

  /** What somebody would have with a group, when enrolments were placed there. */
  keepMemberships(key: string, list: unknown[]): void {
    this.#memberships.set(key, list);
  }

  memberships(key: string): unknown[] | undefined {
    return this.#memberships.get(key);
  }

  /** A link that would have been made. @returns whether it is the first of its kind */
  link(table: 'group_memberships' | 'group_assignments', key: string): boolean {
    const name = `${table} ${key}`;
    if (this.#links.has(name)) return false;
    this.#links.add(name);
    return true;
  }
}
