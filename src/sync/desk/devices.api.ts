import { Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Can, Targets } from '../../platform/http/access.js';
import { Answers, AnswersPage } from '../../platform/http/answers.js';
import { pagingFields } from '../../platform/http/paging.js';
import { Target } from '../../platform/http/target.guard.js';
import { SyncClient } from '../sync-client.entity.js';
import { DeviceOut } from './desk-answers.js';
import { deviceById, deviceJson, devicesOf } from './devices.query.js';
import { RevokeDevice } from './revoke-device.js';

const filters = z.object(pagingFields);

/** REST: the devices of the organization, and what each of them still holds. */
@ApiTags('sync')
@Controller('api/admin/devices')
export class DevicesApi {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
  ) {}

  @Can('user.manage')
  @AnswersPage(DeviceOut)
  @Get()
  async list(@Query({ schema: filters }) query: z.output<typeof filters>) {
    const { data, meta } = await devicesOf(this.em, query);
    return { data: data.map(deviceJson), meta };
  }

  @Can('user.manage')
  @Targets({ id: SyncClient })
  @Answers(DeviceOut)
  @HttpCode(200)
  @Post(':id/revoke')
  async revoke(@Target('id') client: SyncClient) {
    await this.bus.execute(new RevokeDevice(client.id));
    return { data: deviceJson((await deviceById(this.em, client.id))!) };
  }
}
