import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { EntityManager } from '@mikro-orm/core';
import { type Observable } from 'rxjs';
import { reachOf, type AuthRequest } from '../../auth/index.js';
import { read } from '../../platform/database/read.js';
import { isApi, isFragment } from '../../platform/http/request.js';

/** What waits for somebody who may decide. Both are counted in an index. */
export async function attentionOf(em: EntityManager): Promise<{ conflicts: number; parked: number }> {
  const [row] = await read<{ conflicts: number; parked: number }>(
    em,
    `select (select count(*) from sync_conflicts c where c.organization_id = :organization and c.status = 'open') as conflicts,
            (select count(*) from presence_operations o where o.organization_id = :organization
               and o.outcome = 'parked' and o.settlement is null) as parked`,
  );
  return { conflicts: Number(row!.conflicts), parked: Number(row!.parked) };
}

/** Every whole page tells whoever may decide how much waits for him: beside the navigation, and on the first page. */
@Injectable()
export class AttentionInterceptor implements NestInterceptor {
  constructor(private readonly em: EntityManager) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<AuthRequest>();
    const { user } = request;
    const mayDecide = user && reachOf(user.role, 'conflict.resolve', user.organization.settings) !== null;
    if (mayDecide && !isApi(request) && !isFragment(request)) request.counts = { ...(await attentionOf(this.em)) };
    return next.handle();
  }
}
