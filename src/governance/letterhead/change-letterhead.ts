import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { currentOrganization } from '../../platform/current.js';
import { findLocked } from '../../platform/database/locked.js';
import { transact } from '../../platform/database/transaction.js';
import { type Picture, readPicture } from '../../platform/pictures/read-picture.js';
import { Organization, type Settings } from '../../tenancy/index.js';
import { OrganizationLogo } from './organization-logo.entity.js';

/** Pixels: on paper it is as wide as a third of the page. */
const LARGEST = { width: 600, height: 216 };

/**
 * What stands on everything that is printed changes, all of it or nothing. Errors: 415, 422: the logo is no picture that
 * can be taken.
 */
export class ChangeLetterhead implements ICommand {
  constructor(
    readonly texts: Pick<Settings, 'letterhead_lines' | 'certificate_text'>,
    /** What was uploaded; null takes the logo away, and nothing of it is kept; undefined leaves it as it is. */
    readonly logo: Buffer | null | undefined,
  ) {}
}

@CommandHandler(ChangeLetterhead)
export class ChangeLetterheadHandler implements ICommandHandler<ChangeLetterhead, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ texts, logo }: ChangeLetterhead): Promise<void> {
    const picture = logo && (await readPicture(logo, LARGEST));
    await transact(this.em, 'organization.letterhead_changed', async (tx) => {
      const organization = await findLocked(tx, Organization, currentOrganization());
      const { certificate_text: _default, ...settings } = organization.settings;
      const { letterhead_lines, certificate_text } = texts;
      organization.settings = { ...settings, letterhead_lines, ...(certificate_text && { certificate_text }) };
      if (picture !== undefined) await keep(tx, picture);
      await tx.flush();
    });
  }
}

async function keep(tx: EntityManager, picture: Picture | null): Promise<void> {
  const logo = await tx.findOne(OrganizationLogo, {});
  if (!picture) return void (logo && tx.remove(logo));
  const values = { ...picture, size: picture.content.length };
  if (logo) tx.assign(logo, values);
  else tx.create(OrganizationLogo, values);
}
