import { Controller, Post, Req, Res } from '@nestjs/common';
import { CommandBus, type ICommand } from '@nestjs/cqrs';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, type AuthRequest, type SignedInUser } from '../auth/index.js';
import { Can, Targets } from '../platform/http/access.js';
import { ownPath } from '../platform/http/form.js';
import { parse } from '../platform/http/parse.js';
import { Target } from '../platform/http/target.guard.js';
import { listAddress } from './calendar/notices.js';
import { CancelSeries, ReviveSeries } from './cancel-series.js';
import { CancelSession, ReviveSession } from './cancel-session.js';
import { type SeriesOutcome } from './change-series.js';
import { EndSession } from './end-session.js';
import { SCOPES } from './series-sessions.js';
import { Session } from './session.entity.js';
import { StartSession } from './start-session.js';

const ScopeForm = z.object({ scope: z.enum(SCOPES, { error: 'Choose which of them you mean.' }).default('this') });

/** Pages: what is done with a session by one button. The roll call itself is a page of presence. */
@Controller('sessions')
export class SessionsPages {
  constructor(private readonly bus: CommandBus) {}

  @Can('session.manage')
  @Targets({ id: Session })
  @Post(':id/cancel')
  async cancel(
    @Target('id') session: Session,
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Me() me: SignedInUser,
  ) {
    const { scope } = parse(ScopeForm, request.body ?? {});
    if (scope === 'this' || !session.seriesId)
      return this.act(new CancelSession(session.id), request, response, listAddress(session, me, 'cancelled'));
    const outcome = await this.bus.execute<CancelSeries, SeriesOutcome>(new CancelSeries(session.id, scope));
    response.redirect(303, listAddress(session, me, 'all_cancelled', { ...outcome, scope }));
  }

  @Can('session.manage')
  @Targets({ id: Session })
  @Post(':id/revive')
  async revive(
    @Target('id') session: Session,
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Me() me: SignedInUser,
  ) {
    const { scope } = parse(ScopeForm, request.body ?? {});
    if (scope === 'this' || !session.seriesId)
      return this.act(new ReviveSession(session.id), request, response, listAddress(session, me, 'revived'));
    const outcome = await this.bus.execute<ReviveSeries, SeriesOutcome>(new ReviveSeries(session.id, scope));
    response.redirect(303, listAddress(session, me, 'all_revived', outcome));
  }

  @Can('session.start')
  @Targets({ id: Session })
  @Post(':id/start')
  async start(@Target('id') session: Session, @Req() request: AuthRequest, @Res() response: Response) {
    await this.act(new StartSession(session.id, {}), request, response, `/sessions/${session.id}`);
  }

  @Can('session.end')
  @Targets({ id: Session })
  @Post(':id/end')
  async end(@Target('id') session: Session, @Req() request: AuthRequest, @Res() response: Response) {
    await this.act(new EndSession(session.id, {}), request, response, `/sessions/${session.id}`);
  }

  /** Done, and back to where the button was (`back` in the form). */
  private async act(command: ICommand, request: AuthRequest, response: Response, fallback: string): Promise<void> {
    await this.bus.execute(command);
    response.redirect(303, ownPath((request.body as { back?: unknown } | undefined)?.back, fallback));
  }
}
