import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager, LockMode } from '@mikro-orm/core';
import { currentOrganization } from '../../platform/current.js';
import { findLocked } from '../../platform/database/locked.js';
import { transact } from '../../platform/database/transaction.js';
import { refuseChanged } from '../../platform/http/etag.js';
import { invalid } from '../../platform/http/problem.js';
import { refuseStaleForm, type Seen } from '../../platform/ledger/edited-meanwhile.js';
import { Organization } from '../../tenancy/index.js';
import { SessionTemplate } from '../session-template.entity.js';
import { fillTemplates } from './open-templates.js';
import { type NewTemplate, type TemplateChange, templateJson } from './template-input.js';

/** So many templates a form can offer. */
const MOST = 100;

/** A template is added at the end. The first one of an organization takes over those of its domain. Answers the id. */
export class CreateTemplate implements ICommand {
  constructor(readonly input: NewTemplate) {}
}

/**
 * A template is put right, or taken out of use and back. What is absent stays; null clears.
 * Errors: 404; 409 `stale` (the form is older than somebody else's change); 412.
 */
export class ChangeTemplate implements ICommand {
  constructor(
    readonly id: number,
    readonly input: TemplateChange,
    readonly seen: Seen = {},
  ) {}
}

/** The order in which templates are offered. */
export class OrderTemplates implements ICommand {
  /** @param ids every template that is in use, in the new order; others keep their place behind them */
  constructor(readonly ids: number[]) {}
}

/** The templates of the domain become the organization's own, so that they can be changed. Done already: nothing changes. */
export class AdoptTemplates implements ICommand {}

@CommandHandler(CreateTemplate)
export class CreateTemplateHandler implements ICommandHandler<CreateTemplate, number> {
  constructor(private readonly em: EntityManager) {}

  async execute({ input }: CreateTemplate): Promise<number> {
    return transact(this.em, 'template.created', async (tx) => {
      await adopt(tx);
      const all = await tx.find(SessionTemplate, {});
      if (all.length >= MOST) throw invalid('name', 'At most {max} templates fit here.', 'invalid', { max: MOST });
      const template = tx.create(SessionTemplate, {
        name: input.name,
        location: input.location ?? null,
        minutes: input.minutes,
        startTime: input.start_time ?? null,
        sortOrder: Math.max(0, ...all.map((each) => each.sortOrder)) + 10,
      });
      await tx.flush();
      return template.id;
    });
  }
}

@CommandHandler(ChangeTemplate)
export class ChangeTemplateHandler implements ICommandHandler<ChangeTemplate, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id, input, seen }: ChangeTemplate): Promise<void> {
    await transact(this.em, 'template.changed', async (tx) => {
      const template = await findLocked(tx, SessionTemplate, id);
      await refuseStaleForm(tx, 'session_templates', id, seen.version ?? null, Object.keys(input));
      refuseChanged(seen.etag, templateJson(template));
      if (input.name !== undefined) template.name = input.name;
      if (input.location !== undefined) template.location = input.location;
      if (input.minutes !== undefined) template.minutes = input.minutes;
      if (input.start_time !== undefined) template.startTime = input.start_time;
      if (input.sort_order !== undefined) template.sortOrder = input.sort_order;
      if (input.is_active !== undefined) template.isActive = input.is_active;
      await tx.flush();
    });
  }
}

@CommandHandler(OrderTemplates)
export class OrderTemplatesHandler implements ICommandHandler<OrderTemplates, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ ids }: OrderTemplates): Promise<void> {
    await transact(this.em, 'template.ordered', async (tx) => {
      const all = await tx.find(SessionTemplate, {}, { orderBy: { id: 'asc' }, lockMode: LockMode.PESSIMISTIC_WRITE });
      const place = new Map(ids.map((id, at) => [id, at]));
      const rank = (each: SessionTemplate) => place.get(each.id) ?? ids.length;
      all.sort((a, b) => rank(a) - rank(b) || a.sortOrder - b.sortOrder || a.id - b.id);
      all.forEach((each, at) => (each.sortOrder = (at + 1) * 10));
      await tx.flush();
    });
  }
}

@CommandHandler(AdoptTemplates)
export class AdoptTemplatesHandler implements ICommandHandler<AdoptTemplates, void> {
  constructor(private readonly em: EntityManager) {}

  async execute(): Promise<void> {
    await transact(this.em, 'template.created', adopt);
  }
}

/** Locks the organization: two who begin at once must not both bring the domain's list. */
async function adopt(tx: EntityManager): Promise<void> {
  const { domainType, locale } = await findLocked(tx, Organization, currentOrganization());
  if ((await tx.count(SessionTemplate, {})) > 0) return;
  fillTemplates(tx, domainType, locale);
  await tx.flush();
}
