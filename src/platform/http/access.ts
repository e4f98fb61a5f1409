import { SetMetadata, type Type } from '@nestjs/common';
import { type EntityClass } from '@mikro-orm/core';

export const ACCESS = Symbol('access');
export const TARGETS = Symbol('targets');
export const SUCCESS_PAGE = Symbol('success-page');

/** What a route demands. A route that declares nothing stops the start. */
export type Access =
  | { kind: 'public' }
  | { kind: 'signed-in' }
  | {
      kind: 'permission';
      permission: string;
      /** Whether a user whose right reaches only his own rows may come in; the route then keeps to his rows. */
      own: boolean;
    };

/** Anybody, signed in or not. */
export const Public = () => SetMetadata<symbol, Access>(ACCESS, { kind: 'public' });
/** Every signed-in user of whatever role. */
export const SignedIn = () => SetMetadata<symbol, Access>(ACCESS, { kind: 'signed-in' });
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
