import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Config } from '../../platform/config.js';
import { clock } from '../../platform/clock.js';
import { Export } from './export.entity.js';
import { exportsFolder, removeKept } from './kept-files.js';

/**
 * Somebody does not need his file any more: what waits or is being made is cancelled, and a file that is kept is removed.
 * Again, or after its end, it changes nothing.
 * @param isToldOf false: no list tells of it any more either
 */
export class CancelExport implements ICommand {
  constructor(
    readonly id: number,
    readonly isToldOf = true,
  ) {}
}

@CommandHandler(CancelExport)
export class CancelExportHandler implements ICommandHandler<CancelExport, void> {
  private readonly folder: string;

  constructor(
    private readonly em: EntityManager,
    @Inject('config') config: Config,
  ) {
    this.folder = exportsFolder(config);
  }

  async execute({ id, isToldOf }: CancelExport): Promise<void> {
    await this.end(id);
    // Whoever still works on it finds no row that is his, as after a cancel.
    if (!isToldOf) await this.em.nativeDelete(Export, { id });
  }

  private async end(id: number): Promise<void> {
    const now = clock.now();
    const ended = { finishedAt: now, updatedAt: now, claimedUntil: null };
    const open = { id, status: { $in: ['queued' as const, 'running' as const] } };
    // Whoever works on it finds at his next word that it is not his any more, and clears away what he wrote.
    if ((await this.em.nativeUpdate(Export, open, { status: 'cancelled', ...ended })) > 0) return;
    const job = await this.em.findOne(Export, { id }, { refresh: true });
    if (job?.status !== 'done') return;
    const values = { status: 'expired' as const, filePath: null, expiresAt: now, updatedAt: now };
    await this.em.nativeUpdate(Export, { id, status: 'done' }, values);
    if (job.filePath) await removeKept(this.folder, job.filePath);
  }
}
