import { z } from 'zod';
import { flag, optionalText, text, told } from '../../platform/http/parse.js';
import { type SessionTemplate } from '../session-template.entity.js';

const minutes = z
  .union([z.int(), z.string().regex(/^\d{1,4}$/)], { error: told('Give a whole number of minutes.') })
  .transform(Number)
  .pipe(z.int().min(1, 'It lasts at least one minute.').max(1440, 'It lasts at most a day: 1440 minutes.'));
const startTime = z.preprocess(
  (value) => (value === '' ? null : value),
  z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Give a time, for example 09:30.')
    .nullable(),
);

/** What a new session can begin from. */
export const NewTemplate = z
  .strictObject({
    name: text(255),
    location: optionalText(255).optional(),
    minutes,
    /** Wall-clock time, for example 08:15. */
    start_time: startTime.optional(),
  })
  .meta({ id: 'NewSessionTemplate' });
export type NewTemplate = z.output<typeof NewTemplate>;

/** What may be changed: absent is unchanged, null clears. is_active false takes it out of use. */
export const TemplateChange = z
  .strictObject({
    name: text(255).optional(),
    location: optionalText(255).optional(),
    minutes: minutes.optional(),
    start_time: startTime.optional(),
    sort_order: z.int().min(0).max(10_000).optional(),
    is_active: flag.optional(),
  })
  .meta({ id: 'SessionTemplateChange' });
export type TemplateChange = z.output<typeof TemplateChange>;

/** A template as programs see it. */
export const templateJson = (template: SessionTemplate) => ({
  id: template.id,
  name: template.name,
  location: template.location ?? null,
  minutes: template.minutes,
  start_time: template.startTime ?? null,
  sort_order: template.sortOrder,
  is_active: template.isActive,
  created_at: template.createdAt.toISOString(),
  updated_at: template.updatedAt.toISOString(),
});
