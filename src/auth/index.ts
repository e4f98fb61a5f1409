export { LoginSession } from './login-session.entity.js';
export * from './permissions.js';
export { SignInFailure } from './sign-in-failure.entity.js';
export { User } from './user.entity.js';
