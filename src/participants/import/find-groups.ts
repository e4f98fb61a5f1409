import { lockingRows, read } from '../../platform/database/read.js';
import { insertRows, updateRows } from '../../platform/ledger/audited-rows.js';
import { Group, sortNameOf } from '../group.entity.js';
import { type KnownGroup } from './known-group.js';
import { shown, type RowProblem } from './problem.js';
import { differences, inSlices, jsonColumn, present, type Effect, type Taking } from './taken.js';

export { type KnownGroup };

interface Row {
  id: number;
  name: string;
  external_id: string | null;
  group_type: string;
  is_active: number | boolean;
  extra_data: unknown;
  parent_id: number | null;
}

const COLUMNS = 'g.id, g.name, g.external_id, g.group_type, g.is_active, g.extra_data, g.parent_id from `groups` g';

/** The groups that the rows of one chunk speak of, found by external id and by folded name. */
export class KnownGroups {
  readonly #byExternalId = new Map<string, KnownGroup>();
  readonly #byName = new Map<string, KnownGroup[]>();
  readonly #byId = new Map<number, KnownGroup>();

  static async find(taking: Taking, externalIds: Iterable<string>, names: Iterable<string>): Promise<KnownGroups> {
    const { tx, dryRun, imagined } = taking;
    const [idsAsked, namesAsked] = [[...externalIds], [...names].map(sortNameOf)];
    const known = new KnownGroups();
    const lock = dryRun ? '' : lockingRows(tx, 'g');
    const rows = [
      ...(await inSlices(idsAsked, (ids) =>
        read<Row>(tx, `select ${COLUMNS} where g.organization_id = :organization and g.external_id in (:ids) ${lock}`, {
          ids,
        }),
      )),
      ...(await inSlices(namesAsked, (keys) =>
        read<Row>(tx, `select ${COLUMNS} where g.organization_id = :organization and g.sort_name in (:keys) ${lock}`, {
          keys,
        }),
      )),
    ];
    // Sorted here: told to sort by id, SQLite reads the whole organization in that order instead of using the index.
    rows.sort((a, b) => Number(a.id) - Number(b.id));
    for (const row of rows) {
      // In a trial run: as it would be by now.
      if (imagined.group(Number(row.id))) continue;
      known.add({
        id: Number(row.id),
        name: row.name,
        externalId: row.external_id,
        groupType: row.group_type,
        isActive: Boolean(row.is_active),
        extraData: jsonColumn(row.extra_data),
        parent: row.parent_id === null ? null : Number(row.parent_id),
      });
    }
    for (const key of [...idsAsked.map((id) => `id ${id}`), ...namesAsked.map((name) => `name ${name}`)])
      for (const group of imagined.groups(key)) known.add(group);
    return known;
  }

  add(group: KnownGroup): KnownGroup {
    if (group.id !== 0 && this.#byId.has(group.id)) return this.#byId.get(group.id)!;
    if (group.id !== 0) this.#byId.set(group.id, group);
    if (group.externalId !== null) this.#byExternalId.set(group.externalId, group);
    const key = sortNameOf(group.name);
    this.#byName.set(key, [...(this.#byName.get(key) ?? []), group]);
    return group;
  }

  /** Knows the group by another name from now on. */
  rename(group: KnownGroup, name: string): void {
    const [old, next] = [sortNameOf(group.name), sortNameOf(name)];
    this.#byName.set(
      old,
      (this.#byName.get(old) ?? []).filter((each) => each !== group),
    );
    this.#byName.set(next, [...(this.#byName.get(next) ?? []), group]);
    group.name = name;
  }

  /** Knows the group by an external id that it was just given. */
  adopt(group: KnownGroup, externalId: string): void {
    this.#byExternalId.set(externalId, group);
  }

  withExternalId(externalId: string): KnownGroup | undefined {
    return this.#byExternalId.get(externalId);
  }

  /** Groups of this name: those written exactly so, else those that differ in case and accents only. */
  named(name: string): KnownGroup[] {
    const alike = this.#byName.get(sortNameOf(name)) ?? [];
    const exact = alike.filter((group) => group.name === name);
    return exact.length > 0 ? exact : alike;
  }

  /** An external id or a name, as people write it into one cell. A living group is meant before a deactivated one. */
  meant(text: string): KnownGroup[] {
    const own = this.#byExternalId.get(text);
    if (own) return [own];
    const named = this.named(text);
    const living = named.filter((group) => group.isActive);
    return living.length > 0 ? living : named;
  }
}

export const ambiguousName = (row: number, field: string, name: string, count: number): RowProblem => ({
  row,
  field,
  code: 'invalid',
  message: '{count} {groups} have the name {value}. Name the external id instead.',
  params: { count, value: shown(name) },
});

/**
 * Writes new groups, parents before their children, and fills in their ids.
 * @returns the effect of each, in the order given
 */
export async function insertGroups(taking: Taking, groups: KnownGroup[]): Promise<Effect[]> {
  const effects = new Map<KnownGroup, Effect>();
  for (let rest = groups; rest.length > 0;) {
    const ready = rest.filter((group) => !group.newParent || group.newParent.id !== 0);
    if (ready.length === 0) throw new Error('groups that are each other’s parent');
    for (const group of ready) group.parent = group.newParent ? group.newParent.id : group.parent;
    const rows = ready.map(({ name, externalId, groupType, isActive, extraData, parent }) => ({
      name,
      externalId,
      groupType,
      isActive,
      extraData,
      parent,
    }));
    const ids = taking.dryRun
      ? ready.map(() => taking.imagined.newId())
      : await insertRows(
          taking.tx,
          Group,
          rows.map((row) => ({ ...row, sortName: sortNameOf(row.name) })),
        );
    ready.forEach((group, at) => {
      group.id = ids[at]!;
      effects.set(group, { table: 'groups', record: group.id, before: null, after: rows[at]! });
    });
    rest = rest.filter((group) => group.id === 0);
  }
  if (taking.dryRun) for (const group of groups) taking.imagined.keep(group);
  return groups.map((group) => effects.get(group)!);
}

/** A change of a group that stands in the table. */
export interface GroupChange {
  group: KnownGroup;
  before: Record<string, unknown>;
  after: Record<string, unknown>;
  /** The new parent, which may have no id before it is written. */
  newParent?: KnownGroup;
}

/** @returns the effect of each change, in the order given */
export async function updateGroups(taking: Taking, changes: GroupChange[]): Promise<Effect[]> {
  for (const { after, newParent } of changes) if (newParent) after.parent = newParent.id;
  if (!taking.dryRun)
    await updateRows(
      taking.tx,
      Group,
      changes.map(({ group, before, after }) => ({
        id: group.id,
        before,
        after: 'name' in after ? { ...after, sortName: sortNameOf(after.name as string) } : after,
      })),
    );
  if (taking.dryRun) for (const { group, after } of changes) taking.imagined.keep(Object.assign(group, after));
  return changes.map(({ group, before, after }) => ({ table: 'groups', record: group.id, before, after }));
}

/**
 * Finds the groups that people are put into by a word in a cell (a name or an external id). What is not there yet is
 * made, with the default type of the domain; what was deactivated comes back.
 */
export class NamedGroups {
  private constructor(
    private readonly taking: Taking,
    private readonly known: KnownGroups,
  ) {}

  static async find(taking: Taking, words: string[]): Promise<NamedGroups> {
    return new NamedGroups(taking, await KnownGroups.find(taking, words, words));
  }

  /** @returns the group, which may still have to be written, or why the word does not say which one */
  get(row: number, word: string): KnownGroup | RowProblem {
    const [group, ...others] = this.known.meant(word);
    if (others.length > 0) return ambiguousName(row, 'group', word, others.length + 1);
    if (group) return group;
    const type = this.taking.groupTypes[0]!.code;
    return this.known.add({
      id: 0,
      name: word,
      externalId: null,
      groupType: type,
      isActive: true,
      extraData: {},
      parent: null,
    });
  }

  /** Writes what is new or comes back. @returns effects by the group */
  async write(wanted: Iterable<KnownGroup>): Promise<Map<KnownGroup, Effect>> {
    const groups = [...new Set(wanted)];
    const missing = groups.filter((group) => group.id === 0);
    const asleep = groups.filter((group) => group.id > 0 && !group.isActive);
    const effects = new Map<KnownGroup, Effect>();
    (await insertGroups(this.taking, missing)).forEach((effect, at) => effects.set(missing[at]!, effect));
    const changes = asleep.map((group) => ({ group, ...differences({ isActive: false }, { isActive: true })! }));
    (await updateGroups(this.taking, changes)).forEach((effect, at) => effects.set(asleep[at]!, effect));
    return effects;
  }
}

/** The code of a group type that people may have written by its label or in another case. */
export function groupTypeOf(taking: Taking, written: string | null | undefined): string | undefined {
  if (!present(written)) return undefined;
  const known = taking.groupTypes.find((type) =>
    [type.code, type.label].some((word) => word.toLowerCase() === written.toLowerCase()),
  );
  return known?.code ?? written;
}
