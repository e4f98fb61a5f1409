import { createParamDecorator, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { EntityManager } from '@mikro-orm/core';
import { current } from '../platform/current.js';
import { ACCESS, BEFORE_SECOND_FACTOR, type Access } from '../platform/http/access.js';
import { loginRequired, permissionDenied, Problem } from '../platform/http/problem.js';
import { isApi, type AppRequest } from '../platform/http/request.js';
import { reachOf, type Permission, type Reach } from './permissions.js';
import { mustSetUpSecondFactor } from './second-factor/required.js';
import { type SignedInUser } from './signed-in.js';

/** A request whose user, if any, was found by the sign-in middleware: by its cookie, or by the token of an integration. */
export type AuthRequest = AppRequest & {
  user?: SignedInUser | undefined;
  reach?: Reach;
  /** Of the token that was sent: what it may do at most. Absent: the person himself acts. */
  scopes?: readonly string[];
  tokenId?: number;
};

/** Who may come in: reads what the route declares, fills Current and sets the tenant filter. Runs first of all guards. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly em: EntityManager,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<AuthRequest>();
    const access = this.reflector.get<Access | undefined>(ACCESS, context.getHandler());
    // What is open to everybody is open to a token too, but not in anybody's name.
    const user = access?.kind === 'public' && request.scopes ? undefined : request.user;
    request.user = user;
    if (user) {
      const now = current();
      now.userId = user.id;
      now.organizationId = user.organization.id;
      now.scopes = request.scopes ?? null;
      this.em.setFilterParams('tenant', { organization: user.organization.id });
      refuseForeignPage(request, user);
    }
    const open = access?.kind === 'public';
    if (!user && !open) throw loginRequired();
    const exempt = this.reflector.get<boolean | undefined>(BEFORE_SECOND_FACTOR, context.getHandler());
    // A public page shows nobody's data; a public door of programs may answer whoever is signed in with his.
    if (user && mustSetUpSecondFactor(user) && !exempt && (!open || isApi(request))) throw secondFactorFirst(request);
    if (open || !user) return true;
    if (access?.kind === 'signed-in') {
      if (request.scopes && (access.inPerson || request.method !== 'GET')) throw permissionDenied();
      return true;
    }
    if (access?.kind !== 'permission') throw permissionDenied();
    const reach = reachOf(user.role, access.permission as Permission, user.organization.settings);
    if (reach === null || (reach === 'own' && !access.own)) throw permissionDenied();
    request.reach = reach;
    return true;
  }
}

/** His organization demands a second factor of him: pages lead him to where he sets it up. */
const secondFactorFirst = (request: AuthRequest) =>
  new Problem(
    403,
    {
      code: 'second_factor_required',
      message: 'Your organization demands a second factor of your role. Set it up first.',
    },
    isApi(request) ? {} : { leadsTo: SET_UP_PAGE },
  );

const SET_UP_PAGE = '/account/second-factor';

/**
 * A page says for whom it was drawn, in a field of its plain forms or in a header of its script. Who signed in since, in
 * another tab, has not made what stands on it.
 * @throws Problem 409 wrong_user
 */
function refuseForeignPage(request: AuthRequest, user: SignedInUser): void {
  const field = (request.body as { binding?: unknown } | undefined)?.binding;
  const drawnFor = request.headers['x-binding'] ?? (typeof field === 'string' ? field : undefined);
  if (request.method === 'GET' || !drawnFor || drawnFor === `${user.organization.id}:${user.id}`) return;
  throw new Problem(409, {
    code: 'wrong_user',
    message: 'This page was opened by another account. Nothing was saved; open it again and look at what it shows.',
  });
}

/** The signed-in user: `@Me() me: SignedInUser`. */
export const Me = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<AuthRequest>().user,
);

/** How far the route's permission reaches for this user. */
export const MyReach = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<AuthRequest>().reach,
);
