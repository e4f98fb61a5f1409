import { join } from 'node:path';
import { constants } from 'node:zlib';
import { type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MikroORM } from '@mikro-orm/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import compression from 'compression';
import express, { type ErrorRequestHandler, type NextFunction, type Request, type Response } from 'express';
import { AppModule } from './app.module.js';
import { useLoginSessions } from './auth/login-middleware.js';
import { pageContext } from './auth/page-context.js';
import { limitRequests } from './auth/rate-limit.js';
import { type Config } from './platform/config.js';
import { migrate } from './platform/database/migrate.js';
import { type Orm } from './platform/database/orm.js';
import { BodyInterceptor, useBodies } from './platform/http/body.js';
import { useOpenApi } from './platform/http/openapi.js';
import { parsePipe } from './platform/http/parse.js';
import { precompressed } from './platform/http/precompressed.js';
import { ProblemFilter } from './platform/http/problem.filter.js';
import { Reply } from './platform/http/reply.js';
import { type AppRequest } from './platform/http/request.js';
import { refuseUndeclaredRoutes, routesOf } from './platform/http/routes.js';
import { beginRequest, refuseBrokenPaths, refuseCrossSite, securityHeaders } from './platform/http/security.js';
import { serviceWorker } from './platform/http/service-worker.js';
import { logLevels } from './platform/log-levels.js';
import { Views } from './platform/views.js';

const statics = join(import.meta.dirname, '..', 'static');

/**
 * Builds the application, ready to listen: tables migrated, every route declared. The server, the tests and the
 * benchmark use the same.
 * @throws when a route declares no access, or a migration fails
 */
export async function createApp(config: Config): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(await AppModule.for(config), {
    bodyParser: false,
    forceCloseConnections: true,
    logger: logLevels(config),
    abortOnError: false,
  });
  const orm = app.get<Orm>(MikroORM);
  if (config.migrate) await migrate(orm, config.database);
  useHttp(app, orm, config);
  useOpenApi(app);
  await app.init();
  refuseUndeclaredRoutes(routesOf(app));
  return app;
}

/** What happens to a request before its route: order matters. */
function useHttp(app: NestExpressApplication, orm: Orm, config: Config): void {
  app.set('trust proxy', config.trustProxy);
  app.disable('x-powered-by');
  app.set('etag', false);
  app.use(beginRequest());
  app.use(securityHeaders());
  app.use(compression({ brotli: { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } } }));
  app.use('/static', precompressed(join(statics, 'dist')));
  for (const folder of [join(statics, 'dist'), statics])
    app.use('/static', express.static(folder, { index: false, immutable: true, maxAge: '365d', dotfiles: 'ignore' }));
  const hasWorker = config.serviceWorker !== false;
  app.get(Views).serviceWorker = hasWorker;
  app.get(Views).compileAll();
  app.use(serviceWorker(join(statics, 'dist', 'sw.js'), hasWorker));
  app.use((_request: Request, response: Response, next: NextFunction) => {
    // Everything that is not a file shows somebody's data.
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Vary', 'HX-Request, HX-Request-Type');
    next();
  });
  app.use(refuseCrossSite(config.publicUrl));
  useLoginSessions(app as INestApplication, orm, config);
  if (config.rateLimit) app.use(limitRequests(config.rateLimit));
  app.use(refuseBrokenPaths());
  useBodies(app);

  const filter = app.get(ProblemFilter);
  app.get(Reply).pageContext = pageContext;
  app.useGlobalPipes(parsePipe());
  app.useGlobalInterceptors(new BodyInterceptor());
  app.useGlobalFilters(filter);
  const refuse: ErrorRequestHandler = (error, request, response, _next) =>
    filter.answer(error, request as AppRequest, response);
  app.use(refuse);
}
