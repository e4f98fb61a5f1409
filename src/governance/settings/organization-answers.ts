import { z } from 'zod';
import { idOut, instantOut } from '../../platform/http/answers.js';
import { DOMAIN_TYPES, Settings } from '../../tenancy/index.js';

/** What the doors of the organization answer, as programs see it. */
export const OrganizationOut = z
  .object({
    id: idOut,
    name: z.string(),
    slug: z.string(),
    domain_type: z.enum(DOMAIN_TYPES),
    time_zone: z.string(),
    locale: z.string(),
    created_at: instantOut,
    updated_at: instantOut,
  })
  .meta({ id: 'Organization' });

const term = z.object({ one: z.string(), many: z.string() });

export const DomainConfigOut = z
  .object({
    domain_type: z.enum(DOMAIN_TYPES),
    terms: z.object({ participant: term, group: term, session: term, organization: term }),
    settings: z.object(Settings.shape),
  })
  .meta({ id: 'DomainConfig' });

export const DomainPreviewOut = z.object({
  domain_type: z.enum(DOMAIN_TYPES).optional(),
  consequences: z.array(
    z.object({ message: z.string(), params: z.record(z.string(), z.union([z.string(), z.number()])).optional() }),
  ),
});
