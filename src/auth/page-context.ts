import { DOMAIN_PACKS, OFFERED, termsOf } from '../tenancy/index.js';
import { type PageContext } from '../platform/views.js';
import { type AppRequest } from '../platform/http/request.js';
import { type AuthRequest } from './access.guard.js';
import { reachOf, type Permission } from './permissions.js';
import { mustSetUpSecondFactor } from './second-factor/required.js';
import { bindingOf } from './signed-in.js';

/** What a page shows of the person who asked: words, zone and rights of his organization. */
export function pageContext(request: AppRequest): PageContext {
  const { user, reach: _ } = request as AuthRequest;
  if (!user)
    return {
      // Whoever is not signed in is spoken to as his browser asks.
      locale: request.acceptsLanguages(...Object.keys(OFFERED)) || 'en',
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
  // Until the second factor is set up nothing else opens, so nothing else is offered, and no mark is sent.
  const locked = mustSetUpSecondFactor(user);
  return {
    locale: user.locale ?? organization.locale,
    timeZone: organization.timeZone,
    terms: termsOf(organization),
    user: { name: user.name, email: user.email, role: user.role },
    organization: { name: organization.name, slug: organization.slug },
    binding: locked ? null : bindingOf(user),
    counts: request.counts ?? {},
    // Pages are about everybody; whoever sees only his own rows has pages of his own.
    can: (permission) => {
      if (locked) return false;
      const reach = reachOf(user.role, permission as Permission, organization.settings);
      return reach !== null && (reach !== 'own' || permission === 'presence.submit');
    },
    path: request.path,
  };
}
