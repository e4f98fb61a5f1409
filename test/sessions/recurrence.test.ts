import { describe, expect, it } from '@jest/globals';
import { type Problem } from '../../src/platform/http/problem.js';
import { endingWith, movedBy, occurrencesOf, parseRule } from '../../src/sessions/recurrence.js';

const dates = (rule: string, localStart: string, timeZone = 'Europe/Paris') =>
  occurrencesOf({ recurrence: parseRule(rule, { localStart, timeZone }), localStart, timeZone });
const instants = (rule: string, localStart: string, timeZone?: string) =>
  dates(rule, localStart, timeZone).map((date) => date.at.toISOString().slice(0, 16));
const refusal = (rule: string, localStart = '2027-01-04T09:00') => {
  try {
    parseRule(rule, { localStart, timeZone: 'Europe/Paris' });
  } catch (error) {
    return (error as Problem).refusals[0];
  }
  return undefined;
};

describe('a rule across a change of the clocks', () => {
  it.each([
    ['Europe/Paris', '2027-03-21T09:00', ['2027-03-21T08:00', '2027-03-28T07:00', '2027-04-04T07:00']],
    ['Europe/Paris', '2026-10-18T09:00', ['2026-10-18T07:00', '2026-10-25T08:00', '2026-11-01T08:00']],
    ['America/New_York', '2027-03-07T09:00', ['2027-03-07T14:00', '2027-03-14T13:00', '2027-03-21T13:00']],
    ['America/New_York', '2026-10-25T09:00', ['2026-10-25T13:00', '2026-11-01T14:00', '2026-11-08T14:00']],
    ['Asia/Kolkata', '2027-03-21T09:00', ['2027-03-21T03:30', '2027-03-28T03:30', '2027-04-04T03:30']],
  ])('keeps its local time in %s from %s on', (zone, start, expected) => {
    expect(instants('FREQ=WEEKLY;COUNT=3', start, zone)).toEqual(expected);
  });

  it('moves a time that the clocks skip forward, and goes on at its own time the day after', () => {
    expect(instants('FREQ=DAILY;COUNT=3', '2027-03-27T02:30')).toEqual([
      '2027-03-27T01:30',
      '2027-03-28T01:30',
      '2027-03-29T00:30',
    ]);
  });

  it('takes the first of two equal times', () => {
    expect(instants('FREQ=DAILY;COUNT=2', '2026-10-24T02:30')).toEqual(['2026-10-24T00:30', '2026-10-25T00:30']);
  });
});

describe('the end of a rule', () => {
  it('is its count, its last day or 400 days', () => {
    expect(dates('FREQ=DAILY;COUNT=5', '2027-01-04T09:00')).toHaveLength(5);
    expect(dates('FREQ=WEEKLY;UNTIL=20270125', '2027-01-04T09:00').map((date) => date.day)).toEqual([
      '2027-01-04',
      '2027-01-11',
      '2027-01-18',
      '2027-01-25',
    ]);
    const endless = dates('FREQ=DAILY', '2027-01-04T09:00');
    expect(endless).toHaveLength(400);
    expect(endless.at(-1)!.day).toBe('2028-02-07');
    expect(dates('FREQ=YEARLY;COUNT=900', '2027-01-04T09:00')).toHaveLength(2);
  });

  it('is a moment when UNTIL names one: a day whose start lies after it is not reached', () => {
    const last = (until: string) => dates(`FREQ=DAILY;UNTIL=${until}`, '2027-01-04T09:00').at(-1)!.day;
    expect(last('20270110T080000Z')).toBe('2027-01-10');
    expect(last('20270110T075900Z')).toBe('2027-01-09');
    expect(last('20270110T233000Z')).toBe('2027-01-10');
    expect(last('20270110T090000')).toBe('2027-01-10');
    // Kept as the end of the local day, so that a later time of day still reaches it.
    expect(parseRule('FREQ=DAILY;UNTIL=20270110', { localStart: '2027-01-04T09:00', timeZone: 'Europe/Paris' })).toBe(
      'FREQ=DAILY;UNTIL=20270110T225959Z',
    );
  });

  it('can be set anew', () => {
    expect(endingWith('FREQ=DAILY;COUNT=5', { UNTIL: '20270110T225959Z' })).toBe('FREQ=DAILY;UNTIL=20270110T225959Z');
    expect(endingWith('FREQ=DAILY;UNTIL=20270110T225959Z', {})).toBe('FREQ=DAILY');
  });
});

describe('the days of a rule', () => {
  it.each([
    ['FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=4', ['2027-01-04', '2027-01-06', '2027-01-18', '2027-01-20']],
    ['FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3', ['2027-01-31', '2027-03-31', '2027-05-31']],
    ['FREQ=MONTHLY;BYDAY=-1FR;COUNT=3', ['2027-01-29', '2027-02-26', '2027-03-26']],
    ['FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1;COUNT=2', ['2027-02-01', '2027-03-01']],
    ['rrule:freq=daily;interval=3;count=2', ['2027-01-04', '2027-01-07']],
  ])('%s', (rule, expected) => {
    expect(dates(rule, '2027-01-04T09:00').map((date) => date.day)).toEqual(expected);
  });

  it('turn with the week when all dates move, and only where that has a meaning', () => {
    expect(movedBy('FREQ=WEEKLY;BYDAY=MO,SU', 1)).toBe('FREQ=WEEKLY;BYDAY=TU,MO');
    expect(movedBy('FREQ=WEEKLY;BYDAY=MO', -1)).toBe('FREQ=WEEKLY;BYDAY=SU');
    expect(movedBy('FREQ=DAILY;COUNT=3', 2)).toBe('FREQ=DAILY;COUNT=3');
    expect(movedBy('FREQ=MONTHLY;BYDAY=-1FR', 1)).toBeNull();
  });
});

describe('what is no rule', () => {
  it.each([
    'FREQ=HOURLY',
    'FREQ=MINUTELY;COUNT=2',
    'FREQ=DAILY;BYHOUR=9',
    'FREQ=DAILY;COUNT=3;UNTIL=20270110',
    'FREQ=DAILY;COUNT=0',
    'FREQ=DAILY;INTERVAL=0',
    'FREQ=DAILY;INTERVAL=x',
    'FREQ=WEEKLY;BYDAY=XX',
    'FREQ=WEEKLY;BYDAY=1MO',
    'FREQ=DAILY;FREQ=WEEKLY',
    'FREQ=DAILY;UNTIL=20270230',
    'FREQ=DAILY;UNTIL=tomorrow',
    'FREQ=DAILY\nEXDATE:20270105',
    'FREQ=DAILY;X-A=1',
    'COUNT=3',
    '',
    'every monday',
    `FREQ=WEEKLY;BYDAY=${Array(500).fill('MO').join(',')}`,
  ])('is refused on its field: %s', (rule) => {
    expect(refusal(rule)).toMatchObject({ field: 'recurrence' });
  });

  it('and one that never comes true has no date, in no time', () => {
    const begun = performance.now();
    expect(dates('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=5', '2027-01-04T09:00')).toEqual([]);
    expect(dates('FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;BYMONTH=6', '2027-01-04T09:00')).toEqual([]);
    expect(performance.now() - begun).toBeLessThan(1000);
  });
});
