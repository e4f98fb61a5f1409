import { z } from 'zod';
import { dateText, parse, text } from '../../platform/http/parse.js';
import { overlapping, type Settings } from '../../tenancy/index.js';

type Period = Settings['reporting_periods'][number];

const SHARED_DAY = 'This day belongs to “{period}” already. A day counts in one period only.';

/** As many as the settings take. */
export const MOST_PERIODS = 60;
const PARTS = ['name', 'from', 'to'] as const;

/** The periods as fields of a form: name_0, from_0, to_0, name_1, ... */
export const periodsForm = (periods: Period[]): Record<string, string> =>
  Object.fromEntries(periods.flatMap((period, at) => PARTS.map((part) => [`${part}_${at}`, period[part]])));

/** What of a form's body are such fields, without spaces around. */
export function fieldsOf(body: unknown): Record<string, string> {
  const typed = (body ?? {}) as Record<string, unknown>;
  const fields: Record<string, string> = {};
  for (let at = 0; at < MOST_PERIODS; at++)
    for (const part of PARTS) {
      const value = typed[`${part}_${at}`];
      if (typeof value === 'string') fields[`${part}_${at}`] = value.trim();
    }
  return fields;
}

/**
 * @param fields as fieldsOf() gives them; a row without anything is no period
 * @returns the periods, the earliest first
 * @throws Problem 422 about the field of the row
 */
export function periodsOf(fields: Record<string, string>): Period[] {
  // A form without any field is no form whose fields were emptied: it takes nothing away.
  const isNone = Object.keys(fields).length === 0;
  const rows = Array.from({ length: MOST_PERIODS }, (_, at) => at).filter((at) =>
    isNone ? at === 0 : PARTS.some((part) => fields[`${part}_${at}`]),
  );
  const schema = z
    .object(
      Object.fromEntries(
        rows.flatMap((at) => [
          [`name_${at}`, text(60)],
          [`from_${at}`, dateText],
          [`to_${at}`, dateText],
        ]),
      ),
    )
    .superRefine((typed, context) => {
      for (const at of rows)
        if (String(typed[`from_${at}`]) > String(typed[`to_${at}`]))
          context.addIssue({ code: 'custom', path: [`to_${at}`], message: 'The last day lies before the first.' });
      const days = rows.map((at) => ({ from: String(typed[`from_${at}`]), to: String(typed[`to_${at}`]) }));
      const two = overlapping(days);
      if (!two) return;
      const params = { period: String(typed[`name_${rows[two.other]}`]) };
      context.addIssue({ code: 'custom', path: [`from_${rows[two.at]}`], message: SHARED_DAY, params });
    });
  const typed = parse(schema, fields) as Record<string, string>;
  return rows
    .map((at) => ({ name: typed[`name_${at}`]!, from: typed[`from_${at}`]!, to: typed[`to_${at}`]! }))
    .sort((a, b) => (a.from < b.from || (a.from === b.from && a.to < b.to) ? -1 : 1));
}
