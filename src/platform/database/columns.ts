import { ReferenceKind, type EntityManager, type EntityMetadata, type EntityProperty } from '@mikro-orm/core';

/** The properties that are columns. */
export const columnsOf = (meta: EntityMetadata<any>): EntityProperty<any>[] =>
  (meta.props as EntityProperty<any>[]).filter(
    (prop) =>
      prop.persist !== false &&
      prop.fieldNames?.length === 1 &&
      (prop.kind === ReferenceKind.SCALAR || prop.kind === ReferenceKind.MANY_TO_ONE),
  );

/** A property's JavaScript value as this database takes it. */
export function databaseValue(tx: EntityManager, prop: EntityProperty<any>, value: unknown): unknown {
  if (value === undefined || value === null) return null;
  const platform = tx.getPlatform();
  if (prop.columnTypes?.[0] === 'json') return JSON.stringify(value);
  if (value instanceof Date) return platform.processDateProperty(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  return prop.customType ? prop.customType.convertToDatabaseValue(value, platform, { mode: 'query-data' }) : value;
}
