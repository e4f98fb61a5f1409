import { type EntityManager } from '@mikro-orm/core';
import { type SignedInUser } from '../../auth/index.js';
import { type Asked, type FileQuery } from '../asked.js';
import { type Pdf } from '../pdf/document.js';
import { type Look } from '../pdf/look.js';

/** A sheet that is handed out or filed, and had as PDF alone. */
export interface Paper {
  code: string;
  /** English; the key of its translation. */
  title: string;
  fields: readonly (keyof FileQuery)[];
  /**
   * First and last local day that it is about.
   * @throws Problem 422 when it cannot be made of what was asked
   */
  days(em: EntityManager, asked: Asked): Promise<{ from: string; to: string }>;
  print(em: EntityManager, asked: Asked, me: SignedInUser, look: Look): Promise<Pdf>;
}
