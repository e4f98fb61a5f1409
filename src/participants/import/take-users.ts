import { endAccess, User, voidLinks } from '../../auth/index.js';
import { lockingRows, read } from '../../platform/database/read.js';
import { insertRows, updateRows } from '../../platform/ledger/audited-rows.js';
import { type UserDraft } from './drafts.js';
import { isLeaving, notHere } from './leaving.js';
import { shown, type RowProblem } from './problem.js';
import { assign } from './take-groups.js';
import {
  differences,
  failed,
  inSlices,
  jsonColumn,
  takenOf,
  present,
  type DraftRow,
  type Effect,
  type Taken,
  type Taking,
} from './taken.js';

interface Row {
  id: number;
  email: string;
  external_id: string | null;
  first_name: string;
  last_name: string;
  role: string;
  status: 'invited' | 'active' | 'disabled';
  password_hash: string | null;
}

/**
 * Staff becomes users who are invited as frontline: they have no password, so they cannot sign in before they accept.
 * Matched by external id, else by e-mail. The role of somebody who is here already never changes, nor does the address
 * with which he signs in; an account that was disabled by hand stays disabled.
 */
export async function takeUsers(taking: Taking, rows: DraftRow<UserDraft>[]): Promise<Taken[]> {
  const { tx, dryRun } = taking;
  const byExternalId = new Map<string, Row>();
  const byEmail = new Map<string, Row>();
  for (const row of await usersBy(
    taking,
    'external_id',
    rows.map(({ draft }) => draft.external_id),
  ))
    byExternalId.set(row.external_id!, row);
  for (const row of await usersBy(taking, 'email', rows.map(({ draft }) => draft.email).filter(present)))
    byEmail.set(row.email, row);

  const comesAgain = await disabledByImports(taking, [...byExternalId.values(), ...byEmail.values()]);
  const taken: Taken[] = [];
  const touched = new Set<number>();
  const work: { row: DraftRow<UserDraft>; user: Row | null; change: ReturnType<typeof differences> }[] = [];
  for (const row of rows) {
    const { draft } = row;
    const [first, second] = [byExternalId.get(draft.external_id), byEmail.get(draft.email)];
    const user = first ?? second ?? null;
    if (first && second && first.id !== second.id) {
      taken.push(failed(row.row, emailTaken(row.row, draft)));
      continue;
    }
    if (user && touched.has(user.id)) {
      taken.push(failed(row.row, emailTaken(row.row, draft)));
      continue;
    }
    if (user) touched.add(user.id);
    if (draft.leaving) {
      taken.push(await leave(taking, row, first ?? null));
      continue;
    }
    // Disabled before he ever accepted: an undone import, and here he comes again.
    const again = user !== null && comesAgain.has(user.id);
    if (user?.status === 'disabled' && !again) {
      taken.push({ row: row.row, outcome: 'skipped', effects: [], notes: [isDisabled(row.row, draft)] });
      continue;
    }
    const accepted = user !== null && user.password_hash !== null;
    const next = {
      externalId: draft.external_id,
      firstName: draft.first_name,
      lastName: draft.last_name,
      email: accepted ? undefined : draft.email,
      status: again ? 'invited' : undefined,
    };
    const current = user && {
      externalId: user.external_id,
      firstName: user.first_name,
      lastName: user.last_name,
      email: user.email,
      status: user.status,
    };
    if (accepted && user.email !== draft.email) row.warnings.push(keepsEmail(row.row, draft, user.email));
    work.push({ row, user, change: current && differences(current, next) });
  }

  const own = new Map<DraftRow, Effect>();
  const idOf = new Map<DraftRow, number>();
  const inserts = work
    .filter(({ user }) => !user)
    .map(({ row }) => ({
      row,
      values: {
        email: row.draft.email,
        firstName: row.draft.first_name,
        lastName: row.draft.last_name,
        externalId: row.draft.external_id,
        role: 'frontline' as const,
        status: 'invited' as const,
      },
    }));
  const ids = dryRun
    ? inserts.map(() => taking.imagined.newId())
    : await insertRows(
        tx,
        User,
        inserts.map(({ values }) => values),
      );
  inserts.forEach(({ row, values }, at) => {
    idOf.set(row, ids[at]!);
    own.set(row, { table: 'users', record: ids[at]!, before: null, after: values });
  });
  const updates = work.filter(({ change }) => change !== null);
  if (!dryRun)
    await updateRows(
      tx,
      User,
      updates.map(({ user, change }) => ({ id: user!.id, ...change! })),
    );
  // What was sent to the old address must not open the account any more.
  if (!dryRun) for (const { user, change } of updates) if ('email' in change!.after) await voidLinks(tx, user!);
  for (const { row, user, change } of updates) own.set(row, { table: 'users', record: user!.id, ...change! });
  for (const { row, user } of work) if (user) idOf.set(row, user.id);

  const sections = await sectionsOf(
    taking,
    work.filter(({ row }) => row.draft.named_by_sections).map(({ row }) => row.draft.external_id),
  );
  const pairs = work.flatMap(({ row }) =>
    (sections.get(row.draft.external_id) ?? []).map((group) => ({ row: row as DraftRow, user: idOf.get(row)!, group })),
  );
  const others = new Map<DraftRow, Effect[]>();
  for (const { row, effect } of await assign(taking, pairs)) others.set(row, [...(others.get(row) ?? []), effect]);
  taken.push(...work.map(({ row }) => takenOf(row, own.get(row), others.get(row))));
  return taken;
}

/**
 * The file says that he is gone or switched off: a frontline account is disabled and signed out everywhere. Any other
 * account is more than the file knows of, and is left to people. Found by external id only: an address may be anybody's.
 */
async function leave({ tx, dryRun }: Taking, { row, draft }: DraftRow<UserDraft>, user: Row | null): Promise<Taken> {
  if (!user) return notHere(row);
  if (user.status === 'disabled') return { row, outcome: 'unchanged', effects: [], notes: [] };
  if (user.role !== 'frontline') return { row, outcome: 'skipped', effects: [], notes: [isMore(row, user)] };
  if (!dryRun) {
    const account = await tx.findOneOrFail(User, { id: user.id });
    await endAccess(tx, account);
    account.status = 'disabled';
    await tx.flush();
  }
  const effect: Effect = {
    table: 'users',
    record: user.id,
    before: { status: user.status },
    after: { status: 'disabled' },
  };
  const note = isLeaving(row, draft.leaving!, `${user.first_name} ${user.last_name}`);
  return { row, outcome: 'updated', effects: [effect], notes: [note] };
}

async function usersBy({ tx, dryRun }: Taking, column: 'external_id' | 'email', values: string[]): Promise<Row[]> {
  const rows = await inSlices(values, (list) =>
    read<Row>(
      tx,
      `select u.id, u.email, u.external_id, u.first_name, u.last_name, u.role, u.status, u.password_hash from users u
        where u.organization_id = :organization and u.${column} in (:list) ${dryRun ? '' : lockingRows(tx, 'u')}`,
      { list },
    ),
  );
  return rows.map((row) => ({ ...row, id: Number(row.id) }));
}

/**
 * Who never accepted and was disabled by an import or its undoing, not by a person: when a file names him, he is invited
 * again. The audit knows who did it.
 */
async function disabledByImports({ tx }: Taking, users: Row[]): Promise<Set<number>> {
  const candidates = users.filter((user) => user.status === 'disabled' && user.password_hash === null);
  const rows = await inSlices([...new Set(candidates.map(({ id }) => id))], (list) =>
    read<{ record_id: number; fact: string }>(
      tx,
      `select a.record_id, a.fact from audit_logs a
        where a.organization_id = :organization and a.table_name = 'users' and a.record_id in (:list)
          and a.new_values like '%"status":"disabled"%' order by a.id`,
      { list },
    ),
  );
  const last = new Map(rows.map(({ record_id, fact }) => [Number(record_id), fact]));
  const byImport = ([, fact]: [number, string]) => fact === 'import.undone' || fact.endsWith('.imported');
  return new Set([...last].filter(byImport).map(([id]) => id));
}

/** The sections that name these teachers, from the sections' own file if it came first. */
async function sectionsOf({ tx }: Taking, teachers: string[]): Promise<Map<string, number[]>> {
  const wanted = new Set(teachers);
  const sections = new Map<string, number[]>();
  if (wanted.size === 0) return sections;
  const rows = await read<{ id: number; extra_data: unknown }>(
    tx,
    `select g.id, g.extra_data from \`groups\` g
      where g.organization_id = :organization and g.external_id like :prefix and g.is_active = :yes`,
    { prefix: 'section:%', yes: true },
  );
  for (const row of rows) {
    const named = jsonColumn(row.extra_data).teacher_ids;
    for (const teacher of Array.isArray(named) ? (named as string[]) : [])
      if (wanted.has(teacher)) sections.set(teacher, [...(sections.get(teacher) ?? []), Number(row.id)]);
  }
  return sections;
}

const emailTaken = (row: number, draft: UserDraft): RowProblem => ({
  row,
  field: 'email',
  code: 'taken',
  message: 'Somebody else here has the e-mail address {value}.',
  params: { value: shown(draft.email) },
});

const isMore = (row: number, user: Row): RowProblem => ({
  row,
  field: 'status',
  code: 'kept',
  message: 'The account of {value} is more than a frontline account, so it was left alone.',
  params: { value: shown(user.email) },
});

const isDisabled = (row: number, draft: UserDraft): RowProblem => ({
  row,
  field: 'email',
  code: 'taken',
  message: 'The account of {value} was disabled, so it was left alone.',
  params: { value: shown(draft.email) },
});

const keepsEmail = (row: number, draft: UserDraft, email: string): RowProblem => ({
  row,
  field: 'email',
  code: 'kept',
  message: 'Signs in with {email} and keeps that address; the file says {value}.',
  params: { email: shown(email), value: shown(draft.email) },
});
