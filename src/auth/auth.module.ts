import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { TargetGuard } from '../platform/http/target.guard.js';
import { AccessGuard } from './access.guard.js';
import { AccountApi } from './account/account.api.js';
import { AccountPages } from './account/account.pages.js';
import { CreateTokenHandler, RevokeTokenHandler } from './account/api-tokens.js';
import { ChangeOwnPasswordHandler, ChangeOwnProfileHandler } from './account/change-own.js';
import { EndLoginSessionHandler, EndOtherLoginSessionsHandler } from './account/end-own-sign-ins.js';
import { AuthApi } from './auth.api.js';
import { AuthPages } from './auth.pages.js';
import { CreateUserHandler } from './create-user.js';
import { AskPasswordResetHandler } from './links/ask-password-reset.js';
import { BringLink } from './links/bring-link.js';
import { LinksPages } from './links/links.pages.js';
import { SendLink } from './links/send-link.js';
import { UseLinkHandler } from './links/use-link.js';
import {
  BeginSecondFactorHandler,
  ConfirmSecondFactorHandler,
  DisableSecondFactorHandler,
  RenewRecoveryCodesHandler,
} from './second-factor/second-factor.js';
import { SecondFactorPages } from './second-factor/second-factor.pages.js';
import { SecondStepTicket } from './second-factor/ticket.js';
import { SetUpHandler } from './set-up.js';
import { SetupAddress } from './setup-address.js';
import { ConfirmSignInHandler, SignInHandler } from './sign-in.js';
import { ChangeUserHandler } from './users/change-user.js';
import { InviteUserHandler } from './users/invite-user.js';
import { MakeUserLinkHandler } from './users/make-user-link.js';
import { ResetSecondFactorHandler } from './users/reset-second-factor.js';
import { UsersApi } from './users/users.api.js';
import { UsersPages } from './users/users.pages.js';

@Module({
  controllers: [AuthApi, AuthPages, LinksPages, AccountApi, AccountPages, SecondFactorPages, UsersApi, UsersPages],
  providers: [
    AskPasswordResetHandler,
    BeginSecondFactorHandler,
    BringLink,
    ChangeOwnPasswordHandler,
    ChangeOwnProfileHandler,
    ChangeUserHandler,
    ConfirmSecondFactorHandler,
    ConfirmSignInHandler,
    CreateTokenHandler,
    CreateUserHandler,
    DisableSecondFactorHandler,
    EndLoginSessionHandler,
    EndOtherLoginSessionsHandler,
    InviteUserHandler,
    MakeUserLinkHandler,
    RenewRecoveryCodesHandler,
    ResetSecondFactorHandler,
    RevokeTokenHandler,
    SecondStepTicket,
    SendLink,
    SetUpHandler,
    SetupAddress,
    SignInHandler,
    UseLinkHandler,
    // In this order: who may come in, then what the path names.
    { provide: APP_GUARD, useClass: AccessGuard },
    { provide: APP_GUARD, useClass: TargetGuard },
  ],
  exports: [SetupAddress],
})
export class AuthModule {}
