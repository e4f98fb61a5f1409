import {
  JsonType,
  type EntityManager,
  type EntityMetadata,
  type EntityProperty,
  type EventArgs,
  type EventSubscriber,
  type FlushEventArgs,
  type TransactionEventArgs,
} from '@mikro-orm/core';
import { auditValue, isAudited, isRecorded, record, type Change, type Values } from './ledger.js';

/**
 * Writes the audit row of every entity that a unit of work creates, changes or deletes, in the same transaction.
 * Use cases do not call it and cannot forget it. Writes that pass the unit of work by go through audited-rows.ts.
 */
export class AuditSubscriber implements EventSubscriber {
  private readonly pending = new WeakMap<EntityManager, Change[]>();

  afterCreate(args: EventArgs<any>): void {
    this.keep(args, 'create', null, args.changeSet!.payload);
  }

  afterUpdate(args: EventArgs<any>): void {
    this.keep(args, 'update', args.changeSet!.originalEntity as Values, args.changeSet!.payload);
  }

  beforeDelete(args: EventArgs<any>): void {
    const original = args.em.getUnitOfWork().getOriginalEntityData(args.entity) as Values;
    this.keep(args, 'delete', original, null);
  }

  async afterFlush({ em }: FlushEventArgs): Promise<void> {
    await this.write(em);
  }

  // A bare em.flush() commits before its afterFlush: without this its audit row would come too late.
  async beforeTransactionCommit({ em }: TransactionEventArgs): Promise<void> {
    await this.write(em);
  }

  afterTransactionRollback({ em }: TransactionEventArgs): void {
    this.pending.delete(em);
  }

  private keep(args: EventArgs<any>, action: Change['action'], before: Values | null, after: Values | null): void {
    const meta = args.meta as EntityMetadata<any>;
    if (!isAudited(meta.tableName)) return;
    const values = (source: Values | null, only?: Values | null) => source && rowValues(args.em, meta, source, only);
    const change: Change = {
      table: meta.tableName,
      recordId: Number(args.entity.id),
      organizationId: Number(meta.tableName === 'organizations' ? args.entity.id : args.entity.organization),
      action,
      before: values(before, action === 'update' ? after : null),
      after: values(after),
    };
    if (action === 'update' && Object.keys(change.after!).length === 0) return;
    const list = this.pending.get(args.em) ?? [];
    list.push(change);
    this.pending.set(args.em, list);
  }

  private async write(em: EntityManager): Promise<void> {
    const changes = this.pending.get(em);
    if (!changes) return;
    this.pending.delete(em);
    await record(em, changes);
  }
}

/** A change set holds database values (dates as numbers on SQLite): read them back into JavaScript values. */
function rowValues(em: EntityManager, meta: EntityMetadata<any>, source: Values, only?: Values | null): Values {
  const platform = em.getPlatform();
  const values: Values = {};
  for (const prop of meta.props as EntityProperty<any>[]) {
    const column = prop.fieldNames?.[0];
    if (!column || !(prop.name in source) || (only && !(prop.name in only)) || !isRecorded(column)) continue;
    const type = (prop as any).customType ?? (prop as any).targetMeta?.getPrimaryProps()[0]?.customType;
    let value = source[prop.name];
    if (value !== null && value !== undefined) {
      // MySQL's driver reads JSON columns itself, so the type does not; a change set holds the text all the same.
      if (type instanceof JsonType) value = typeof value === 'string' ? JSON.parse(value) : value;
      else if (type) value = type.convertToJSValue(value, platform);
      else if (/date/i.test(String(prop.runtimeType)) && !(value instanceof Date))
        value = platform.parseDate(value as never);
      else if (prop.runtimeType === 'boolean') value = Boolean(value);
    }
    values[column] = auditValue(column, value);
  }
  return values;
}
