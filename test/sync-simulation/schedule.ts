import { type EntityManager } from '@mikro-orm/core';
import { User } from '../../src/auth/index.js';
import { AddMembers, Participant } from '../../src/participants/index.js';
import { EndMembership } from '../../src/participants/end-membership.js';
import { ResolveConflicts } from '../../src/presence/index.js';
import { CancelSession, ReviveSession } from '../../src/sessions/cancel-session.js';
import { Session } from '../../src/sessions/index.js';
import { canonicalJson, sha256 } from '../../src/platform/text.js';
import { AdoptParked } from '../../src/sync/parked/adopt-parked.js';
import { DiscardParked } from '../../src/sync/parked/discard-parked.js';
import { type Changes } from '../../src/sync/wire.js';
import { type OpRow, type PresenceDraft } from '../../static/js/sync/engine.js';
import { outcomeOf } from '../../static/js/sync/store.js';
import { Browser, type Line, type Tab } from './browser.js';
import { FAULTS, Network } from './network.js';
import { Oracle, Violation } from './oracle.js';
import { type Plan, type Step } from './plan.js';
import { Random } from './random.js';
import { type Person, type Place, type Server } from './server.js';
import { DAY, HOUR, MINUTE, type Time } from './time.js';

const STATES = ['present', 'absent', 'late', null] as const;
/** Rounds in which the devices drain after everything has healed. */
const ROUNDS = 8;

/** What a schedule came to. */
export interface Run {
  violation: Violation | null;
  ops: number;
  /** Of the ops that arrived. */
  outcomes: string[];
  /** The same for the same plan, always. */
  trace: string;
}

/** An error that nobody waited for, of the device or the server. */
let unhandled: Error | null = null;
process.on('unhandledRejection', (error) => (unhandled ??= error as Error));

/** Does the steps of a plan, heals everything, and asks the oracle. The same plan always runs the same. */
export async function runSchedule(server: Server, time: Time, plan: Plan, withLedger: boolean): Promise<Run> {
  time.reset();
  await server.restore('base');
  unhandled = null;
  const run = new Schedule(server, time, plan);
  let violation: Violation | null = null;
  try {
    for (const step of plan.steps) {
      await run.step(step);
      run.oracle.rethrow();
    }
    await run.heal();
    await run.oracle.check(server, run.browsers, withLedger);
    if (unhandled) throw unhandled as Error;
  } catch (error) {
    violation = error instanceof Violation ? error : new Violation('error', String((error as Error)?.stack ?? error));
  } finally {
    for (const browser of run.browsers) browser.killAll();
  }
  const kept = await server.sql<{ outcome: string }>(
    `select op_id, outcome, code, revision, seq, settlement, received_at from presence_operations
      where client_id is not null order by id`,
  );
  return {
    violation,
    ops: run.oracle.ops.size,
    outcomes: kept.map(({ outcome }) => outcome),
    trace: sha256(JSON.stringify(kept)),
  };
}

interface Kept {
  user: Person;
  cursor: string;
  /** The registers that the last answer named. */
  rosters: Set<number>;
  /** By session and person: the revision. */
  cells: Map<number, Map<number, number>>;
}

class Schedule {
  readonly oracle: Oracle;
  readonly network: Network;
  readonly browsers: Browser[];
  private readonly random: Random;
  private readonly people: Person[];
  private backedUp = false;
  /** What a device that keeps today's registers knows, by device: the cursor and the revisions. */
  private readonly kept = new Map<Browser, Kept>();

  constructor(
    private readonly server: Server,
    private readonly time: Time,
    private readonly plan: Plan,
  ) {
    this.oracle = new Oracle(server.places);
    this.network = new Network(server, this.oracle);
    this.random = new Random(plan.seed).of('chance');
    const [first, second] = server.places as [Place, Place];
    this.people = [...first.staff.slice(0, plan.users), first.admin, second.staff[0]!];
    this.browsers = Array.from(
      { length: plan.devices },
      (_, number) =>
        new Browser(number, number !== plan.lease, time, this.network, this.oracle, this.random.of(`device ${number}`)),
    );
  }

  private placeOf(user: Person): Place {
    return this.server.places.find(({ organization }) => organization === user.organization)!;
  }

  async step(step: Step): Promise<void> {
    await this.wait(step.wait);
    await this.act(step);
    await this.network.settle();
  }

  /** Nobody leaves a page open for hours: it is closed, and opened again afterwards. */
  private async wait(ms: number): Promise<void> {
    if (ms < 2 * HOUR) {
      await this.passing(ms);
      return;
    }
    const open = this.browsers.map((browser) => browser.tabs[0]?.user ?? null);
    for (const browser of this.browsers) browser.killAll();
    await this.passing(ms);
    for (const [at, browser] of this.browsers.entries()) if (open[at]) await browser.open(open[at]);
  }

  private async passing(ms: number): Promise<void> {
    await this.time.pass(ms, () => this.network.settle());
  }

  private async act(step: Step): Promise<void> {
    const browser = this.browsers[step.at % this.browsers.length]!;
    const tab = browser.tabs[step.c % (browser.tabs.length || 1)];
    const { a, b, c } = step;
    const place = this.server.places[a % 5 === 4 ? 1 : 0]!;
    switch (step.do) {
      case 'sign in':
        return this.signIn(browser, this.people[a % this.people.length]!, b, c % 3 > 0, c % 7 === 6);
      case 'sign out': {
        if (!tab) return;
        await browser.local(tab.engine.leave());
        if (this.isOn(browser)) await this.server.request('POST', '/api/auth/logout', browser.cookies);
        browser.cookie = '';
        browser.user = null;
        return browser.kill(tab);
      }
      case 'look':
        return tab && this.look(browser, tab, b);
      case 'reload': {
        const user = tab?.user ?? browser.last?.user;
        if (tab) browser.kill(tab);
        if (user) await browser.open(user);
        return;
      }
      case 'second tab':
        if (browser.last && browser.tabs.length < 3) await browser.open(browser.last.user);
        return;
      case 'close':
        if (tab) browser.kill(tab);
        return;
      case 'worker': {
        const worker = browser.worker ?? (await browser.open(null));
        if (worker) void worker.engine.drain();
        if (c % 4 === 0 && worker) browser.kill(worker);
        return;
      }
      case 'tap':
      case 'note': {
        const line = tab?.page && pick(tab.page.lines, b + (a % 2));
        if (!tab || !line) return;
        const more = step.do === 'note' ? { note: `note ${c}` } : {};
        return browser.capture(tab, [{ ...mark(tab, line, pick(STATES, c)!), ...more }]);
      }
      case 'tap again': {
        const last = tab && (await this.rowsOf(browser, tab)).filter(({ op }) => op.kind === 'presence').at(-1);
        const line = tab?.page?.lines.find(
          ({ person }) => person === last?.person && tab.page!.session === last.session,
        );
        return tab && line && browser.capture(tab, [mark(tab, line, pick(STATES, c)!)]);
      }
      case 'without network': {
        // A lesson in the cellar: some marks, some of them changed, and then the stairs.
        const before = this.network.links.get(browser) ?? 'good';
        this.network.links.set(browser, 'off');
        for (let tap = 0; tap < 2 + (c % 4) && tab?.page?.lines.length; tap++) {
          const line = pick(tab.page.lines, b + (a % 3 ? tap >> 1 : tap))!;
          await browser.capture(tab, [mark(tab, line, pick(STATES, a + tap)!)]);
          await this.network.settle();
        }
        this.network.links.set(browser, before);
        if (tab && before === 'good') void tab.engine.wake();
        return;
      }
      case 'bulk': {
        if (!tab?.page?.lines.length) return;
        const act_id = this.random.uuid();
        const drafts = tab.page.lines.map((line) => ({ ...mark(tab, line, pick(STATES, c)!), act_id }));
        return browser.capture(tab, drafts);
      }
      case 'add person': {
        if (!tab?.page) return;
        const session = this.sessionOf(tab.user!, tab.page.session);
        // Sometimes under the number of somebody who is there already: then a person has to decide.
        const identifier =
          a % 3 === 0 ? `${place === this.server.places[1] ? 'Hillside' : 'Riverside'}-0-${c % 4}` : null;
        return browser.capture(tab, [
          {
            kind: 'participant',
            session_id: session.id,
            first_name: `N${c}`,
            last_name: `D${browser.number}`,
            group_id: session.group,
            joined_on: new Date(session.start).toISOString().slice(0, 10),
            identifier,
          },
        ]);
      }
      case 'mark added': {
        const [added] = tab
          ? (await this.rowsOf(browser, tab)).filter(({ op }) => op.kind === 'participant').slice(-1)
          : [];
        if (!tab || !added || typeof added.session !== 'number') return;
        return browser.capture(tab, [
          {
            kind: 'presence',
            session_id: added.session,
            participant_id: { op: added.op_id },
            presence_state: pick(STATES, c)!,
            shown_revision: 0,
          },
        ]);
      }
      case 'mark foreign': {
        // A broken page: people or lessons of another organization.
        if (!tab?.user) return;
        const mine = this.placeOf(tab.user);
        const other = this.server.places.find((each) => each !== mine)!;
        const session = a % 2 ? mine.sessions[0]! : other.sessions[0]!;
        const person = a % 2 ? other.participants[0]! : mine.participants[0]!;
        const draft = {
          kind: 'presence' as const,
          session_id: session.id,
          participant_id: person,
          presence_state: 'present',
          shown_revision: 0,
        };
        return browser.capture(tab, [draft], { forged: true });
      }
      case 'withdraw':
      case 'use mine':
      case 'dismiss':
        return tab && this.answerOutcome(browser, tab, step);
      case 'discard': {
        if (!tab) return;
        const state = await browser.local(tab.engine.state());
        const typed = state instanceof Error ? 0 : state.waiting;
        const rows = await browser.rows();
        if ((await browser.local(tab.engine.discard(tab.binding, typed))) === true)
          this.oracle.discarded(tab.binding, rows);
        return;
      }
      case 'hand in':
        return this.handIn(browser, c);
      case 'fault': {
        const faults = this.network.faults.get(browser) ?? [];
        this.network.faults.set(browser, faults);
        faults.push({ kind: step.fault ?? FAULTS[a % FAULTS.length]!, at: c % 40, ofBatch: b < 5 });
        return;
      }
      case 'link': {
        this.network.links.set(browser, pick(['good', 'slow', 'off', 'slow', 'off'] as const, a)!);
        return;
      }
      case 'let': {
        const waiting = this.network.slow.filter((message) => message.browser === browser);
        const message = waiting[c % (waiting.length || 1)];
        if (!message) return;
        this.network.slow.splice(this.network.slow.indexOf(message), 1);
        if (message.abandoned && a % 2) return;
        return this.network.deliver(message, this.network.faultFor(message));
      }
      case 'let late': {
        const [message] = this.network.late.splice(c % (this.network.late.length || 1), 1);
        return message && this.network.deliver(message);
      }
      case 'device clock': {
        // With restores the clock stays near: what is older than 30 days is not offered again.
        const far = this.plan.steps.some(({ do: act }) => act.startsWith('restore')) ? 3 * HOUR : 60 * DAY;
        browser.ahead = pick([0, 90_000, 10 * MINUTE, -10 * MINUTE, far, -far], a)!;
        return;
      }
      case 'write fails':
        browser.failingWrite = 1 + (c % 4);
        return;
      case 'forge':
        return this.forge(c);
      case 'page mark':
        return this.pageMark(place, step);
      default:
        return this.desk(place, step);
    }
  }

  /* ---- at a device ---- */

  private isOn(browser: Browser): boolean {
    return (this.network.links.get(browser) ?? 'good') === 'good';
  }

  /** The login page, which needs the network. The page that opens next is the register. */
  private async signIn(
    browser: Browser,
    user: Person,
    session: number,
    sameTab: boolean,
    elsewhere = false,
  ): Promise<void> {
    if (!this.isOn(browser)) return;
    const [account] = await this.server.sql<{ status: string }>('select status from users where id = ?', [user.id]);
    if (account!.status !== 'active') return;
    await this.letIn(browser, user);
    // In another window, which is closed before its page comes: what is open here does not know of it.
    if (elsewhere) return;
    if (sameTab && browser.tabs[0]) browser.kill(browser.tabs[0]);
    const tab = await browser.open(user);
    if (tab) await this.look(browser, tab, session, false);
  }

  private async letIn(browser: Browser, user: Person): Promise<void> {
    browser.cookie = await this.server.signIn(user);
    browser.user = user;
    this.oracle.sessions.set(browser.cookie, user);
  }

  private sessionOf(user: Person, id: number) {
    return this.placeOf(user).sessions.find((each) => each.id === id)!;
  }

  /** The register is drawn by the server; and the device asks what has changed since. */
  private async look(browser: Browser, tab: Tab, which: number, asks = true): Promise<void> {
    if (!this.isOn(browser) || !tab.user || browser.user?.id !== tab.user.id) return;
    const place = this.placeOf(tab.user);
    const session = pick(place.sessions, which)!;
    const reply = await this.server.request('GET', `/api/sessions/${session.id}/roster`, browser.cookies);
    if (reply.status === 200) {
      const { data } = JSON.parse(reply.text) as {
        data: { participant: { id: number }; presence: { presence_state: string | null; revision: number } | null }[];
      };
      const lines = data.map(({ participant, presence }): Line => ({
        person: participant.id,
        state: presence?.presence_state ?? null,
        revision: presence?.revision ?? 0,
      }));
      tab.page = { session: session.id, lines, restores: this.oracle.restores };
      if (browser.last?.user.id === tab.user.id) browser.last.page = tab.page;
    }
    if (asks) await this.askChanges(browser, tab.user);
  }

  private async askChanges(browser: Browser, user: Person): Promise<void> {
    const known = this.kept.get(browser);
    const mine: Kept = known?.user.id === user.id ? known : { user, cursor: '', rosters: new Set(), cells: new Map() };
    for (;;) {
      const query = mine.cursor ? `?cursor=${mine.cursor}` : '';
      const reply = await this.server.request('GET', `/api/sync/changes${query}`, browser.cookies);
      if (reply.status !== 200) return;
      const changes = JSON.parse(reply.text) as Changes;
      this.oracle.showsOnly(this.placeOf(user), [
        ...changes.rosters.map(({ session_id }) => session_id),
        ...changes.cells.map(({ session_id }) => session_id),
      ]);
      for (const { session_id, participant_id, revision } of changes.cells) {
        const cells = mine.cells.get(session_id) ?? new Map<number, number>();
        mine.cells.set(session_id, cells.set(participant_id, revision));
      }
      // A register that comes into view was marked before the cursor, perhaps: it is asked for from the beginning.
      const fresh = mine.cursor !== '' && changes.rosters.some(({ session_id }) => !mine.rosters.has(session_id));
      mine.rosters = new Set(changes.rosters.map(({ session_id }) => session_id));
      mine.cursor = fresh ? '' : changes.cursor;
      this.kept.set(browser, mine);
      if (changes.more || fresh) continue;
      for (const [session, digest] of Object.entries(changes.digests)) {
        const lines = [...(mine.cells.get(Number(session)) ?? [])].map(([person, revision]) => `${person}:${revision}`);
        if (sha256(lines.sort().join('\n')) !== digest)
          throw new Violation('digest', `session ${session} on device ${browser.number}: ${lines.join(' ')}`);
      }
      return;
    }
  }

  private async rowsOf(browser: Browser, tab: Tab): Promise<OpRow[]> {
    return (await browser.rows()).filter(({ binding }) => binding === tab.binding);
  }

  /** A person reads what became of his mark. */
  private async answerOutcome(browser: Browser, tab: Tab, { do: act, c }: Step): Promise<void> {
    const rows = await this.rowsOf(browser, tab);
    if (act === 'dismiss') {
      const row = pick(
        rows.filter(({ status }) => status === 'refused'),
        c,
      );
      if (row) await browser.local(tab.engine.dismiss(tab.binding, row.op_id));
      return;
    }
    const row = pick(
      rows.filter((row) => row.status === 'settled' && row.current && outcomeOf(row) === 'conflict'),
      c,
    );
    if (!row || row.op.kind !== 'presence') return;
    if (act === 'withdraw') {
      // The page says that it did not work, when the device cannot note it.
      tab.engine.withdraw(tab.binding, row.op_id).catch(() => undefined);
      return;
    }
    await browser.capture(tab, [
      {
        kind: 'presence',
        session_id: row.op.session_id,
        participant_id: row.op.participant_id,
        presence_state: row.op.presence_state,
        shown_revision: row.current!.revision,
        shown_state: row.current!.presence_state,
      },
    ]);
  }

  /** The administrator signs in on a device and hands in what others left there. */
  private async handIn(browser: Browser, which: number): Promise<void> {
    const place = this.server.places[0]!;
    await this.signIn(browser, place.admin, 0, false);
    const tab = browser.tabs.find(({ user }) => user?.id === place.admin.id);
    if (!tab || browser.user?.id !== place.admin.id) return;
    const left = await browser.local(tab.engine.foreign());
    if (left instanceof Error) return;
    const other = pick(
      left.filter(({ binding }) => binding.startsWith(`${place.organization}:`)),
      which,
    );
    if (other) tab.engine.handInOnBehalf(other.binding).catch(() => undefined);
  }

  /* ---- at the server ---- */

  private async pageMark(place: Place, { b, c, a }: Step): Promise<void> {
    const session = pick(place.sessions, b)!;
    const person = pick(place.participants, b + (a % 2))!;
    const [cell] = await this.server.sql<{ revision: number }>(
      'select revision from presence_records where session_id = ? and participant_id = ?',
      [session.id, person],
    );
    const body = {
      session_id: session.id,
      participant_id: person,
      presence_state: pick(STATES, c),
      revision: cell?.revision ?? 0,
      op_id: this.random.uuid(),
    };
    const cookie = await this.server.cookieOf(place.admin);
    await this.server.request('POST', '/api/presence', cookie, JSON.stringify(body), {
      'content-type': 'application/json',
    });
  }

  /** A broken device sends something else under an id that the server knows. */
  private async forge(which: number): Promise<void> {
    const known = await this.server.sql<{ op_id: string; client_id: string; seq: number }>(
      "select op_id, client_id, seq from presence_operations where client_id is not null and kind = 'presence' and body <> '' and code is not 'id_reuse' order by id",
    );
    const receipt = pick(known, which);
    const captured = receipt && this.oracle.ops.get(receipt.op_id);
    if (!captured || captured.op.kind !== 'presence') return;
    const { op, by } = captured;
    const forged = { ...op, presence_state: op.presence_state === 'present' ? 'late' : 'present', note: 'forged' };
    const { op_id: _, seq: __, ...asked } = forged;
    this.oracle.forgeries.add(sha256(canonicalJson(asked)));
    const envelope = {
      protocol: 1,
      batch_id: this.random.uuid(),
      client_id: receipt.client_id,
      organization_id: by.organization,
      author_id: by.id,
      sent_at: new Date(this.time.now).toISOString(),
      max_seq: receipt.seq,
      operations: [forged],
    };
    const cookie = await this.server.cookieOf(by);
    await this.server.request('POST', '/api/sync', cookie, JSON.stringify(envelope), {
      'content-type': 'application/json',
    });
  }

  private async desk(place: Place, { do: act, a, b, c }: Step): Promise<void> {
    const { server } = this;
    const session = pick(place.sessions, b)!;
    const person = pick(place.participants, b + (a % 2))!;
    const reason = 'as the simulation wants it';
    const edit = (work: (tx: EntityManager) => Promise<unknown>) => server.change(place, work);
    const parked = async () =>
      pick(
        await server.sql<{ op_id: string }>(
          "select op_id from presence_operations where organization_id = ? and outcome = 'parked' and settlement is null order by id",
          [place.organization],
        ),
        c,
      )?.op_id;
    switch (act) {
      case 'resolve': {
        const open = await server.sql<{ id: number }>(
          'select id from sync_conflicts where organization_id = ? and is_open = 1 order by id',
          [place.organization],
        );
        const conflict = pick(open, c);
        if (!conflict) return;
        const choice = pick(['server', 'device', 'other', 'void'] as const, a)!;
        await server.act(
          place.admin,
          (me) => new ResolveConflicts({ ids: [conflict.id], choice, presence_state: 'late', reason }, me),
        );
        return;
      }
      case 'adopt': {
        const op = await parked();
        if (op) await server.act(place.admin, (me) => new AdoptParked(op, reason, me));
        return;
      }
      case 'discard parked': {
        const op = await parked();
        if (op) await server.act(place.admin, (me) => new DiscardParked(op, reason, me));
        return;
      }
      case 'judge parked':
        await server.judgeParked();
        return;
      case 'change role':
        return edit(async (tx) => {
          const user = await tx.findOneOrFail(User, { id: pick(place.staff, c)!.id });
          user.role = user.role === 'frontline' ? pick(['external', 'manager'] as const, a)! : 'frontline';
        });
      case 'disable account':
        return edit(async (tx) => {
          const user = await tx.findOneOrFail(User, { id: pick(place.staff, c)!.id });
          user.status = user.status === 'active' ? 'disabled' : 'active';
        });
      case 'leave group':
        await server.act(place.admin, () => new EndMembership(session.group, person));
        return;
      case 'join group':
        await server.act(
          place.admin,
          () => new AddMembers(session.group, { participant_ids: [person], from: null, to: null }),
        );
        return;
      case 'cancel session':
        await server.act(place.admin, () => new CancelSession(session.id));
        return;
      case 'bring session back':
        await server.act(place.admin, () => new ReviveSession(session.id));
        return;
      case 'lock session':
        return edit(async (tx) => {
          (await tx.findOneOrFail(Session, { id: session.id })).lockedAt = new Date(
            this.time.now - (c % 2) * 5 * MINUTE,
          );
        });
      case 'unlock session':
        return edit(async (tx) => {
          (await tx.findOneOrFail(Session, { id: session.id })).lockedAt = null;
        });
      case 'erase person':
        return edit(async (tx) => {
          (await tx.findOneOrFail(Participant, { id: person })).anonymizedAt = new Date(this.time.now);
        });
      case 'merge people':
        return edit(async (tx) => {
          const gone = await tx.findOneOrFail(Participant, { id: person });
          const into = pick(place.participants, b + (a % 2) + 1)!;
          if (into <= person) return;
          this.oracle.mergedAt.set(person, this.time.now);
          gone.mergedInto = into as never;
          gone.isActive = false;
        });
      case 'back up':
        await server.backUp('backup');
        this.backedUp = true;
        return this.oracle.backedUp();
      case 'restore':
      case 'restore with a new epoch':
        if (!this.backedUp) return;
        await server.restore('backup');
        this.oracle.restored();
        // What the devices keep of a server that went back is worth nothing: they are told by another epoch, or ask anew.
        this.kept.clear();
        if (act === 'restore with a new epoch') await server.newEpoch();
        else this.oracle.restoredInSilence = true;
        // The sign-ins of after the backup are gone as well; people sign in again.
        for (const browser of this.browsers)
          if (browser.user && browser.cookie) await this.letIn(browser, browser.user);
        return;
      default:
        throw new Error(`no such act: ${act}`);
    }
  }

  /* ---- the end ---- */

  /** Everything works again; what is still on its way arrives; everybody signs in where he left something. */
  async heal(): Promise<void> {
    const { network, server, oracle } = this;
    for (const browser of this.browsers) {
      browser.killAll();
      network.links.set(browser, 'good');
      network.faults.set(browser, []);
      browser.failingWrite = 0;
    }
    const onTheWay = this.random.shuffle([...network.late, ...network.slow]);
    for (const message of onTheWay) await network.deliver(message);
    oracle.rethrow();
    await this.passing(15 * MINUTE);
    for (let round = 0; round < ROUNDS; round++) {
      let waits = false;
      for (const browser of this.browsers) waits = (await this.drainAll(browser)) || waits;
      await server.judgeParked();
      oracle.rethrow();
      if (!waits) break;
      await this.passing(15 * MINUTE);
    }
    // One round after healing the devices know what the server knows.
    for (const browser of this.browsers) {
      const known = this.kept.get(browser);
      if (!known) continue;
      await this.letIn(browser, known.user);
      await this.askChanges(browser, known.user);
    }
  }

  /** Whoever left something on this device signs in and waits until it is gone. @returns whether something is left */
  private async drainAll(browser: Browser): Promise<boolean> {
    const bindings = [...new Set((await browser.rows()).map(({ binding }) => binding))];
    for (const binding of bindings) {
      const user = [...this.server.places.flatMap(({ staff, admin }) => [...staff, admin])].find(
        (each) => `${each.organization}:${each.id}` === binding,
      );
      if (!user) throw new Violation('under a wrong binding', binding);
      const [account] = await this.server.sql<{ status: string }>('select status from users where id = ?', [user.id]);
      const active = account!.status === 'active';
      const who = active ? user : this.placeOf(user).admin;
      await this.letIn(browser, who);
      const tab = await browser.open(who);
      if (!tab) throw new Violation('hangs', `device ${browser.number} has no storage`);
      void (active ? tab.engine.wake() : tab.engine.handInOnBehalf(binding));
      await this.network.settle();
      for (let wait = 0; wait < 4 && (await this.waits(browser, binding)); wait++) await this.passing(6 * MINUTE);
      browser.kill(tab);
    }
    const rows = await browser.rows();
    return rows.some(({ status }) => status === 'waiting');
  }

  private async waits(browser: Browser, binding: string): Promise<boolean> {
    return (await browser.rows()).some((row) => row.status === 'waiting' && row.binding === binding);
  }
}

function pick<T>(list: readonly T[], at: number): T | undefined {
  return list[at % (list.length || 1)];
}

/** A tap on somebody as the page shows him. */
const mark = (tab: Tab, line: Line, state: string | null): PresenceDraft => ({
  kind: 'presence',
  session_id: tab.page!.session,
  participant_id: line.person,
  presence_state: state,
  shown_revision: line.revision,
  shown_state: line.state,
});
