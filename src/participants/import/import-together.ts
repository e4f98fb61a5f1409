import { Inject } from '@nestjs/common';
import { CommandBus, CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Config } from '../../platform/config.js';
import { removeUpload, uploadsFolder } from '../../platform/files.js';
import { invalid, Problem, type Refusal } from '../../platform/http/problem.js';
import { Import } from './import.entity.js';
import { ReceiveUpload, refusedFile, type ImportOptions, type Upload } from './receive-upload.js';
import { DiscardUpload, StartImport } from './start-import.js';
import { unpack } from './workbook/unpack.js';

/**
 * Imports a file of any kind that is known, as a program sends it: everything in an archive, or nothing of it when one of
 * its files cannot be used.
 * @throws Problem 413, 415, 422 naming the file
 */
export class ImportTogether implements ICommand {
  constructor(
    readonly upload: Upload,
    readonly options: Omit<ImportOptions, 'file_name'>,
  ) {}
}

@CommandHandler(ImportTogether)
export class ImportTogetherHandler implements ICommandHandler<ImportTogether, Import[]> {
  private readonly folder: string;

  constructor(
    private readonly em: EntityManager,
    private readonly bus: CommandBus,
    @Inject('config') config: Config,
  ) {
    this.folder = uploadsFolder(config);
  }

  async execute({ upload, options }: ImportTogether): Promise<Import[]> {
    const { mapping, dry_run = false, on_error = 'skip' } = options;
    const uploads = await this.unpacked(upload);
    if (mapping && uploads.length > 1) {
      await Promise.all(uploads.map(({ path }) => removeUpload(this.folder, path)));
      throw invalid('mapping', 'A mapping is about one file. Send the files of this archive one by one.');
    }
    const ids: number[] = [];
    const refused: { upload: Upload; problem: Problem }[] = [];
    for (const each of uploads)
      try {
        const start = { mapping, dry_run, on_error, kinds: [], waits: true };
        ids.push(await this.bus.execute<ReceiveUpload, number>(new ReceiveUpload(each, start)));
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        refused.push({ upload: each, problem: error });
      }
    if (refused.length > 0) {
      for (const id of ids) await this.bus.execute(new DiscardUpload(id));
      throw told(refused, uploads.length > 1);
    }
    await this.bus.execute(new StartImport({ ids, dry_run, on_error }, false));
    return this.em.find(Import, { id: { $in: ids } }, { orderBy: { id: 'asc' } });
  }

  /** @throws Problem when it cannot be opened */
  private async unpacked(upload: Upload): Promise<Upload[]> {
    let uploads: Upload[] = [];
    try {
      return (uploads = await unpack(this.folder, upload));
    } catch (error) {
      throw refusedFile(error);
    } finally {
      if (!uploads.includes(upload)) await removeUpload(this.folder, upload.path);
    }
  }
}

/** What is wrong with each file, by its name when there are several. */
function told(refused: { upload: Upload; problem: Problem }[], named: boolean): Problem {
  const [first] = refused;
  if (!named) return first!.problem;
  const refusals = refused.flatMap(({ upload, problem }) =>
    problem.refusals.map((each): Refusal => {
      const params = { ...each.params, file: upload.fileName };
      return { ...each, message: `{file}: ${each.message}`, params };
    }),
  );
  return new Problem(first!.problem.status, refusals);
}
