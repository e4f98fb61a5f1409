import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { currentOrganization } from '../../platform/current.js';
import { findLocked } from '../../platform/database/locked.js';
import { transact } from '../../platform/database/transaction.js';
import { Problem } from '../../platform/http/problem.js';
import { refuseStaleForm, type Seen } from '../../platform/ledger/edited-meanwhile.js';
import { type Picture, readPicture } from '../../platform/pictures/read-picture.js';
import { Organization, type Settings } from '../../tenancy/index.js';
import { OrganizationLogo } from './organization-logo.entity.js';

/** Pixels: on paper it is as wide as a third of the page. */
const LARGEST = { width: 600, height: 216 };

/**
 * What stands on everything that is printed changes, all of it or nothing. Errors: 409 `stale` (the form is older than
 * somebody else's change of the same); 415, 422: the logo is no picture that can be taken.
 */
export class ChangeLetterhead implements ICommand {
  constructor(
    readonly texts: Pick<Settings, 'letterhead_lines' | 'certificate_text'>,
    /** What was uploaded; null takes the logo away, and nothing of it is kept; undefined leaves it as it is. */
    readonly logo: Buffer | null | undefined,
    readonly seen: Seen & { logo?: string | null } = {},
  ) {}
}

@CommandHandler(ChangeLetterhead)
export class ChangeLetterheadHandler implements ICommandHandler<ChangeLetterhead, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ texts, logo, seen }: ChangeLetterhead): Promise<void> {
    const picture = logo && (await readPicture(logo, LARGEST));
    await transact(this.em, 'organization.letterhead_changed', async (tx) => {
      const organization = await findLocked(tx, Organization, currentOrganization());
      await refuseStaleForm(tx, 'organizations', organization.id, seen.version ?? null, Object.keys(texts));
      const { certificate_text: _default, ...settings } = organization.settings;
      const { letterhead_lines, certificate_text } = texts;
      organization.settings = { ...settings, letterhead_lines, ...(certificate_text && { certificate_text }) };
      if (picture !== undefined) await keep(tx, picture, seen.logo ?? null);
      await tx.flush();
    });
  }
}

/** @param seen the digest of the logo that the form showed, '' where it showed none; null when it does not say */
async function keep(tx: EntityManager, picture: Picture | null, seen: string | null): Promise<void> {
  const logo = await tx.findOne(OrganizationLogo, {}, { refresh: true });
  if (seen !== null && seen !== (logo?.digest ?? '')) throw new Problem(409, OTHER_LOGO);
  if (!picture) return void (logo && tx.remove(logo));
  const values = { ...picture, size: picture.content.length };
  if (logo) tx.assign(logo, values);
  else tx.create(OrganizationLogo, values);
}

export const OTHER_LOGO = {
  code: 'stale',
  field: 'file',
  message: 'Somebody changed the logo while you were typing. Look at the one that is there now, then save again.',
};
