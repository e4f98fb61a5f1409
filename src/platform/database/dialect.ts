import { type EntityManager, type Platform } from '@mikro-orm/core';

/** The one place that tells the two databases apart: MySQL locks rows, SQLite has one write lock for everything. */
export const isMySqlPlatform = (platform: Platform): boolean => platform.constructor.name === 'MySqlPlatform';
export const isMySql = (em: EntityManager): boolean => isMySqlPlatform(em.getPlatform());

/**
 * @returns a join that keeps the order of its tables: where it is known by which end a question is answered with a few rows
 * of an index, and a guess on figures of yesterday may begin at the other end
 */
export const joinInOrder = (em: EntityManager): string => (isMySql(em) ? 'straight_join' : 'cross join');

/** @returns the file of an embedded database; null where there is none: on MySQL, and in memory */
export function sqliteFile(em: EntityManager): string | null {
  const name = isMySql(em) ? ':memory:' : em.config.get('dbName');
  return name === undefined || name === ':memory:' ? null : name;
}

/** @returns the SQL for the moment so many seconds before a column's: a number of milliseconds on SQLite, a time on MySQL */
export const secondsBefore = (em: EntityManager, column: string, seconds: number): string =>
  isMySql(em) ? `${column} - interval ${seconds} second` : `${column} - ${seconds * 1000}`;

/**
 * @returns the SQL, after a table's name, that holds MySQL to this index: for a question that is asked once for each of
 * many rows, where a guess on figures of yesterday costs a scan each time
 */
export const byIndex = (em: EntityManager, index: string): string => (isMySql(em) ? `force index (${index})` : '');

/**
 * @returns the SQL of a text as it is searched and sorted: without accents and capitals. For small tables of which no
 * folded copy is kept: no index serves it
 */
export const folded = (em: EntityManager, sql: string): string =>
  isMySql(em) ? `${sql} collate utf8mb4_0900_ai_ci` : `fold(${sql})`;
