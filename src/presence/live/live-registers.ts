import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/core';
import { Observable } from 'rxjs';
import { clock } from '../../platform/clock.js';
import { inOrganization } from '../../platform/database/in-organization.js';
import { type Orm } from '../../platform/database/orm.js';
import { instant, read } from '../../platform/database/read.js';

/** Something changed in a register: whose mark, or (nobody named) the session itself. */
export interface RegisterChange {
  session: number;
  people: number[];
}

/** How often the database is asked while somebody watches. Milliseconds. */
const EVERY_MS = 400;
/** A mark is dated before it is committed: each look reads so far back again, and tells what it has not told. Milliseconds. */
const OVERLAP_MS = 10_000;
/** Every so many looks also what was changed without a new mark: a dispute, the session itself. */
const THOROUGH = 10;

interface Subscriber {
  sessions: Set<number>;
  tell: (change: RegisterChange) => void;
}

/** What is watched in one organization, and what its watchers were told of. */
interface Watch {
  subscribers: Set<Subscriber>;
  /** `session:participant`, or `session` for the session itself, with its last version and when that was made (ms). */
  told: Map<string, { version: string; at: number }>;
  timer: NodeJS.Timeout;
  looks: number;
  busy: boolean;
}

/**
 * Tells open roll calls what changed in them, whichever process took the mark: each process asks the database while one
 * of its browsers watches, one small statement for an organization, whatever the number of watchers. Only ids are told;
 * the page asks for the rows by its own door, which knows what this person may see.
 */
@Injectable()
export class LiveRegisters implements OnModuleDestroy {
  private readonly logger = new Logger('live');
  private readonly watches = new Map<number, Watch>();

  constructor(@Inject(MikroORM) private readonly orm: Orm) {}

  onModuleDestroy(): void {
    for (const watch of this.watches.values()) clearInterval(watch.timer);
    this.watches.clear();
  }

  /**
   * @param sessions which the asker may see
   * @returns what changes in them from now on, and what did in the last ten seconds
   */
  changes(organization: number, sessions: number[]): Observable<RegisterChange> {
    return new Observable((subscriber) => {
      const watch = this.watches.get(organization) ?? this.open(organization);
      const self: Subscriber = { sessions: new Set(sessions), tell: (change) => subscriber.next(change) };
      this.tellRecent(watch, self);
      watch.subscribers.add(self);
      return () => {
        watch.subscribers.delete(self);
        if (watch.subscribers.size > 0) return;
        clearInterval(watch.timer);
        this.watches.delete(organization);
      };
    });
  }

  private open(organization: number): Watch {
    const timer = setInterval(() => void this.look(organization, watch), EVERY_MS);
    timer.unref();
    const watch: Watch = { subscribers: new Set(), told: new Map(), timer, looks: 0, busy: false };
    this.watches.set(organization, watch);
    return watch;
  }

  /** Whoever comes while others watch already would else miss what those were told just now. */
  private tellRecent(watch: Watch, { sessions, tell }: Subscriber): void {
    const recent = clock.now().getTime() - OVERLAP_MS;
    for (const [key, { at }] of watch.told) {
      const [session, person] = key.split(':').map(Number);
      if (at > recent && sessions.has(session!)) tell({ session: session!, people: person ? [person] : [] });
    }
  }

  private async look(organization: number, watch: Watch): Promise<void> {
    if (watch.busy) return;
    watch.busy = true;
    try {
      const thorough = watch.looks++ % THOROUGH === 0;
      const sessions = [...new Set([...watch.subscribers].flatMap((each) => [...each.sessions]))];
      if (sessions.length === 0) return;
      const since = new Date(clock.now().getTime() - OVERLAP_MS);
      const found = await inOrganization(this.orm, { organizationId: organization, source: 'page' }, async (em) => [
        ...(await changedMarks(em, sessions, since, thorough)),
        ...(thorough ? await changedSessions(em, sessions, since) : []),
      ]);
      const people = new Map<number, number[]>();
      for (const { key, session, person, version, at } of found) {
        if (watch.told.get(key)?.version === version) continue;
        watch.told.set(key, { version, at });
        const list = people.get(session) ?? [];
        if (person !== null) list.push(person);
        people.set(session, list);
      }
      for (const [session, list] of people)
        for (const each of watch.subscribers) if (each.sessions.has(session)) each.tell({ session, people: list });
      if (thorough)
        for (const [key, { at }] of watch.told) if (at < since.getTime() - OVERLAP_MS) watch.told.delete(key);
    } catch (error) {
      this.logger.warn(`what changed could not be read: ${(error as Error)?.message}`);
    } finally {
      watch.busy = false;
    }
  }
}

interface Found {
  key: string;
  session: number;
  person: number | null;
  version: string;
  at: number;
}

type Em = Parameters<Parameters<typeof inOrganization>[2]>[0];

/**
 * Marks that came since, by the index over what was received.
 * @param thorough also what was changed without being received (a dispute that was opened or settled)
 */
async function changedMarks(em: Em, sessions: number[], since: Date, thorough: boolean): Promise<Found[]> {
  const rows = await read<{
    session_id: number;
    participant_id: number;
    revision: number;
    disputed: number | boolean;
    updated_at: number | string | Date;
  }>(
    em,
    `select session_id, participant_id, revision, disputed, updated_at from presence_records
      where organization_id = :organization and session_id in (:sessions)
        and ${thorough ? 'updated_at' : 'received_at'} > :since`,
    { sessions, since },
  );
  return rows.map((row) => ({
    key: `${row.session_id}:${row.participant_id}`,
    session: Number(row.session_id),
    person: Number(row.participant_id),
    version: `${row.revision}${row.disputed ? 'd' : ''}`,
    at: instant(row.updated_at).getTime(),
  }));
}

async function changedSessions(em: Em, sessions: number[], since: Date): Promise<Found[]> {
  const rows = await read<{ id: number; updated_at: number | string | Date }>(
    em,
    `select id, updated_at from sessions
      where organization_id = :organization and id in (:sessions) and updated_at > :since`,
    { sessions, since },
  );
  return rows.map((row) => {
    const at = instant(row.updated_at).getTime();
    return { key: String(row.id), session: Number(row.id), person: null, version: String(at), at };
  });
}
