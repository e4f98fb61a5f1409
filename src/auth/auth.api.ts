import { Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import { EntityManager } from '@mikro-orm/core';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import { type Request, type Response } from 'express';
import { BeforeSecondFactor, Public, SignedIn as AnyoneSignedIn } from '../platform/http/access.js';
import { Answers } from '../platform/http/answers.js';
import { SignedInOut, SuccessOut } from './users/user-answers.js';
import { describedBy } from '../platform/http/openapi.js';
import { Me } from './access.guard.js';
import { Credentials, signInRequest, signOutRequest } from './keep-signed-in.js';
import { SESSION_COOKIE } from './login-middleware.js';
import { permissionsOf } from './permissions.js';
import { secondFactorRequired } from './second-factor/use-code.js';
import { signedInUser, type SignedInUser } from './signed-in.js';

/** REST: sign in, sign out, who am I. */
@ApiTags('auth')
@Controller('api/auth')
export class AuthApi {
  constructor(private readonly em: EntityManager) {}

  @Public()
  @BeforeSecondFactor()
  @Answers(SignedInOut)
  @Post('login')
  @HttpCode(200)
  @ApiBody(describedBy(Credentials))
  async login(@Req() request: Request, @Res({ passthrough: true }) response: Response) {
    const who = await signInRequest(request, response);
    if (who.codeDue) throw secondFactorRequired();
    return { data: { user: userJson((await signedInUser(this.em, who.userId))!) } };
  }

  @AnyoneSignedIn()
  @BeforeSecondFactor()
  @Answers(SuccessOut)
  @Post('logout')
  @HttpCode(200)
  async logout(@Req() request: Request, @Res({ passthrough: true }) response: Response) {
    await signOutRequest(request, response, SESSION_COOKIE);
    return { data: { success: true } };
  }

  @AnyoneSignedIn()
  @Answers(SignedInOut)
  @Get('me')
  me(@Me() me: SignedInUser) {
    return { data: { user: userJson(me) } };
  }
}

function userJson(user: SignedInUser) {
  const { organization } = user;
  return {
    id: user.id,
    email: user.email,
    role: user.role,
    permissions: permissionsOf(user.role, organization.settings),
    organization: {
      id: organization.id,
      name: organization.name,
      slug: organization.slug,
      domain_type: organization.domainType,
      time_zone: organization.timeZone,
    },
  };
}
