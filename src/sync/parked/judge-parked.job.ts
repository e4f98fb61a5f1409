import { setImmediate } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { MikroORM } from '@mikro-orm/core';
import { signedInUser } from '../../auth/index.js';
import { inOrganization } from '../../platform/database/in-organization.js';
import { type Orm } from '../../platform/database/orm.js';
import { read } from '../../platform/database/read.js';
import { forEachInTurn, OneRun } from '../../platform/one-run.js';
import { Organization } from '../../tenancy/index.js';
import { judgeAgain } from './judge-again.js';

const EVERY_MS = 60_000;
/** In one organization, in one go. */
const MOST = 200;

/**
 * Looks for parked operations whose reason to wait has gone: a cancelled session that was brought back (case 10), a base
 * that has arrived although the server stopped before it could look (case 8). Safe on every node at once: a receipt that
 * another node judges is locked, and settled afterwards.
 */
@Injectable()
export class JudgeParkedJob {
  private readonly logger = new Logger('sync');
  private readonly runs = new OneRun(this.logger, 'parked operations could not be looked through');
  /** By organization: the last receipt that a sweep came to, where there were more. */
  private readonly passed = new Map<number, number>();

  constructor(@Inject(MikroORM) private readonly orm: Orm) {}

  @Interval(EVERY_MS)
  run(): Promise<void> {
    return this.runs.of(() => this.judge());
  }

  /** @returns how many were judged anew */
  async judge(): Promise<number> {
    const em = this.orm.em.fork({ disableContextResolution: true });
    const organizations: Pick<Organization, 'id'>[] = await em.find(
      Organization,
      { deletedAt: null },
      { fields: ['id'], filters: false },
    );
    return forEachInTurn(organizations, ({ id }) => this.judgeIn(id));
  }

  private judgeIn(organizationId: number): Promise<number> {
    return inOrganization(this.orm, { organizationId, source: 'sync' }, async (em) => {
      const rows = await read<{ id: number; op_id: string; author_id: number }>(
        em,
        `select o.id, o.op_id, o.author_id from presence_operations o
           join users u on u.organization_id = o.organization_id and u.id = o.author_id and u.status = 'active'
           left join sessions s on s.organization_id = o.organization_id and s.id = o.session_id
          where o.organization_id = :organization and o.outcome = 'parked' and o.settlement is null
            and o.id > :after and ((o.code = 'session_deleted' and s.status <> 'cancelled')
              or exists (
                    select 1 from presence_operations b
                     where b.organization_id = o.organization_id and b.op_id = o.waits_for
                       and (b.outcome in ('applied', 'merged', 'conflict') or (b.settlement = 'discarded' and b.kind = 'presence'))))
          order by o.id limit ${MOST}`,
        { after: this.passed.get(organizationId) ?? 0 },
      );
      // What stays parked does not stand before the others for ever: the next sweep goes on behind it.
      this.passed.set(organizationId, rows.length < MOST ? 0 : Number(rows.at(-1)!.id));
      let judged = 0;
      for (const { op_id, author_id } of rows)
        try {
          await setImmediate();
          if (await judgeAgain(em, op_id, await signedInUser(em, Number(author_id)), null)) judged++;
        } catch (error) {
          this.logger.error(`the parked operation ${op_id} could not be judged`, (error as Error)?.stack);
        }
      return judged;
    });
  }
}
