import { RequestMethod, type INestApplicationContext, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService } from '@nestjs/core';
import { ACCESS, TARGETS, type Access } from './access.js';

/** One route as it is declared. The walls and the start check read the same list. */
export interface Route {
  method: string;
  path: string;
  controller: string;
  handler: string;
  access: Access | undefined;
  targets: Record<string, unknown> | undefined;
  parameters: string[];
}

/** @returns every route of every controller */
export function routesOf(app: INestApplicationContext): Route[] {
  return app
    .get(DiscoveryService)
    .getControllers()
    .flatMap(({ metatype }) => routesOfController(metatype as Type));
}

function routesOfController(controller: Type): Route[] {
  const bases = [Reflect.getMetadata(PATH_METADATA, controller) ?? ''].flat() as string[];
  return Object.getOwnPropertyNames(controller.prototype).flatMap((name) => {
    const handler = controller.prototype[name];
    const method = typeof handler === 'function' ? Reflect.getMetadata(METHOD_METADATA, handler) : undefined;
    if (method === undefined) return [];
    const paths = [Reflect.getMetadata(PATH_METADATA, handler) ?? ''].flat() as string[];
    return bases.flatMap((base) =>
      paths.map((path) => {
        const full = `/${base}/${path}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
        return {
          method: RequestMethod[method]!,
          path: full,
          controller: controller.name,
          handler: name,
          access: Reflect.getMetadata(ACCESS, handler) as Access | undefined,
          targets: Reflect.getMetadata(TARGETS, handler) as Record<string, unknown> | undefined,
          parameters: [...full.matchAll(/:(\w+)/g)].map((match) => match[1]!),
        };
      }),
    );
  });
}

/**
 * Deny by default, before the first request: a route must say who may come in and what its path names.
 * @throws when one does not; the start stops
 */
export function refuseUndeclaredRoutes(routes: Route[]): void {
  for (const route of routes) {
    const where = `${route.method} ${route.path} (${route.controller}.${route.handler})`;
    if (!route.access) throw new Error(`${where} declares no access: add @Can, @SignedIn or @Public`);
    const missing = route.parameters.filter((name) => !route.targets || !(name in route.targets));
    if (missing.length > 0) throw new Error(`${where} does not say what :${missing[0]} is: add @Targets`);
  }
}
