import { type EntityManager, type Platform } from '@mikro-orm/core';

/** The one place that tells the two databases apart: MySQL locks rows, SQLite has one write lock for everything. */
export const isMySqlPlatform = (platform: Platform): boolean => platform.constructor.name === 'MySqlPlatform';
export const isMySql = (em: EntityManager): boolean => isMySqlPlatform(em.getPlatform());
