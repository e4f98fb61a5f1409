import { z } from 'zod';
import { text } from '../../platform/http/parse.js';
import { DOMAIN_TYPES, locale, Settings, timeZone } from '../../tenancy/index.js';

/** What may be changed about an organization itself: absent is unchanged. */
export const OrganizationChange = z
  .strictObject({ name: text(255).optional(), time_zone: timeZone.optional(), locale: locale.optional() })
  .meta({ id: 'OrganizationChange' });
export type OrganizationChange = z.output<typeof OrganizationChange>;

const word = z.strictObject({ one: text(50), many: text(50) });

/** Own words for the terms of the domain; null goes back to the domain's word. */
const terms = z.strictObject({
  participant: word.nullable().optional(),
  group: word.nullable().optional(),
  session: word.nullable().optional(),
  organization: word.nullable().optional(),
});

type Shape = typeof Settings.shape;
const nullable = Object.fromEntries(
  Object.entries(Settings.shape).map(([name, schema]) => [name, schema.nullable().optional()]),
) as unknown as { [K in keyof Shape]: z.ZodOptional<z.ZodNullable<Shape[K]>> };

/** Domain, words and settings: absent is unchanged, null is the default. */
export const DomainConfigChange = z
  .strictObject({
    domain_type: z.enum(DOMAIN_TYPES, { error: 'Choose education, hospitality, events or corporate.' }).optional(),
    terms: terms.optional(),
    settings: z.strictObject(nullable).optional(),
  })
  .meta({ id: 'DomainConfigChange' });
export type DomainConfigChange = z.output<typeof DomainConfigChange>;
