import { createParamDecorator, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { EntityManager, type EntityClass } from '@mikro-orm/core';
import { TARGETS } from './access.js';
import { notFound } from './problem.js';
import { type AppRequest } from './request.js';

/** Finds what the path names, through the tenant filter. Runs after the access guard and before any body is parsed. */
@Injectable()
export class TargetGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly em: EntityManager,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<AppRequest>();
    const declared = this.reflector.get<Record<string, EntityClass<any> | null>>(TARGETS, context.getHandler());
    if (!declared) return true;
    request.targets = {};
    for (const [name, entity] of Object.entries(declared)) {
      const value = String(request.params[name]);
      if (!entity) continue;
      if (!/^[1-9]\d{0,14}$/.test(value)) throw notFound();
      const found = await this.em.findOne(entity as any, { id: Number(value) } as any);
      if (!found) throw notFound();
      request.targets[name] = found;
    }
    return true;
  }
}

/** The row that a path parameter names, already found: `@Target('id') session: Session`. */
export const Target = createParamDecorator(
  (name: string, context: ExecutionContext) => context.switchToHttp().getRequest<AppRequest>().targets?.[name],
);
