import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { refuseUnknownGroup } from '../../participants/index.js';
import { findLocked } from '../../platform/database/locked.js';
import { transact } from '../../platform/database/transaction.js';
import { refuseChanged } from '../../platform/http/etag.js';
import { refuseStaleForm, type Seen } from '../../platform/ledger/edited-meanwhile.js';
import { ClosingDay } from '../closing-day.entity.js';
import {
  type ClosingDayChange,
  closingDayJson,
  type NewClosingDay,
  refuseImpossibleDays,
} from './closing-day-input.js';
import { cancelOn, reviveFrom } from './closing-day-sessions.js';

/** What became of sessions with a closing day. Those in which somebody was marked are left alone. */
export interface ClosingOutcome {
  cancelled: number;
  revived: number;
  left_alone: number;
}
/** What whoever removes it has seen of it. */
const FIELDS = ['name', 'from_on', 'to_on', 'group_id'];
const NOTHING: ClosingOutcome = { cancelled: 0, revived: 0, left_alone: 0 };

/** Days on which nothing takes place are written down. Sessions that stand there are cancelled only if that is asked for. */
export class CreateClosingDay implements ICommand {
  constructor(
    readonly input: NewClosingDay,
    readonly timeZone: string,
  ) {}
}

/**
 * A closing day is put right. What is absent stays; null clears.
 * Errors: 404; 409 `stale` (the form is older than somebody else's change); 412; 422.
 */
export class ChangeClosingDay implements ICommand {
  constructor(
    readonly id: number,
    readonly input: ClosingDayChange,
    readonly timeZone: string,
    readonly seen: Seen = {},
  ) {}
}

/** What was cancelled for a closing day takes place after all; the day stays. @returns how many */
export class ReviveClosed implements ICommand {
  constructor(
    readonly id: number,
    readonly timeZone: string,
  ) {}
}

/** A closing day is struck out. What was cancelled for it takes place again, if that is asked for. */
export class RemoveClosingDay implements ICommand {
  constructor(
    readonly id: number,
    readonly revive: boolean,
    readonly timeZone: string,
    readonly seen: Seen = {},
  ) {}
}

@CommandHandler(CreateClosingDay)
export class CreateClosingDayHandler implements ICommandHandler<
  CreateClosingDay,
  { id: number; outcome: ClosingOutcome }
> {
  constructor(private readonly em: EntityManager) {}

  async execute({ input, timeZone }: CreateClosingDay) {
    return transact(this.em, 'closing_day.created', async (tx) => {
      const to = input.to_on ?? input.from_on;
      refuseImpossibleDays(input.from_on, to);
      const group = input.group_id ? (await refuseUnknownGroup(tx, input.group_id, 'group_id')).id : null;
      const closing = tx.create(ClosingDay, { name: input.name, fromOn: input.from_on, toOn: to, group });
      await tx.flush();
      const done = input.cancel_sessions ? await cancelOn(tx, closing, timeZone) : {};
      return { id: closing.id, outcome: { ...NOTHING, ...done } };
    });
  }
}

@CommandHandler(ChangeClosingDay)
export class ChangeClosingDayHandler implements ICommandHandler<ChangeClosingDay, ClosingOutcome> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id, input, timeZone, seen }: ChangeClosingDay): Promise<ClosingOutcome> {
    return transact(this.em, 'closing_day.changed', async (tx) => {
      const closing = await findLocked(tx, ClosingDay, id);
      const from = input.from_on ?? closing.fromOn;
      const to = input.to_on ?? closing.toOn;
      refuseImpossibleDays(from, to);
      if (input.group_id) await refuseUnknownGroup(tx, input.group_id, 'group_id');
      await refuseStaleForm(tx, 'closing_days', id, seen.version ?? null, Object.keys(input));
      refuseChanged(seen.etag, closingDayJson(closing));
      if (input.group_id !== undefined) closing.group = input.group_id;
      if (input.name !== undefined) closing.name = input.name;
      closing.fromOn = from;
      closing.toOn = to;
      await tx.flush();
      const revived = input.revive_sessions ? await reviveFrom(tx, closing, timeZone, 'outside') : 0;
      const done = input.cancel_sessions ? await cancelOn(tx, closing, timeZone) : {};
      return { ...NOTHING, ...done, revived };
    });
  }
}

@CommandHandler(ReviveClosed)
export class ReviveClosedHandler implements ICommandHandler<ReviveClosed, number> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id, timeZone }: ReviveClosed): Promise<number> {
    return transact(this.em, 'closing_day.changed', async (tx) =>
      reviveFrom(tx, await findLocked(tx, ClosingDay, id), timeZone, 'all'),
    );
  }
}

@CommandHandler(RemoveClosingDay)
export class RemoveClosingDayHandler implements ICommandHandler<RemoveClosingDay, ClosingOutcome> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id, revive, timeZone, seen }: RemoveClosingDay): Promise<ClosingOutcome> {
    return transact(this.em, 'closing_day.removed', async (tx) => {
      const closing = await findLocked(tx, ClosingDay, id);
      await refuseStaleForm(tx, 'closing_days', id, seen.version ?? null, FIELDS);
      refuseChanged(seen.etag, closingDayJson(closing));
      const revived = revive ? await reviveFrom(tx, closing, timeZone, 'all') : 0;
      tx.remove(closing);
      await tx.flush();
      return { ...NOTHING, revived };
    });
  }
}
