import { expect, it } from '@jest/globals';
import { instantText } from '../../src/platform/http/parse.js';

it('takes an instant that both databases can hold, judged in UTC', () => {
  expect(instantText.parse('2026-11-20T09:00:00+01:00')).toEqual(new Date('2026-11-20T08:00:00Z'));
  expect(instantText.safeParse('1970-01-01T00:00:00Z').success).toBe(true);
  for (const out of ['9999-12-31T23:59:59-01:00', '0000-01-01T00:00:00+01:00', '2026-11-20T09:00:00'])
    expect(instantText.safeParse(out).success).toBe(false);
});
