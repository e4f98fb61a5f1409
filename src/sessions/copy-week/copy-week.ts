import { randomUUID } from 'node:crypto';
import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { refuseUnknownGroup } from '../../participants/index.js';
import { currentOrganization } from '../../platform/current.js';
import { findLocked } from '../../platform/database/locked.js';
import { lockingRows, read } from '../../platform/database/read.js';
import { transact } from '../../platform/database/transaction.js';
import { insertRows, updateRows } from '../../platform/ledger/audited-rows.js';
import { Organization } from '../../tenancy/index.js';
import { UNTOUCHED } from '../closing-days/closing-day-sessions.js';
import { markedAmong } from '../marks.js';
import { Session } from '../session.entity.js';
import { type CopyWeekInput } from './copy-week-input.js';
import { type CopyPlan, planCopy } from './plan-copy.query.js';

/** The sessions of a week are planned again in other weeks. What stands there already is not made twice. */
export class CopyWeek implements ICommand {
  constructor(
    readonly input: CopyWeekInput,
    readonly zone: { timeZone: string; locale: string },
  ) {}
}

/** What was made by a copy is cancelled: exactly that, and only where nothing has happened yet. Answers how many. */
export class UndoCopy implements ICommand {
  /** @param copy the first session that it made, and the mark that all of them bear */
  constructor(readonly copy: { first: number; mark: string }) {}
}

export interface CopiedWeeks {
  plan: CopyPlan;
  sessions: number[];
  /** By what the copy can be undone; null when it made nothing. */
  copy: string | null;
}

@CommandHandler(CopyWeek)
export class CopyWeekHandler implements ICommandHandler<CopyWeek, CopiedWeeks> {
  constructor(private readonly em: EntityManager) {}

  async execute({ input, zone }: CopyWeek): Promise<CopiedWeeks> {
    return transact(this.em, 'week.copied', async (tx) => {
      // Two who copy at once: the second sees what the first has made.
      await findLocked(tx, Organization, currentOrganization());
      if (input.group_id) await refuseUnknownGroup(tx, input.group_id, 'group_id');
      const plan = await planCopy(tx, input, zone);
      const mark = randomUUID();
      const rows = plan.weeks.flatMap((week) =>
        week.made.map((each) => ({
          group: each.group,
          name: each.name,
          location: each.location,
          scheduledStartAt: each.starts,
          scheduledEndAt: each.ends,
          status: 'scheduled' as const,
          extraData: { copied_in: mark },
        })),
      );
      const sessions = await insertRows(tx, Session, rows);
      return { plan, sessions, copy: sessions.length > 0 ? `${sessions[0]}.${mark}` : null };
    });
  }
}

@CommandHandler(UndoCopy)
export class UndoCopyHandler implements ICommandHandler<UndoCopy, number> {
  constructor(private readonly em: EntityManager) {}

  async execute({ copy }: UndoCopy): Promise<number> {
    return transact(this.em, 'week.copy_undone', async (tx) => {
      const rows = await read<{ id: number }>(
        tx,
        `select s.id from sessions s
          where s.organization_id = :organization and s.id >= :first and s.id < :last and ${UNTOUCHED}
            and json_extract(s.extra_data, '$.copied_in') = :mark order by s.id ${lockingRows(tx, 's')}`,
        // Its rows were made in one go: nobody else's can lie far between.
        { ...copy, last: copy.first + 1_000_000 },
      );
      const ids = rows.map((row) => Number(row.id));
      const marked = await markedAmong(tx, ids);
      const free = ids.filter((id) => !marked.has(id));
      return updateRows(
        tx,
        Session,
        free.map((id) => ({ id, before: { status: 'scheduled' as const }, after: { status: 'cancelled' as const } })),
      );
    });
  }
}
