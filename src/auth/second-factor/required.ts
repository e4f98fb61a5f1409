import { settingsOf } from '../../tenancy/index.js';
import { type SignedInUser } from '../signed-in.js';

/** @returns whether the organization demands a second factor of his role */
export const needsSecondFactor = (user: SignedInUser): boolean =>
  settingsOf(user.organization).second_factor_roles.includes(user.role);

/** @returns whether this person must set up a second factor before he may do anything else */
export const mustSetUpSecondFactor = (user: SignedInUser): boolean => !user.secondFactor && needsSecondFactor(user);
