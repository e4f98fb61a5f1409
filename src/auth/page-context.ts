import { DOMAIN_PACKS, termsOf } from '../tenancy/index.js';
import { type PageContext } from '../platform/views.js';
import { type AppRequest } from '../platform/http/request.js';
import { type AuthRequest } from './access.guard.js';
import { reachOf, type Permission } from './permissions.js';
import { bindingOf } from './signed-in.js';

/** What a page shows of the person who asked: words, zone and rights of his organization. */
export function pageContext(request: AppRequest): PageContext {
  const { user, reach: _ } = request as AuthRequest;
  if (!user)
    return {
      locale: 'en',
      timeZone: 'UTC',
      terms: DOMAIN_PACKS.education.terms,
      user: null,
      organization: null,
      binding: null,
      counts: {},
      can: () => false,
      path: request.path,
    };
  const { organization } = user;
  return {
    locale: organization.locale,
    timeZone: organization.timeZone,
    terms: termsOf(organization),
    user: { name: user.name, email: user.email, role: user.role },
    organization: { name: organization.name, slug: organization.slug },
    binding: bindingOf(user),
    counts: request.counts ?? {},
    // Pages are about everybody; whoever sees only his own rows has pages of his own.
    can: (permission) => {
      const reach = reachOf(user.role, permission as Permission, organization.settings);
      return reach !== null && (reach !== 'own' || permission === 'presence.submit');
    },
    path: request.path,
  };
}
