import { randomUUID } from 'node:crypto';
import { type RequestHandler } from 'express';
import helmet from 'helmet';
import { withCurrent } from '../current.js';
import { inlineScriptHashes } from '../views.js';
import { crossSite, loginRequired, notFound } from './problem.js';
import { isApi, type AppRequest } from './request.js';

/** Security headers. State colours are style attributes, so styles may be inline; scripts never, but for those of views.ts. */
export const securityHeaders = (): RequestHandler =>
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'script-src': ["'self'", ...inlineScriptHashes],
        'style-src': ["'self'", "'unsafe-inline'"],
        'img-src': ["'self'", 'data:'],
        'object-src': ["'none'"],
        'base-uri': ["'none'"],
        'frame-ancestors': ["'none'"],
        'form-action': ["'self'"],
      },
    },
    // TLS ends at the proxy, which knows whether the address will keep it.
    strictTransportSecurity: false,
    referrerPolicy: { policy: 'same-origin' },
  });

/** Gives each request its id and its Current; whoever it is, is settled by the access guard. */
export const beginRequest = (): RequestHandler => (request, response, next) => {
  // `GET *` and the like are for servers, not for us.
  if (!request.url.startsWith('/')) request.url = '/*';
  const requestId = randomUUID();
  (request as AppRequest).requestId = requestId;
  response.setHeader('X-Request-Id', requestId);
  withCurrent({ requestId, source: isApi(request) ? 'api' : 'page' }, next);
};

/** A path that cannot be decoded names nothing. Judged after the session: 401 comes before 404. */
export const refuseBrokenPaths = (): RequestHandler => (request, _response, next) => {
  try {
    decodeURIComponent(request.path);
    next();
  } catch {
    next(request.user ? notFound() : loginRequired());
  }
};

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses what another site makes a browser send. Browsers say where a request comes from (Sec-Fetch-Site, Origin);
 * a program that says neither is no browser. No token that could go stale in a queue is needed.
 * @param publicUrl the address under which people know the server, when a proxy changes the host
 */
export const refuseCrossSite =
  (publicUrl: string | null): RequestHandler =>
  (request, _response, next) => {
    if (SAFE.has(request.method)) return next();
    const site = request.headers['sec-fetch-site'];
    if (site === 'cross-site' || site === 'same-site') return next(crossSite());
    const origin = request.headers.origin;
    if (origin === undefined) return next();
    const hosts = [request.headers.host, publicUrl && new URL(publicUrl).host];
    const from = URL.canParse(origin) ? new URL(origin).host : null;
    next(from && hosts.includes(from) ? undefined : crossSite());
  };
