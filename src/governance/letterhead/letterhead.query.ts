import { type EntityManager } from '@mikro-orm/core';
import { type Organization, settingsOf } from '../../tenancy/index.js';
import { OrganizationLogo } from './organization-logo.entity.js';

/** What stands above everything that an organization prints. */
export interface Letterhead {
  name: string;
  /** Address, telephone and the like, one per line. */
  lines: string[];
  /** A picture in one of the usual forms; null: none. */
  logo: Buffer | null;
}

export async function letterheadOf(
  em: EntityManager,
  organization: Pick<Organization, 'name' | 'settings'>,
): Promise<Letterhead> {
  const logo = await em.findOne(OrganizationLogo, {}, { populate: ['content'] });
  const lines = settingsOf(organization).letterhead_lines;
  return { name: organization.name, lines, logo: logo && Buffer.from(logo.content) };
}
