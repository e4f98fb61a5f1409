import { type DynamicModule, Module } from '@nestjs/common';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import { AuthModule } from './auth/index.js';
import { ENTITIES } from './entities.js';
import { GovernanceModule } from './governance/index.js';
import { NotificationsModule } from './notifications/index.js';
import { ParticipantsModule } from './participants/index.js';
import { type Config } from './platform/config.js';
import { databaseConfig } from './platform/database/database.config.js';
import { PlatformModule } from './platform/platform.module.js';
import { PresenceModule } from './presence/index.js';
import { ReportsModule } from './reports/index.js';
import { SessionsModule } from './sessions/index.js';
import { SyncModule } from './sync/index.js';

/** The whole product: modules in the order in which they may know each other, left to right. */
@Module({})
export class AppModule {
  static async for(config: Config): Promise<DynamicModule> {
    return {
      module: AppModule,
      imports: [
        await MikroOrmModule.forRoot(databaseConfig(config.database, ENTITIES) as never),
        PlatformModule,
        AuthModule,
        GovernanceModule,
        ParticipantsModule,
        SessionsModule,
        PresenceModule,
        ReportsModule,
        NotificationsModule,
        SyncModule,
      ],
      providers: [{ provide: 'config', useValue: config }],
      exports: ['config'],
      global: true,
    };
  }
}
