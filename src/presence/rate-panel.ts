import { showWithParticipant, ownGroupsOf, inOwnGroups, ownGroupsParameters } from '../participants/index.js';
import { clock } from '../platform/clock.js';
import { read } from '../platform/database/read.js';
import { addDays, boundsOf, dayOf, type StateCategory } from '../tenancy/index.js';
import { rateOf } from './statement.query.js';

/** Days up to and with today. */
const SPANS = [30, 90, 365];

/** How often somebody was there, on his page: (present + late) / (present + late + absent) of the last days. */
showWithParticipant(async (em, participant, me) => {
  const { timeZone } = me.organization;
  const today = dayOf(clock.now(), timeZone);
  const { to } = boundsOf(today, timeZone);
  const starts = SPANS.map((days) => boundsOf(addDays(today, 1 - days), timeZone).from);
  const own = ownGroupsOf(me);
  const counts = starts.map(
    (_, at) => `sum(case when x.scheduled_start_at >= :from_${'abc'[at]} then 1 else 0 end) as n_${'abc'[at]}`,
  );
  const rows = await read<{ category: StateCategory } & Record<string, number>>(
    em,
    `select s.category, ${counts.join(', ')}
       from presence_records r
       join sessions x on x.organization_id = r.organization_id and x.id = r.session_id and x.status <> 'cancelled'
       join presence_states s on s.organization_id = r.organization_id and s.id = r.presence_state_id
      where r.organization_id = :organization and r.participant_id = :participant
        and x.scheduled_start_at >= :oldest and x.scheduled_start_at < :to and ${inOwnGroups(own, 'x.group_id')}
      group by s.category`,
    {
      ...ownGroupsParameters(own),
      participant,
      to,
      oldest: starts.at(-1)!,
      ...Object.fromEntries(starts.map((from, at) => [`from_${'abc'[at]}`, from])),
    },
  );
  return {
    rates: SPANS.map((days, at) => {
      const marks = Object.fromEntries(rows.map((row) => [row.category, Number(row[`n_${'abc'[at]}`])]));
      const counted = (marks.present ?? 0) + (marks.late ?? 0) + (marks.absent ?? 0);
      return { days, rate: rateOf(marks), marks: counted };
    }),
  };
});
