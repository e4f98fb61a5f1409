import { current } from '../../platform/current.js';
import { permissionDenied, Problem } from '../../platform/http/problem.js';
import { type Role } from '../permissions.js';

/**
 * Whoever could make an administrator, or open the account of one, could do everything: a token of an integration would
 * reach beyond its scopes. Administrators are for people.
 * @param roles that the account has, and that it shall get
 * @throws Problem 403 for a token
 */
export function refuseAdministratorsToTokens(...roles: (Role | undefined)[]): void {
  if (current().scopes !== null && roles.includes('administrator')) throw permissionDenied();
}

/**
 * Whoever finds an administrator's browser open must not take his account over: there, the present password is asked.
 * @throws Problem 409 own_account
 */
export function refuseOwnPassword(user: number): void {
  if (user === current().userId)
    throw new Problem(409, { code: 'own_account', message: 'Your own password is on the page of your account.' });
}
