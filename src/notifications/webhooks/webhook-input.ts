import { z } from 'zod';
import { flag, text } from '../../platform/http/parse.js';
import { WEBHOOK_FACTS } from './webhook.entity.js';

const url = z
  .string()
  .trim()
  .max(1000)
  .refine((value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol), {
    error: 'A webhook needs a full address, for example https://example.org/hooks/presence.',
  })
  .refine((value) => !URL.canParse(value) || (!new URL(value).username && !new URL(value).password), {
    error: 'Leave name and password out of the address: the signature proves who sends.',
  });
const facts = z
  .array(z.enum(WEBHOOK_FACTS, { error: `Choose among ${WEBHOOK_FACTS.join(', ')}.` }))
  .min(1, 'Choose at least one fact.')
  .max(WEBHOOK_FACTS.length)
  .transform((chosen) => WEBHOOK_FACTS.filter((fact) => chosen.includes(fact)));

/** What a webhook is made of. */
export const NewWebhook = z.strictObject({ name: text(100), url, facts }).meta({ id: 'NewWebhook' });
export type NewWebhook = z.output<typeof NewWebhook>;

/** Absent is unchanged. `rotate_secret` makes a new key; the old one signs nothing any more. */
export const WebhookChange = z
  .strictObject({
    name: text(100).optional(),
    url: url.optional(),
    facts: facts.optional(),
    is_active: flag.optional(),
    rotate_secret: flag.optional(),
  })
  .meta({ id: 'WebhookChange' });
export type WebhookChange = z.output<typeof WebhookChange>;
