import { type EntityManager } from '@mikro-orm/core';
import { inOwnGroups, onRegister, type OwnGroups, ownGroupsParameters, Participant } from '../../participants/index.js';
import { read } from '../../platform/database/read.js';
import { invalid } from '../../platform/http/problem.js';
import { filled } from '../../platform/i18n.js';
import { addDays, settingsOf } from '../../tenancy/index.js';
import { type Asked } from '../asked.js';
import { categoryWords, countAs } from '../category-words.js';
import { type Figures, rateOf } from '../figures.js';
import { statement } from '../kinds/statement.js';
import { type Words } from '../report-table.js';
import { type Paper } from './paper.js';

/** What was recorded of one person from one day to another, for him to show elsewhere. Its figures are the statement's. */
export const certificate: Paper = {
  code: 'certificate',
  title: 'Attendance certificate',
  fields: ['participant_id', 'from', 'to'],
  days,
  async print(em, asked, me, look) {
    const [{ attendanceCertificate }, { drawChart }] = await Promise.all([
      import('../pdf/index.js'),
      import('../draw-chart.js'),
    ]);
    const { from, to } = await days(em, asked);
    const person = await em.findOneOrFail(Participant, { id: asked.participant! });
    const { meta, chart } = await statement.answer(em, asked, { skip: 0, take: 1 });
    const figures = meta!.figures as Figures;
    const words = categoryWords(asked.everyState);
    const notes: Words[] = countAs(asked.everyState, COUNTED);
    if (figures.disputed > 0) notes.push({ ...UNSETTLED, params: { count: figures.disputed } });
    if (asked.own)
      notes.push({ text: 'Only the {groups} that {name} works with are counted.', params: { name: me.name } });
    const say = ({ text, params }: { text: string; params?: Record<string, string | number> }) =>
      look.words(text, params);
    const date = new Intl.DateTimeFormat(look.locale, { dateStyle: 'long', timeZone: 'UTC' });
    const written = (day: string) => date.format(new Date(day));
    const places = { name: person.name, from: written(from), to: written(to) };
    const own = settingsOf(me.organization).certificate_text;
    const groups = await groupsOn(em, person.id, to, asked.own);
    const facts = [
      { name: { text: 'Identifier' }, value: person.identifier },
      { name: { text: 'Date of birth' }, value: person.dateOfBirth && written(person.dateOfBirth) },
      { name: { text: '{groups}' }, value: groups.join(', ') },
    ];
    // The picture shows 365 days: of some weeks it would be mostly empty.
    const isYear = addDays(from, LEAST_OF_YEAR) <= to && addDays(from, 364) >= to;
    const picture = chart && isYear ? drawChart(chart, words, say, look.locale) : null;
    return attendanceCertificate(
      {
        participant: person.name,
        about: facts.flatMap(({ name, value }) => (value ? [{ name, value }] : [])),
        from,
        to,
        text: own
          ? filled(own, places).split(/[\r\n]+/)
          : [look.words((from === to ? CERTIFIED_DAY : CERTIFIED).text, places)],
        figures: COUNTED.filter((category) => figures[category] > 0).map((category) => ({
          label: words[category],
          count: figures[category],
        })),
        rate: { share: rateOf(figures), denominator: DENOMINATOR },
        notes,
        ...(picture && { chart: picture }),
        signatures: [{ text: 'Place and date' }, { text: 'Signature' }],
      },
      look,
    );
  },
};

async function days(_em: EntityManager, { participant, firstDay, lastDay, query, today }: Asked) {
  if (participant === null)
    throw invalid('participant_id', 'Choose a {participant}: this paper is about one.', 'required');
  if (firstDay === null) throw invalid('from', 'Choose the first day that is certified.', 'required');
  if (lastDay === null) throw invalid('to', 'Choose the last day that is certified.', 'required');
  for (const name of ['from', 'to'] as const)
    if (query[name]!.length > firstDay.length)
      throw invalid(name, 'A certificate is about whole days: give a day like 2026-11-20.');
  if (lastDay > today) throw invalid('to', 'This day lies ahead: nothing can be certified of it yet.');
  return { from: firstDay, to: lastDay };
}

/** The names of the groups that he was a member of on a day, as far as somebody may know of them. */
async function groupsOn(em: EntityManager, person: number, day: string, own: OwnGroups): Promise<string[]> {
  const rows = await read<{ name: string }>(
    em,
    `select distinct g.name, g.sort_name from group_memberships m
       join \`groups\` g on g.organization_id = m.organization_id and g.id = m.group_id
      where m.organization_id = :organization and m.participant_id = :person and ${onRegister('m')}
        and ${inOwnGroups(own, 'm.group_id')}
      order by g.sort_name limit 20`,
    { ...ownGroupsParameters(own), person, day },
  );
  return rows.map(({ name }) => name);
}

/** What is neither there nor away is nothing to be certified. */
const COUNTED = ['present', 'late', 'excused', 'absent'] as const;

/** Days of which a picture of the year says something. */
const LEAST_OF_YEAR = 90;

/** The formula of every report, in words for whoever has never seen the product. */
const DENOMINATOR = {
  text: 'The rate is the share of {sessions} attended, late ones included, among all that were attended or missed. Excused ones do not count.',
};
const UNSETTLED = {
  text: 'Entries on which two people do not agree yet: {count}. They are counted as they stand.',
};
const CERTIFIED_DAY = { text: 'It is certified that the attendance of {name} on {from} was recorded as follows.' };
const CERTIFIED = {
  text: 'It is certified that the attendance of {name} from {from} to {to} was recorded as follows.',
};
