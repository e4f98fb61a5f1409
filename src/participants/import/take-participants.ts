import { lockingRows, read } from '../../platform/database/read.js';
import { insertRows, updateRows } from '../../platform/ledger/audited-rows.js';
import { foldedNames, Participant } from '../participant.entity.js';
import { type ParticipantDraft } from './drafts.js';
import { NamedGroups, type KnownGroup } from './find-groups.js';
import { joinGroups } from './join-groups.js';
import { isLeaving, notHere } from './leaving.js';
import { shown, type RowProblem } from './problem.js';
import {
  differences,
  failed,
  inSlices,
  jsonColumn,
  mergedExtra,
  takenOf,
  present,
  unlessSame,
  type DraftRow,
  type Effect,
  type Taken,
  type Taking,
} from './taken.js';

/** A participant as the table holds it, under the names of the entity's properties. */
interface Person {
  id: number;
  externalId: string | null;
  identifier: string | null;
  firstName: string;
  lastName: string;
  dateOfBirth: string | null;
  email: string | null;
  phone: string | null;
  isActive: boolean;
  extraData: Record<string, unknown>;
  gone: boolean;
  /** The record by which he was found, when it was merged into this one: its keys lead here, and stay where they are. */
  via?: Pick<Person, 'identifier' | 'externalId' | 'firstName' | 'lastName' | 'dateOfBirth'>;
}

type Row = Record<string, unknown> & { id: number };

/**
 * People: matched by identifier, else by external id; without either, by name and date of birth among those who have
 * neither (the second of a name in the file is the second of that name in the table). The file's word counts: who
 * stands in it is active, unless it says otherwise. Groups are only added, never taken away.
 */
export async function takeParticipants(taking: Taking, rows: DraftRow<ParticipantDraft>[]): Promise<Taken[]> {
  const taken: Taken[] = [];
  // Two rows that mean the same person cannot be written in one go: the second sees what the first one did.
  for (let rest = rows; rest.length > 0;) rest = await takeDistinct(taking, rest, taken);
  return taken;
}

async function takeDistinct(
  taking: Taking,
  rows: DraftRow<ParticipantDraft>[],
  taken: Taken[],
): Promise<DraftRow<ParticipantDraft>[]> {
  const { tx, dryRun } = taking;
  const match = await matcher(taking, rows);
  const groups = await NamedGroups.find(
    taking,
    rows.flatMap(({ draft }) => draft.groups ?? []),
  );

  const later: DraftRow<ParticipantDraft>[] = [];
  const touched = new Set<number>();
  const work: { row: DraftRow<ParticipantDraft>; person: Person | null; groups: KnownGroup[] }[] = [];
  for (const row of rows) {
    const found = match(row);
    if (found && 'refused' in found) {
      taken.push(found.refused);
      continue;
    }
    if (found && touched.has(found.id)) {
      later.push(row);
      continue;
    }
    if (!found && row.draft.leaving === 'deleted') {
      taken.push(notHere(row.row));
      continue;
    }
    const named = (row.draft.groups ?? []).map((word) => groups.get(row.row, word));
    const problems = named.filter((each): each is RowProblem => 'code' in each);
    if (problems.length > 0) {
      taken.push(failed(row.row, ...problems));
      continue;
    }
    if (found) touched.add(found.id);
    work.push({ row, person: found, groups: [...new Set(named as KnownGroup[])] });
  }

  const groupEffects = await groups.write(work.flatMap((each) => each.groups));
  const inserts = work.filter(({ person }) => !person).map((each) => ({ ...each, values: newPerson(each.row.draft) }));
  const ids = dryRun
    ? inserts.map(() => 0)
    : await insertRows(
        tx,
        Participant,
        inserts.map(({ values }) => ({ ...values, ...foldedNames(values) })),
      );
  const updates = work.flatMap((each) => {
    const change = each.person && differences({ ...each.person }, nextPerson(taking, each.person, each.row.draft));
    const { leaving } = each.row.draft;
    if (leaving && change?.after.isActive === false)
      each.row.warnings.push(isLeaving(each.row.row, leaving, nameOf(each.person!)));
    return change ? [{ ...each, person: each.person!, change }] : [];
  });
  if (!dryRun)
    await updateRows(
      tx,
      Participant,
      updates.map(({ person, change }) => withFoldedNames(person, change)),
    );
  else for (const { person, change } of updates) taking.imagined.keepPerson(person.id, change.after);

  const own = new Map<DraftRow, Effect>();
  const idOf = new Map<DraftRow, number>(work.map(({ row, person }) => [row, person?.id ?? 0]));
  inserts.forEach(({ row, values }, at) => {
    idOf.set(row, ids[at]!);
    own.set(row, { table: 'participants', record: ids[at]!, before: null, after: values });
  });
  for (const { row, person, change } of updates) own.set(row, { table: 'participants', record: person.id, ...change });

  const pairs = work.flatMap(({ row, groups: wanted }) => wanted.map((group) => ({ row, group })));
  const joined = await joinGroups(
    taking,
    pairs.map(({ row, group }) => ({ participant: idOf.get(row)! || -row.row, group: group.id })),
  );
  const others = new Map<DraftRow, Effect[]>();
  pairs.forEach(({ row, group }, at) => {
    const effects = [groupEffects.get(group), joined[at]].filter((effect) => effect !== null && effect !== undefined);
    // The first row that names a group is the one that made it.
    groupEffects.delete(group);
    others.set(row, [...(others.get(row) ?? []), ...effects]);
  });
  taken.push(...work.map(({ row }) => takenOf(row, own.get(row), others.get(row))));
  return later;
}

function newPerson(draft: ParticipantDraft) {
  return {
    externalId: draft.external_id ?? null,
    identifier: draft.identifier ?? null,
    firstName: draft.first_name,
    lastName: draft.last_name,
    dateOfBirth: draft.date_of_birth ?? null,
    email: draft.email ?? null,
    phone: draft.phone ?? null,
    isActive: draft.is_active ?? true,
    extraData: draft.extra_data as Record<string, unknown>,
  };
}

function nextPerson(taking: Taking, person: Person, draft: ParticipantDraft) {
  // Gone in the file: he is deactivated, and nothing else about him changes.
  if (draft.leaving === 'deleted') return { isActive: false };
  return {
    externalId: person.via ? undefined : draft.external_id,
    identifier: person.via ? undefined : draft.identifier,
    firstName: unlessSame(person.firstName, draft.first_name),
    lastName: unlessSame(person.lastName, draft.last_name),
    dateOfBirth: draft.date_of_birth,
    // The reader writes addresses small; nobody's address changes by that.
    email: unlessSame(person.email, draft.email, (text) => text.toLowerCase()),
    phone: unlessSame(person.phone, draft.phone),
    isActive: draft.is_active ?? true,
    extraData: mergedExtra(taking, person.extraData, draft.extra_data),
  };
}

/** A change of names or identifier changes the derived columns as well. */
function withFoldedNames(person: Person, { before, after }: Pick<Effect, 'before' | 'after'>) {
  const changed = 'firstName' in after || 'lastName' in after || 'identifier' in after;
  const folded = changed ? foldedNames({ ...person, ...after }) : {};
  return { id: person.id, before: before as object, after: { ...after, ...folded } };
}

type Matched = Person | { refused: Taken } | null;

/** @returns who each row means: somebody, nobody yet (null), or why that cannot be said */
async function matcher(
  taking: Taking,
  rows: DraftRow<ParticipantDraft>[],
): Promise<(row: DraftRow<ParticipantDraft>) => Matched> {
  const drafts = rows.map(({ draft }) => draft);
  const byIdentifier = byKey(
    await people(
      taking,
      'identifier',
      drafts.map((draft) => draft.identifier),
    ),
    'identifier',
  );
  const byExternalId = byKey(
    await people(
      taking,
      'external_id',
      drafts.map((draft) => draft.external_id),
    ),
    'externalId',
  );
  const keyless = drafts.filter((draft) => !present(draft.identifier) && !present(draft.external_id));
  const namesakes = new Map<string, Person[]>();
  for (const person of await people(
    taking,
    'sort_name',
    keyless.map((draft) => sortNameOf(draft)),
  )) {
    const { identifier, externalId, firstName, lastName } = person.via ?? person;
    if (identifier !== null || externalId !== null) continue;
    const key = sortNameOf({ first_name: firstName, last_name: lastName });
    namesakes.set(key, [...(namesakes.get(key) ?? []), person]);
  }

  return ({ row, draft, nth }) => {
    const first = present(draft.identifier) ? byIdentifier.get(draft.identifier) : undefined;
    const second = present(draft.external_id) ? byExternalId.get(draft.external_id) : undefined;
    if (first && second && first.id !== second.id)
      return { refused: failed(row, twoPeople(row, draft, first, second)) };
    let person = second?.via ? second : (first ?? second ?? null);
    if (!person && !present(draft.identifier) && !present(draft.external_id)) {
      const alike = namesakes.get(sortNameOf(draft)) ?? [];
      const born = draft.date_of_birth;
      person = alike.filter((each) => born === undefined || (each.via ?? each).dateOfBirth === born)[nth] ?? null;
    }
    if (person?.gone) return { refused: { row, outcome: 'skipped', effects: [], notes: [isGone(row, draft)] } };
    return person;
  };
}

const sortNameOf = ({ first_name, last_name }: { first_name: string; last_name: string }) =>
  foldedNames({ firstName: first_name, lastName: last_name }).sortName;

/** The key under which namesakes in one file are counted (DraftRow.nth). */
export const namesakeKey = (draft: ParticipantDraft): string | null =>
  present(draft.identifier) || present(draft.external_id) ? null : `${sortNameOf(draft)}\t${draft.date_of_birth ?? ''}`;

const PERSON = `p.id, p.external_id, p.identifier, p.first_name, p.last_name, p.date_of_birth, p.email, p.phone,
  p.is_active, p.extra_data, p.merged_into_id, p.anonymized_at`;

async function people(
  { tx, dryRun, imagined }: Taking,
  column: 'identifier' | 'external_id' | 'sort_name',
  values: (string | null | undefined)[],
): Promise<Person[]> {
  const rows = await inSlices(values.filter(present), (list) =>
    read<Row>(
      tx,
      `select ${PERSON} from participants p where p.organization_id = :organization and p.${column} in (:list)
         ${dryRun ? '' : lockingRows(tx, 'p')}`,
      { list },
    ),
  );
  // Sorted here: told to sort by id, SQLite reads the whole organization in that order instead of using the index.
  rows.sort((a, b) => Number(a.id) - Number(b.id));
  const survivors = await survivorsOf({ tx, dryRun }, rows);
  // In a trial run: as they would be by now.
  const asOfNow = (row: Row): Person => ({ ...personOf(row), ...imagined.person(Number(row.id)) });
  return rows.map((row) => {
    const survivor = row.merged_into_id === null ? null : survivors.get(Number(row.merged_into_id));
    return survivor ? { ...asOfNow(survivor), via: personOf(row) } : asOfNow(row);
  });
}

/** The records into which these were merged; a merge leads straight to the one that stays. */
async function survivorsOf({ tx, dryRun }: Pick<Taking, 'tx' | 'dryRun'>, rows: Row[]): Promise<Map<number, Row>> {
  const ids = rows.flatMap((row) => (row.merged_into_id === null ? [] : [Number(row.merged_into_id)]));
  const found = await inSlices(ids, (list) =>
    read<Row>(
      tx,
      `select ${PERSON} from participants p where p.organization_id = :organization and p.id in (:list)
         ${dryRun ? '' : lockingRows(tx, 'p')}`,
      { list },
    ),
  );
  return new Map(found.map((row) => [Number(row.id), row]));
}

function personOf(row: Row): Person {
  return {
    id: Number(row.id),
    externalId: row.external_id as string | null,
    identifier: row.identifier as string | null,
    firstName: row.first_name as string,
    lastName: row.last_name as string,
    dateOfBirth: row.date_of_birth as string | null,
    email: row.email as string | null,
    phone: row.phone as string | null,
    isActive: Boolean(row.is_active),
    extraData: jsonColumn(row.extra_data),
    gone: row.merged_into_id !== null || row.anonymized_at !== null,
  };
}

const byKey = (list: Person[], key: 'identifier' | 'externalId') =>
  new Map(list.map((person) => [(person.via ?? person)[key]!, person] as const));

const nameOf = (person: Person) => shown(`${person.firstName} ${person.lastName}`);

const twoPeople = (row: number, draft: ParticipantDraft, first: Person, second: Person): RowProblem => ({
  row,
  field: 'external_id',
  code: 'taken',
  message:
    'The identifier {identifier} belongs to {first}, but the external id {external} belongs to {second}. A row can be about one person only.',
  params: {
    identifier: shown(draft.identifier!),
    first: nameOf(first),
    external: shown(draft.external_id!),
    second: nameOf(second),
  },
});

const isGone = (row: number, draft: ParticipantDraft): RowProblem => ({
  row,
  field: present(draft.identifier) ? 'identifier' : 'external_id',
  code: 'taken',
  message: '{value} belongs to a record that was merged or erased, so this row was passed over.',
  params: { value: shown(draft.identifier ?? draft.external_id ?? '') },
});
