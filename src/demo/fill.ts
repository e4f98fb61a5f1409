import { hashPassword } from '../auth/index.js';
import { type Orm } from '../platform/database/orm.js';
import { makeCompany } from './company.js';
import { makeConference } from './conference.js';
import { makeHotel } from './hotel.js';
import { bringOfflineMarks } from './offline-marks.js';
import { type DemoOptions, type Place } from './place.js';
import { Random } from './random.js';
import { makeSchool } from './school.js';

/** The one password of the demo. */
export const DEMO_PASSWORD = 'demo-presence';

/**
 * Fills an empty, migrated database with four organizations and a month of their history. The same seed and the same
 * `now` give the same rows (but for the salt of the password).
 * @returns the organizations, with their users
 */
export async function fillDemo(orm: Orm, options: DemoOptions): Promise<Place[]> {
  const passwordHash = await hashPassword(DEMO_PASSWORD);
  const random = new Random(options.seed);
  const places: Place[] = [];
  for (const make of [makeSchool, makeHotel, makeConference, makeCompany]) {
    const place = await make(orm, options, passwordHash, random);
    await bringOfflineMarks(place);
    places.push(place);
  }
  return places;
}
