import { type EntityManager } from '@mikro-orm/core';
import { type SignedInUser } from '../../auth/index.js';
import { letterheadOf } from '../../governance/index.js';
import { clock } from '../../platform/clock.js';
import { statesHere } from '../asked.js';
import { signOf } from '../matrix-view.js';
import { type Look } from '../pdf/look.js';
import { sayer } from './sayer.js';

/** @returns how what somebody prints looks, in his language and on his organization's paper */
export async function lookOf(em: EntityManager, me: SignedInUser): Promise<Look> {
  const { organization } = me;
  const { locale, say } = sayer(me);
  const states = await statesHere(em);
  return {
    organization: organization.name,
    timeZone: organization.timeZone,
    locale,
    states: Object.fromEntries(states.map((state) => [state.code, { sign: signOf(state), label: state.label }])),
    letterhead: await letterheadOf(em, organization),
    words: (text, params) => say(params ? { text, params } : { text }),
    generatedAt: clock.now(),
    generatedBy: me.name,
  };
}
