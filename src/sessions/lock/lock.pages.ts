import { Controller, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { type Response } from 'express';
import { z } from 'zod';
import { type AuthRequest } from '../../auth/index.js';
import { Can, Targets } from '../../platform/http/access.js';
import { attempt } from '../../platform/http/form.js';
import { parse, text } from '../../platform/http/parse.js';
import { Reply } from '../../platform/http/reply.js';
import { Target } from '../../platform/http/target.guard.js';
import { Session } from '../session.entity.js';
import { UnlockSession } from '../unlock-session.js';

const Form = z.object({ reason: text(500) });

/** Pages: a locked register is opened again, with a reason. */
@Controller('sessions/:id/unlock')
export class LockPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly reply: Reply,
  ) {}

  @Can('session.unlock')
  @Targets({ id: Session })
  @Post()
  async unlock(@Target('id') session: Session, @Req() request: AuthRequest, @Res() response: Response) {
    const done = await attempt(() =>
      this.bus.execute(new UnlockSession(session.id, { reason: parse(Form, request.body ?? {}).reason })),
    );
    if (!done.refusals) return response.redirect(303, `/sessions/${session.id}`);
    const data = {
      session: { id: session.id, name: session.name },
      values: (request.body ?? {}) as object,
      refusals: done.refusals,
    };
    response
      .status(done.status)
      .type('html')
      .send(this.reply.render('sessions/unlock.njk', data, request));
  }
}
