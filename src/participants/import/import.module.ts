import { Module } from '@nestjs/common';
import { MulterModule } from '@nestjs/platform-express';
import { ScheduleModule } from '@nestjs/schedule';
import { type Config } from '../../platform/config.js';
import { uploadsFolder } from '../../platform/files.js';
import { SendErrors } from './errors/send-errors.js';
import { ImportJobs } from './import-jobs.js';
import { ImportApi } from './import.api.js';
import { ImportPages } from './import.pages.js';
import { ImportTogetherHandler } from './import-together.js';
import { RawUpload } from './raw-upload.js';
import { MOST_BYTES } from './read-table.js';
import { Reading } from './reading.js';
import { ReceiveUploadHandler } from './receive-upload.js';
import {
  ChooseColumnsHandler,
  DiscardUploadHandler,
  StartImportHandler,
  WaitAgainHandler,
  GuessColumnsHandler,
} from './start-import.js';
import { UndoImportHandler } from './undo-import.js';

@Module({
  imports: [
    ScheduleModule.forRoot(),
    MulterModule.registerAsync({
      inject: ['config'],
      useFactory: (config: Config) => ({
        // Straight to the disk, under a random name; reading stops where a file is too large.
        dest: uploadsFolder(config),
        limits: { fileSize: MOST_BYTES, files: 10, fields: 20, fieldSize: 200_000, fieldNameSize: 100, parts: 30 },
      }),
    }),
  ],
  controllers: [ImportApi, ImportPages],
  providers: [
    ImportJobs,
    SendErrors,
    Reading,
    ReceiveUploadHandler,
    ImportTogetherHandler,
    RawUpload,
    StartImportHandler,
    WaitAgainHandler,
    ChooseColumnsHandler,
    GuessColumnsHandler,
    DiscardUploadHandler,
    UndoImportHandler,
  ],
  exports: [ImportJobs, Reading],
})
export class ImportModule {}
