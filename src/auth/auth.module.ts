import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { TargetGuard } from '../platform/http/target.guard.js';
import { AccessGuard } from './access.guard.js';
import { AuthApi } from './auth.api.js';
import { AuthPages } from './auth.pages.js';
import { CreateUserHandler } from './create-user.js';
import { SetUpHandler } from './set-up.js';
import { SetupAddress } from './setup-address.js';
import { SignInHandler } from './sign-in.js';

@Module({
  controllers: [AuthApi, AuthPages],
  providers: [
    CreateUserHandler,
    SetUpHandler,
    SignInHandler,
    SetupAddress,
    // In this order: who may come in, then what the path names.
    { provide: APP_GUARD, useClass: AccessGuard },
    { provide: APP_GUARD, useClass: TargetGuard },
  ],
  exports: [SetupAddress],
})
export class AuthModule {}
