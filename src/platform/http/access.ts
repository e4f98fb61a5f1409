import { SetMetadata, type Type } from '@nestjs/common';
import { type EntityClass } from '@mikro-orm/core';

export const ACCESS = Symbol('access');
export const TARGETS = Symbol('targets');
export const BEFORE_SECOND_FACTOR = Symbol('before-second-factor');
export const SUCCESS_PAGE = Symbol('success-page');

/** What a route demands. A route that declares nothing stops the start. */
export type Access =
  | { kind: 'public' }
  | {
      kind: 'signed-in';
      /** Whether only the person himself may, and no token that acts for him. */
      inPerson: boolean;
    }
  | {
      kind: 'permission';
      permission: string;
      /** Whether a user whose right reaches only his own rows may come in; the route then keeps to his rows. */
      own: boolean;
    };

/** Anybody, signed in or not. */
export const Public = () => SetMetadata<symbol, Access>(ACCESS, { kind: 'public' });
/**
 * Every signed-in user of whatever role. A token of an integration may read here, and do nothing: what such a route
 * changes is the person's own.
 * @param options inPerson: a token may not even read
 */
export const SignedIn = (options: { inPerson?: boolean } = {}) =>
  SetMetadata<symbol, Access>(ACCESS, { kind: 'signed-in', inPerson: options.inPerson ?? false });
/**
 * May be used by somebody who must set up a second factor first: the set-up itself, and the way out. Everything else that
 * is not public is closed to him.
 */
export const BeforeSecondFactor = () => SetMetadata<symbol, boolean>(BEFORE_SECOND_FACTOR, true);
/**
 * Users whose role has the permission.
 * @param options own: users whose right reaches only their own rows are let in as well
 */
export const Can = (permission: string, options: { own?: boolean } = {}) =>
  SetMetadata<symbol, Access>(ACCESS, { kind: 'permission', permission, own: options.own ?? false });

/**
 * Says what each parameter of the path is. The guard finds it through the tenant filter before anything of the request
 * is parsed: unknown, foreign and not a number are the same 404. `null` marks a parameter that is not an id of a row.
 */
export const Targets = (targets: Record<string, EntityClass<any> | Type | null>) => SetMetadata(TARGETS, targets);
