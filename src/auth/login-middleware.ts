import { type INestApplication } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { type RequestHandler } from 'express';
import session from 'express-session';
import passport from 'passport';
import { Strategy } from 'passport-local';
import { type Config } from '../platform/config.js';
import { type Orm } from '../platform/database/orm.js';
import { bearerTokens } from './account/bearer.js';
import { LoginSessionStore } from './login-session.store.js';
import { SignIn, type SignedIn } from './sign-in.js';
import { bindingOf, signedInUser, type SignedInUser } from './signed-in.js';

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- this is how Express's own types are widened
  namespace Express {
    interface User {
      userId?: number;
    }
  }
}

export const SESSION_COOKIE = 'omnipresence';

/** The login session of every request: express-session over our own table, passport to put the user onto the request. */
export function useLoginSessions(app: INestApplication, orm: Orm, config: Config): void {
  const em = () => orm.em.fork({ disableContextResolution: true, clear: true });
  const store = new LoginSessionStore(em, config.sessionIdleMinutes, config.sessionMaxHours);
  const authenticator = new passport.Passport();
  const bus = app.get(CommandBus);

  authenticator.use(
    new Strategy({ usernameField: 'email', passReqToCallback: true }, (request, email, password, done) => {
      const { organization, code } = request.body as { organization?: string; code?: string };
      const input = { email, password, organization: organization || undefined, code: code || undefined };
      bus.execute<SignIn, SignedIn>(new SignIn(input, request.ip ?? '')).then(
        (who) => done(null, who),
        (error: unknown) => done(error),
      );
    }),
  );
  authenticator.serializeUser((user, done) => done(null, (user as unknown as SignedIn).userId));
  authenticator.deserializeUser((id: number, done) => {
    signedInUser(em(), id).then(
      (user) => done(null, (user as unknown as Express.User) ?? false),
      (error: unknown) => done(error),
    );
  });

  const sessions = session({
    name: SESSION_COOKIE,
    secret: config.sessionSecret,
    store,
    resave: false,
    saveUninitialized: false,
    rolling: false,
    unset: 'destroy',
    cookie: { httpOnly: true, sameSite: 'lax', secure: 'auto', maxAge: config.sessionMaxHours * 3_600_000, path: '/' },
  });
  const initialize = authenticator.initialize();
  const restore = authenticator.session();
  // Files are answered before this is reached; a request without the cookie costs nothing here, health included.
  app.use(sessions);
  app.use(initialize);
  app.use(restore);
  app.use(sayBinding);
  app.use(bearerTokens(em));
}

/** Tells the service worker for whom a page was drawn: it keeps the pages of different people apart. */
const sayBinding: RequestHandler = (request, response, next) => {
  response.setHeader('X-Binding', request.user ? bindingOf(request.user as unknown as SignedInUser) : 'none');
  next();
};

/** @returns the authenticator that this request was initialized with */
export const authenticatorOf = (request: unknown): passport.Authenticator =>
  (request as { _passport: { instance: passport.Authenticator } })._passport.instance;
