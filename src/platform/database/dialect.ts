import { type EntityManager, type Platform } from '@mikro-orm/core';

/** The one place that tells the two databases apart: MySQL locks rows, SQLite has one write lock for everything. */
export const isMySqlPlatform = (platform: Platform): boolean => platform.constructor.name === 'MySqlPlatform';
export const isMySql = (em: EntityManager): boolean => isMySqlPlatform(em.getPlatform());

/** @returns the SQL for the moment so many seconds before a column's: a number of milliseconds on SQLite, a time on MySQL */
export const secondsBefore = (em: EntityManager, column: string, seconds: number): string =>
  isMySql(em) ? `${column} - interval ${seconds} second` : `${column} - ${seconds * 1000}`;

/**
 * @returns the SQL, after a table's name, that holds MySQL to this index: for a question that is asked once for each of
 * many rows, where a guess on figures of yesterday costs a scan each time
 */
export const byIndex = (em: EntityManager, index: string): string => (isMySql(em) ? `force index (${index})` : '');
