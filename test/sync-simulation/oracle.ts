import {
  FINAL_OUTCOMES,
  type Changes,
  type Envelope,
  type Handshake,
  type Op,
  type OpResult,
  type PresenceOp,
  type Ref,
  type SyncAnswer,
} from '../../src/sync/wire.js';
import { type Draft, type OpRow } from '../../static/js/sync/engine.js';
import { canonicalJson, sha256 } from '../../src/platform/text.js';
import { type Browser, type Tab } from './browser.js';
import { type Message } from './network.js';
import { type Person, type Place, type Reply, type Server } from './server.js';

/** The promise is broken. */
export class Violation extends Error {
  constructor(
    readonly rule: string,
    detail: string,
  ) {
    super(`${rule}: ${detail}`);
  }
}

/** An op that capture() said was stored, and under what circumstances. */
interface Captured {
  op: Op;
  binding: string;
  browser: Browser;
  by: Person;
  /** The number that the person tapped, where it still means the same person. */
  tapped: number | null;
  /** The revision and the state that the page showed, where the op is based on them. */
  saw: { revision: number; state: string | null } | null;
  /** The person threw it away himself. */
  discarded: boolean;
}

interface Receipt {
  id: number;
  op_id: string;
  organization_id: number;
  author_id: number;
  session_id: number | null;
  participant_id: number | null;
  kind: string;
  hash: string;
  body: string;
  outcome: string;
  code: string | null;
  flags: string | null;
  revision: number | null;
  client_id: string | null;
  seq: number | null;
  conflict_id: number | null;
  received_at: number;
  settlement: string | null;
}

const fail = (rule: string, detail: string): never => {
  throw new Violation(rule, detail);
};
const cellKey = (session: unknown, person: unknown) => `${String(session)}/${String(person)}`;
const refText = (ref: Ref) => (typeof ref === 'number' ? String(ref) : ref.op);
/** The same JSON whatever the order of its keys. */
const hashOf = ({ op_id: _, seq: __, ...asked }: Op) => sha256(canonicalJson(asked));

/**
 * What has to be true, however the devices and the server come to it. It knows which ops were called saved, what each
 * page showed, and what went over the network; it does not know the case table.
 */
export class Oracle {
  readonly ops = new Map<string, Captured>();
  /** By device and op: the last final result that reached the device. */
  private readonly results = new Map<string, OpResult>();
  /** What the server answered since it was last restored, whether or not it arrived. */
  private said = new Map<string, OpResult>();
  private saidAtBackUp = new Map<string, OpResult>();
  private withdrawn = new Set<string>();
  private readonly seqs = new Map<string, number>();
  restores = 0;
  restoredInSilence = false;
  /** When somebody was merged into another. */
  readonly mergedAt = new Map<number, number>();
  /** A message broke the promise: told when the step is over, because a request must not fail for it. */
  private broken: Violation | null = null;

  constructor(private readonly places: Place[]) {}

  rethrow(): void {
    if (this.broken) throw this.broken;
  }

  private breaks(rule: string, detail: string): void {
    this.broken ??= new Violation(rule, detail);
  }

  /* ---- capture ---- */

  /** Before a tap: what the pages and the answers have told this device of each cell. */
  shown(tab: Tab, drafts: Draft[]) {
    return drafts.map((draft) => ({
      shown: draft.kind === 'presence' ? draft.shown_revision : 0,
      state: draft.kind === 'presence' ? draft.shown_state : undefined,
      restores: tab.page?.restores ?? 0,
    }));
  }

  captured(
    browser: Browser,
    tab: Tab,
    op: Op,
    draft: Draft,
    { shown, state, restores }: { shown: number; state?: string | null | undefined; restores: number },
    { forged = false }: { forged?: boolean },
  ): void {
    if (this.ops.has(op.op_id)) fail('id used twice', op.op_id);
    const number = draft.kind === 'presence' && typeof draft.participant_id === 'number' ? draft.participant_id : null;
    const same =
      restores === this.restores || (number !== null && this.places.some((p) => p.participants.includes(number)));
    if (op.kind === 'presence' && draft.kind === 'presence') {
      if (op.presence_state !== draft.presence_state) fail('changed at capture', JSON.stringify({ draft, op }));
      if (!forged) this.honestBase(browser, tab, op, shown);
    }
    const sawIt = op.kind === 'presence' && 'revision' in op.base && op.base.revision === shown && shown > 0;
    const numbers = `${browser.number} ${tab.binding}`;
    const before = this.seqs.get(numbers) ?? 0;
    // After a restore what waits may be numbered anew.
    if (op.seq !== before + 1 && !this.restores) fail('seq has a gap', `${op.seq} after ${before}`);
    this.seqs.set(numbers, op.seq);
    this.ops.set(op.op_id, {
      op: structuredClone(op),
      binding: tab.binding,
      browser,
      by: tab.user!,
      tapped: same && !forged ? number : null,
      saw: sawIt && state !== undefined ? { revision: shown, state } : null,
      discarded: false,
    });
  }

  /** The base is what this person saw here: the page, or what his own marks came to; and his own mark while it waits. */
  private honestBase(browser: Browser, tab: Tab, op: PresenceOp, shown: number): void {
    const own = [...this.ops.values()].filter(
      (each) =>
        each.browser === browser &&
        each.binding === tab.binding &&
        !each.discarded &&
        each.op.kind === 'presence' &&
        cellKey(each.op.session_id, refText(each.op.participant_id)) ===
          cellKey(op.session_id, refText(op.participant_id)),
    );
    const untold = own.filter((each) => !this.results.has(`${browser.number} ${each.op.op_id}`)).at(-1);
    const { base } = op;
    if ('op' in base) {
      if (!own.some((each) => each.op.op_id === base.op)) fail('base is not his', JSON.stringify(op));
      if (untold && own.indexOf(untold) > own.findIndex((each) => each.op.op_id === base.op))
        fail('chain left', JSON.stringify(op));
      return;
    }
    if (untold) fail('chain left', `${JSON.stringify(op)} although ${untold.op.op_id} waits`);
    // That a mark clashed says to which revision; that does not mean that the person saw it.
    const known = own.flatMap((each) => {
      const { outcome, first, revision } = this.results.get(`${browser.number} ${each.op.op_id}`)!;
      return ['applied', 'merged'].includes(first ?? outcome) ? [revision ?? 0] : [];
    });
    if (base.revision < shown) fail('base too old', `${base.revision}, the page shows ${shown}`);
    if (base.revision > Math.max(shown, ...known)) fail('base not seen', `${base.revision}, the page shows ${shown}`);
  }

  discarded(binding: string, rows: OpRow[]): void {
    for (const row of rows)
      if (row.binding === binding && (row.status === 'waiting' || row.status === 'refused'))
        this.ops.get(row.op_id)!.discarded = true;
  }

  /* ---- on the way ---- */

  private readonly sending = new Map<Browser, Message>();

  /** What leaves a device is its own, as it was captured, in the order in which it was. */
  sent(message: Message): void {
    const { path, body, browser, tab } = message;
    if (path === '/api/sync' || path === '/api/sync/handshake') {
      const before = this.sending.get(browser);
      if (before && before.tab !== tab && !before.tab.dead && !before.over && browser.webLocks)
        this.breaks('two drainers', `on device ${browser.number}`);
      this.sending.set(browser, message);
    }
    if (path !== '/api/sync') return;
    const { operations, organization_id, author_id } = body as Envelope;
    let last = 0;
    for (const op of operations) {
      const known = this.ops.get(op.op_id);
      if (!known) return this.breaks('sent what nobody captured', JSON.stringify(op));
      if (known.browser !== browser) return this.breaks('sent from another device', op.op_id);
      if (known.by.organization !== organization_id || known.by.id !== author_id)
        return this.breaks(
          'sent under another name',
          `${op.op_id} of ${known.binding} as ${organization_id}:${author_id}`,
        );
      if (hashOf(op) !== hashOf(known.op)) return this.breaks('changed on the device', JSON.stringify([known.op, op]));
      if (op.seq <= last) return this.breaks('sent out of order', `${op.seq} after ${last}`);
      last = op.seq;
    }
  }

  /** What the server says, whether or not it arrives. */
  answered({ path, body, cookies }: Message, reply: Reply): void {
    if (reply.status >= 500) return;
    if (reply.status !== 200 || !reply.headers.get('content-type')?.includes('json')) return;
    const whose = this.whose(cookies);
    const answer = JSON.parse(reply.text) as SyncAnswer & Handshake & Changes;
    if (path === '/api/sync') {
      const sent = body as Envelope;
      if (!sent.on_behalf && (whose?.id !== sent.author_id || whose.organization !== sent.organization_id))
        return this.breaks('taken from somebody else', `${sent.author_id} by ${whose?.id}`);
      const ids = sent.operations.map((op) => op.op_id).sort();
      if (
        ids.join() !==
        answer.results
          .map(({ op_id }) => op_id)
          .sort()
          .join()
      )
        return this.breaks('results are not those of the batch', reply.text);
      for (const result of answer.results) {
        if (!(FINAL_OUTCOMES as readonly string[]).includes(result.outcome)) continue;
        this.sameAsBefore(result);
        this.said.set(result.op_id, result);
      }
      if (sent.on_behalf && answer.results.some(({ outcome }) => ['applied', 'merged', 'conflict'].includes(outcome)))
        this.breaks('applied for somebody else', reply.text);
    }
    if (path === '/api/sync/handshake') {
      if (answer.user.id !== whose?.id || answer.organization.id !== whose.organization)
        this.breaks('handshake of somebody else', reply.text);
    }
    if (path === '/api/sync/withdraw') this.withdrawn.add((body as { op_id: string }).op_id);
  }

  /** What was told as stored is a duplicate from then on: else it had not been, though the gap proof fetched it again. */
  private sameAsBefore({ op_id, outcome, first, code }: OpResult): void {
    const before = this.said.get(op_id);
    const told = before?.outcome === 'duplicate' ? before.first : before?.outcome;
    if (!told || !['applied', 'merged', 'conflict'].includes(told) || code === 'id_reuse') return;
    if (outcome !== 'duplicate' || first !== told)
      this.breaks('told otherwise', `${op_id} was ${told}, is ${outcome} ${first ?? ''}`);
  }

  /** What reaches the device. */
  told({ path, browser, body }: Message, reply: Reply): void {
    if (path !== '/api/sync' || reply.status !== 200) return;
    let answer: SyncAnswer;
    try {
      answer = JSON.parse(reply.text) as SyncAnswer;
    } catch {
      return;
    }
    if (answer.batch_id !== (body as Envelope).batch_id) return;
    for (const result of answer.results ?? [])
      if (result.outcome !== 'retry') this.results.set(`${browser.number} ${result.op_id}`, result);
  }

  /** Signed in by which cookie. */
  readonly sessions = new Map<string, Person>();
  private whose(cookies: string): Person | undefined {
    return this.sessions.get(cookies.split('; ').find((each) => each.startsWith('omnipresence=')) ?? '');
  }

  /** Nobody is told of another organization. @param sessions of a register or of GET /api/sync/changes */
  showsOnly(place: Place, sessions: number[]): void {
    const own = new Set(place.sessions.map(({ id }) => id));
    for (const id of sessions) if (!own.has(id)) fail('shown across organizations', `session ${id}`);
  }

  /* ---- backups ---- */

  backedUp(): void {
    this.saidAtBackUp = new Map(this.said);
  }

  restored(): void {
    this.restores++;
    this.said = new Map(this.saidAtBackUp);
  }

  /* ---- the end ---- */

  /** After everything has healed. @throws Violation */
  async check(server: Server, browsers: Browser[], withLedger: boolean): Promise<void> {
    this.rethrow();
    const all = await server.sql<Receipt>('select * from presence_operations order by id');
    const receipts = new Map<string, Receipt>();
    for (const receipt of all) {
      if (receipts.has(receipt.op_id)) fail('doubled', `${receipt.op_id} has two receipts`);
      receipts.set(receipt.op_id, receipt);
    }
    await this.onDevices(browsers, receipts);
    const people = await server.sql<{
      id: number;
      merged_into_id: number | null;
      external_id: string | null;
      anonymized_at: number | null;
      organization_id: number;
    }>('select id, merged_into_id, external_id, anonymized_at, organization_id from participants');
    const merged = new Map(people.map(({ id, merged_into_id }) => [id, merged_into_id]));
    const survivor = (id: number): number => {
      const next = merged.get(id);
      return next ? survivor(next) : id;
    };
    const clients = await server.sql<{ client_id: string; user_id: number; organization_id: number }>(
      'select client_id, user_id, organization_id from sync_clients',
    );
    const audit = await server.sql<{ op_id: string; table_name: string; action: string; record_id: number }>(
      'select op_id, table_name, action, record_id from audit_logs where op_id is not null',
    );
    const auditOf = Map.groupBy(audit, ({ op_id }) => op_id);

    for (const { op, by, tapped, discarded } of this.ops.values()) {
      const receipt = receipts.get(op.op_id);
      if (!receipt) {
        if (!discarded && !this.isRefused(op.op_id)) fail('lost', JSON.stringify(op));
        continue;
      }
      const { outcome, settlement } = receipt;
      // 1. It stands under the right name.
      if (receipt.organization_id !== by.organization) fail('across organizations', op.op_id);
      if (receipt.author_id !== by.id) fail('wrong author', `${op.op_id}: ${receipt.author_id}, not ${by.id}`);
      if (receipt.hash !== hashOf(op)) fail('changed', `${JSON.stringify(op)} is ${receipt.body}`);
      const client = clients.find(({ client_id }) => client_id === receipt.client_id);
      if (client?.user_id !== by.id || client.organization_id !== by.organization) fail('wrong client', op.op_id);
      if (receipt.flags?.includes('seq_reuse')) fail('seq used twice', `${op.op_id}, ${receipt.seq}`);
      const person = people.find(({ id }) => id === receipt.participant_id);
      if (receipt.participant_id !== null && person?.organization_id !== by.organization)
        fail('across organizations', `${op.op_id} is about ${receipt.participant_id}`);
      if (op.kind === 'presence' && receipt.participant_id !== null) {
        if (receipt.session_id !== op.session_id) fail('wrong session', op.op_id);
        const ref = op.participant_id;
        const meant = typeof ref === 'number' ? ref : (receipts.get(ref.op)?.participant_id ?? null);
        if (meant !== null && survivor(meant) !== survivor(receipt.participant_id))
          fail('wrong person', `${op.op_id}: ${receipt.participant_id}, not ${meant}`);
        if (tapped !== null && survivor(tapped) !== survivor(receipt.participant_id))
          fail('wrong person', `${op.op_id}: ${receipt.participant_id}, but ${tapped} was tapped`);
      }
      // 2. One audit row at its arrival, and one of the cell if it made a revision.
      const rows = auditOf.get(op.op_id) ?? [];
      const ofCell = rows.filter((row) => row.table_name === 'presence_records').length;
      const ofReceipt = rows.filter(
        (row) => row.table_name === 'presence_operations' && row.action === 'create',
      ).length;
      const revises = outcome === 'applied' && op.kind === 'presence';
      const waited = !revises || settlement === 'adopted' || settlement === 'judged_again';
      if (ofCell !== Number(revises) || ofReceipt !== Number(waited))
        fail('audit', `${op.op_id} ${outcome} ${settlement}: ${ofCell} rows of the cell, ${ofReceipt} of the receipt`);
      // 3. Nothing is overwritten unseen, and nobody is asked for nothing.
      if (op.kind === 'presence') {
        this.seen(op, receipt, receipts);
        this.overwrote(op.op_id, receipt, all);
      }
    }

    // 4. Nothing that nobody captured.
    for (const receipt of all) if (receipt.client_id !== null && !this.ops.has(receipt.op_id)) this.forged(receipt);
    const added = people.flatMap(({ id, external_id }) =>
      external_id?.startsWith('spot:') ? [{ id, external_id }] : [],
    );
    for (const { id, external_id } of added) {
      const receipt = receipts.get(external_id.slice(5));
      if (receipt?.outcome !== 'applied' || receipt.participant_id !== id) fail('person from nowhere', external_id);
    }
    const known = this.places.flatMap((place) => place.participants).length;
    if (people.length !== known + added.length) fail('person from nowhere', `${people.length} people`);

    await this.cells(server, all);
    for (const { id, merged_into_id, anonymized_at } of people) {
      const since = merged_into_id ? this.mergedAt.get(id) : anonymized_at;
      const late =
        since &&
        all.find(
          (each) =>
            each.participant_id === id && each.received_at > since && each.client_id && each.code !== 'id_reuse',
        );
      if (late) fail(merged_into_id ? 'not the survivor' : 'erased', JSON.stringify(late));
    }

    // 5. An outcome that was told stands; what was parked may have been judged since.
    for (const [op_id, { outcome, first, revision, code }] of this.said) {
      const receipt = receipts.get(op_id);
      const told = outcome === 'duplicate' ? first : outcome;
      if (!receipt) return fail('told, and not stored', op_id);
      if (told === 'parked') continue;
      if (receipt.outcome !== told || (receipt.revision ?? null) !== (revision ?? null) || receipt.code !== code)
        fail('told otherwise', `${op_id} was ${told} ${revision} ${code}, is ${receipt.outcome} ${receipt.revision}`);
    }
    // 6. Nothing waits for what is there.
    for (const { op } of this.ops.values()) {
      const receipt = receipts.get(op.op_id);
      if (op.kind !== 'presence' || receipt?.code !== 'missing_base' || receipt.settlement) continue;
      const needed = [op.base, op.participant_id].flatMap((ref) =>
        typeof ref === 'object' && 'op' in ref ? [ref.op] : [],
      );
      if (needed.every((id) => ['applied', 'merged', 'conflict'].includes(receipts.get(id)?.outcome ?? '')))
        fail('waits for what has arrived', `${op.op_id} for ${needed.join()}`);
    }
    await this.gaps(server);
    if (withLedger)
      for (const place of this.places) {
        const [difference] = await server.ledgerDifferences(place);
        if (difference) fail('ledger', difference);
      }
  }

  /** Another content under a known id: kept for a person to decide, and nothing else. */
  readonly forgeries = new Set<string>();
  private forged(receipt: Receipt): void {
    const adopted = receipt.settlement === 'adopted' || receipt.outcome === 'conflict';
    if (!this.forgeries.has(receipt.hash)) fail('from nowhere', JSON.stringify(receipt));
    if (receipt.outcome !== 'parked' && !adopted) fail('another content under a known id', JSON.stringify(receipt));
  }

  private seen(op: PresenceOp, receipt: Receipt, receipts: Map<string, Receipt>): void {
    let base: PresenceOp['base'] = op.base;
    // Merged into somebody else, whose mark he never saw: the number says nothing.
    const redirected = typeof op.participant_id === 'number' && op.participant_id !== receipt.participant_id;
    if (redirected && receipt.outcome === 'conflict') return;
    for (;;) {
      if ('revision' in base) {
        if (receipt.outcome === 'applied' && receipt.revision !== base.revision + 1)
          fail('silently overwritten', `${op.op_id} saw ${base.revision} and made ${receipt.revision}`);
        if (receipt.outcome === 'applied' && redirected && base.revision > 0)
          fail('silently overwritten', `${op.op_id} saw the mark of somebody who was merged into this one`);
        if (receipt.outcome === 'conflict' && receipt.revision === base.revision && !this.restores)
          fail('conflict with what he saw', op.op_id);
        return;
      }
      const before = receipts.get(base.op);
      if (before?.outcome === 'parked' && before.settlement === 'discarded') {
        base = (JSON.parse(before.body) as PresenceOp).base;
        continue;
      }
      if (receipt.outcome === 'applied' && (!before || !['applied', 'merged'].includes(before.outcome)))
        fail('silently overwritten', `${op.op_id} stands on ${base.op}, which is ${before?.outcome}`);
      if (receipt.outcome === 'applied' && receipt.revision !== (before!.revision ?? 0) + 1)
        fail('silently overwritten', `${op.op_id} stands on ${before!.revision} and made ${receipt.revision}`);
      return;
    }
  }

  /** What was replaced is what the page showed, and not only what has its number. */
  private overwrote(opId: string, receipt: Receipt, all: Receipt[]): void {
    const { saw } = this.ops.get(opId)!;
    // Without a new epoch nobody can tell that a number was given out twice (docs/operations.md).
    if (!saw || receipt.outcome !== 'applied' || this.restoredInSilence) return;
    const before = all.find(
      (each) =>
        each.outcome === 'applied' &&
        each.kind !== 'participant' &&
        each.revision === saw.revision &&
        cellKey(each.session_id, each.participant_id) === cellKey(receipt.session_id, receipt.participant_id),
    );
    const state = before && (JSON.parse(before.body) as { presence_state?: string | null }).presence_state;
    if (!before || (state !== undefined && state !== saw.state))
      fail('silently overwritten', `${opId} was shown ${saw.state} (${saw.revision}), and replaced ${state}`);
  }

  /** Revisions, states, conflicts. */
  private async cells(server: Server, all: Receipt[]): Promise<void> {
    const cells = await server.sql<{
      id: number;
      session_id: number;
      participant_id: number;
      code: string | null;
      revision: number;
      op_id: string;
      disputed: number;
      organization_id: number;
    }>(
      `select r.id, r.session_id, r.participant_id, s.code, r.revision, r.op_id, r.disputed, r.organization_id
         from presence_records r left join presence_states s on s.id = r.presence_state_id`,
    );
    const conflicts = await server.sql<{
      id: number;
      session_id: number;
      participant_id: number;
      is_open: number | null;
    }>('select id, session_id, participant_id, is_open from sync_conflicts');
    const told = await server.sql<{ record_id: number; revision: number | null }>(
      `select record_id, json_extract(new_values, '$.revision') as revision from audit_logs
        where table_name = 'presence_records' order by id`,
    );
    const applied = Map.groupBy(
      all.filter(({ outcome, kind }) => outcome === 'applied' && kind !== 'participant'),
      (receipt) => cellKey(receipt.session_id, receipt.participant_id),
    );
    for (const cell of cells) {
      const key = cellKey(cell.session_id, cell.participant_id);
      const place = this.places.find(({ organization }) => organization === cell.organization_id)!;
      this.showsOnly(place, [cell.session_id]);
      const made = (applied.get(key) ?? []).sort((a, b) => a.revision! - b.revision!);
      applied.delete(key);
      const numbers = made.map(({ revision }) => revision).join();
      const wanted = Array.from({ length: cell.revision }, (_, at) => at + 1).join();
      if (numbers !== wanted) fail('revisions', `cell ${key} has ${cell.revision}, its marks made ${numbers}`);
      const audited = told.flatMap(({ record_id, revision }) => (record_id === cell.id && revision ? [revision] : []));
      if (audited.join() !== wanted)
        fail('audit', `cell ${key} has ${cell.revision}, the audit says ${audited.join()}`);
      const last = made.at(-1);
      if (!last) continue;
      if (last.op_id !== cell.op_id) fail('state', `cell ${key} names ${cell.op_id}, its last mark is ${last.op_id}`);
      const asked = (JSON.parse(last.body) as { presence_state?: string | null }).presence_state;
      if (asked !== undefined && asked !== cell.code)
        fail('state', `cell ${key} is ${cell.code}, its last mark says ${asked}`);
    }
    for (const key of applied.keys()) fail('revisions', `cell ${key} was marked and is not there`);

    const candidates = Map.groupBy(
      all.filter(({ outcome, settlement }) => outcome === 'conflict' && settlement === null),
      (receipt) => cellKey(receipt.session_id, receipt.participant_id),
    );
    const open = conflicts.filter(({ is_open }) => is_open);
    if (open.length !== candidates.size) fail('conflicts', `${open.length} are open, ${candidates.size} cells clash`);
    for (const [key, clashing] of candidates) {
      const [conflict, second] = open.filter((each) => cellKey(each.session_id, each.participant_id) === key);
      if (!conflict || second) fail('conflicts', `cell ${key}`);
      for (const { op_id, conflict_id } of clashing)
        if (conflict_id !== conflict!.id) fail('conflicts', `${op_id} is not in the open one of its cell`);
    }
    for (const cell of cells)
      if (Boolean(cell.disputed) !== candidates.has(cellKey(cell.session_id, cell.participant_id)))
        fail('disputed', `cell ${cell.session_id}/${cell.participant_id}: ${cell.disputed}`);
    for (const receipt of all) if (receipt.outcome === 'conflict' && receipt.settlement) this.settled(receipt, all);
  }

  /** A candidate goes only for a reason. */
  private settled(
    { author_id, op_id, settlement, session_id, participant_id, conflict_id }: Receipt,
    all: Receipt[],
  ): void {
    const candidate = this.ops.get(op_id)?.op as PresenceOp | undefined;
    if (!candidate) return;
    const { presence_state } = candidate;
    const stateOf = (receipt: Receipt) => (JSON.parse(receipt.body) as PresenceOp).presence_state;
    const resolved = all.some((each) => each.kind === 'resolution' && each.conflict_id === conflict_id);
    const marked = all.some(
      (each) =>
        each.outcome === 'applied' &&
        cellKey(each.session_id, each.participant_id) === cellKey(session_id, participant_id) &&
        stateOf(each) === presence_state,
    );
    const replaced = all.some((each) => each.body.includes(`"base":{"op":"${op_id}"}`) && each.outcome !== 'parked');
    // Who says the same again has one candidate for it.
    const saidAgain = all.some(
      (each) =>
        each.op_id !== op_id &&
        each.conflict_id === conflict_id &&
        each.outcome === 'conflict' &&
        each.author_id === author_id &&
        stateOf(each) === presence_state,
    );
    const reasons: Record<string, boolean> = {
      withdrawn: this.withdrawn.has(op_id),
      taken: resolved,
      declined: resolved,
      merged: marked || resolved,
      superseded: replaced || saidAgain,
    };
    if (!reasons[settlement!]) fail('candidate gone', `${op_id} ${settlement}`);
  }

  /** Every number that a device gave out has arrived, or the person threw it away. */
  private async gaps(server: Server): Promise<void> {
    if (this.restores || [...this.ops.values()].some(({ discarded }) => discarded)) return;
    const clients = await server.sql<{ client_id: string; max_seq: number; received_up_to: number }>(
      'select client_id, max_seq, received_up_to from sync_clients',
    );
    for (const { client_id, max_seq, received_up_to } of clients)
      if (max_seq !== received_up_to) fail('gap', `client ${client_id}: ${received_up_to} of ${max_seq}`);
  }

  private refused = new Set<string>();
  private isRefused(op_id: string): boolean {
    return this.refused.has(op_id);
  }

  /** What the devices hold: only their own, all of it, and nothing that still waits. */
  private async onDevices(browsers: Browser[], receipts: Map<string, Receipt>): Promise<void> {
    for (const browser of browsers) {
      const rows = await browser.rows();
      const held = new Set(rows.map(({ op_id }) => op_id));
      for (const row of rows) {
        const known = this.ops.get(row.op_id);
        if (!known || known.browser !== browser) return fail('on a wrong device', row.op_id);
        if (known.binding !== row.binding) fail('under a wrong binding', `${row.op_id}: ${row.binding}`);
        if (hashOf(row.op) !== hashOf(known.op)) fail('changed on the device', row.op_id);
        const receipt = receipts.get(row.op_id);
        if (row.status === 'waiting') fail('waits for ever', `${JSON.stringify(row.op)} ${row.trouble ?? ''}`);
        if ((row.status === 'refused' || row.status === 'dismissed') && row.outcome) this.refused.add(row.op_id);
        if (row.status === 'refused' && receipt && receipt.outcome !== 'rejected') fail('called refused', row.op_id);
        // What was parked, and meant somebody who was erased before a person looked at it, ends with him.
        const erased = receipt?.code === 'erased' && receipt.settlement !== null;
        if (row.status === 'settled' && receipt?.outcome === 'rejected' && !erased) fail('called settled', row.op_id);
      }
      for (const { op, browser: on, discarded } of this.ops.values())
        if (on === browser && !discarded && !held.has(op.op_id) && !receipts.has(op.op_id))
          fail('lost', JSON.stringify(op));
    }
  }
}
