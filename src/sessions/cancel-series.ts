import { randomUUID } from 'node:crypto';
import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { transact } from '../platform/database/transaction.js';
import { refuseChanged } from '../platform/http/etag.js';
import { type RowChange, updateRows } from '../platform/ledger/audited-rows.js';
import { type SeriesOutcome } from './change-series.js';
import { changeOf, isUntouched, lockSeries, type Scope } from './series-sessions.js';
import { sessionJson } from './session-json.js';
import { Session } from './session.entity.js';
import { statusBefore, withoutWhy, withWhy } from './why-cancelled.js';

/** Sessions of a series do not take place: from one on, or all. Those in which anything happened stay as they are. */
export class CancelSeries implements ICommand {
  constructor(
    readonly session: number,
    readonly scope: Exclude<Scope, 'this'>,
    readonly expected: string | null = null,
  ) {}
}

/**
 * They take place after all: those that were cancelled together with the named one, or else every cancelled one but
 * those on closing days and those that the rule has no date for.
 */
export class ReviveSeries implements ICommand {
  constructor(
    readonly session: number,
    readonly scope: Exclude<Scope, 'this'>,
    readonly expected: string | null = null,
  ) {}
}

@CommandHandler(CancelSeries)
export class CancelSeriesHandler implements ICommandHandler<CancelSeries, SeriesOutcome> {
  constructor(private readonly em: EntityManager) {}

  async execute({ session, scope, expected }: CancelSeries): Promise<SeriesOutcome> {
    return transact(this.em, 'series.cancelled', async (tx) => {
      const { pivot, inScope, marked } = await lockSeries(tx, session, scope);
      refuseChanged(expected, sessionJson(pivot));
      const standing = inScope.filter((each) => each.status !== 'cancelled');
      const free = standing.filter((each) => isUntouched(each, marked));
      const why = { cancelled_in: randomUUID() };
      const changes = free.map((each) =>
        changeOf(each, { status: 'cancelled', extraData: withWhy(each.extraData, why) })!,
      );
      await updateRows(tx, Session, changes);
      return { changed: 0, created: 0, cancelled: free.length, left_alone: standing.length - free.length };
    });
  }
}

@CommandHandler(ReviveSeries)
export class ReviveSeriesHandler implements ICommandHandler<ReviveSeries, SeriesOutcome> {
  constructor(private readonly em: EntityManager) {}

  async execute({ session, scope, expected }: ReviveSeries): Promise<SeriesOutcome> {
    return transact(this.em, 'series.revived', async (tx) => {
      const { pivot, inScope } = await lockSeries(tx, session, scope);
      refuseChanged(expected, sessionJson(pivot));
      const act = pivot.extraData.cancelled_in;
      const meant = ({ extraData }: Session) =>
        act ? extraData.cancelled_in === act : !extraData.closed_by && !extraData.replanned;
      const cancelled = inScope.filter((each) => each.status === 'cancelled' && meant(each));
      const changes: RowChange<Session>[] = cancelled.map((each) =>
        changeOf(each, { status: statusBefore(each), extraData: withoutWhy(each.extraData) })!,
      );
      await updateRows(tx, Session, changes);
      return { changed: cancelled.length, created: 0, cancelled: 0, left_alone: 0 };
    });
  }
}
