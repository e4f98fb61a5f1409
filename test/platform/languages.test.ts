import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openOrganization } from '../../src/tenancy/index.js';
import { PresenceState } from '../../src/presence/index.js';
import { withCurrent } from '../../src/platform/current.js';
import { translatorOf } from '../../src/platform/i18n.js';
import { transact } from '../../src/platform/database/transaction.js';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const languageOf = (html: string) => /<html lang="([^"]+)" dir="([^"]+)"/.exec(html)?.slice(1);

describe('the language of a page', () => {
  it('is the browser’s while nobody is signed in, where we speak it', async () => {
    const ask = async (accepted: string) => (await world.visitor().get('/login', { 'accept-language': accepted })).body;
    expect(languageOf(await ask('ar,en;q=0.5'))).toEqual(['ar', 'rtl']);
    expect(languageOf(await ask('de-AT,de;q=0.9'))).toEqual(['de', 'ltr']);
    expect(languageOf(await ask('tlh'))).toEqual(['en', 'ltr']);
    expect(await ask('fr')).toContain(translatorOf('fr').text('Sign in'));
    expect(await ask('*;q=nonsense;;')).toContain('Sign in');
  });

  it('is the organization’s for who chose none, and his own for who did', async () => {
    await world.ana.put('/api/admin/organization', { locale: 'de' });
    expect(languageOf((await world.ana.get('/', { 'accept-language': 'fr' })).body)).toEqual(['de', 'ltr']);
    expect((await world.ana.get('/')).body).toContain(translatorOf('de').text('Sign out'));
    const { user } = world.school;
    await world.ana.form('/account', { first_name: user.ana!.firstName, last_name: user.ana!.lastName, locale: 'ar' });
    expect(languageOf((await world.ana.get('/')).body)).toEqual(['ar', 'rtl']);
    expect(languageOf((await world.bruno.get('/')).body)).toEqual(['de', 'ltr']);
    await world.ana.put('/api/admin/organization', { locale: 'en' });
  });

  it('writes days and hours as the chosen region does, and keeps a region that the form does not offer', async () => {
    const { user } = world.school;
    await world.ana.form('/account', { first_name: user.ana!.firstName, last_name: user.ana!.lastName, locale: '' });
    const locale = async (value: string) => {
      expect((await world.ana.put('/api/admin/organization', { locale: value })).status).toBe(200);
      return (await world.ana.get('/sessions?date=2026-11-20')).body;
    };
    expect(await locale('en-GB')).toMatch(/Fri,? 20 Nov 2026/);
    expect(await locale('en')).toMatch(/Fri, Nov 20, 2026/);
    expect(await locale('fr-CH')).toContain('lang="fr-CH"');
    const form = (await world.ana.get('/settings/organization')).body;
    expect(form).toMatch(/<option value="fr-CH" lang="fr-CH" selected>/);
    await locale('en');
  });

  it('decides the words that a new organization begins with', async () => {
    const input = {
      name: 'École',
      slug: `ecole-${Date.now()}`,
      domain: 'education' as const,
      time_zone: 'Europe/Paris',
      locale: 'fr',
    };
    const labels = await withCurrent({ source: 'cli' }, () =>
      transact(world.orm.em.fork({ disableContextResolution: true }), 'organization.opened', async (tx) => {
        const organization = await openOrganization(tx, input);
        const states = await tx.find(
          PresenceState,
          { organization: organization.id },
          { orderBy: { sortOrder: 'asc' } },
        );
        return states.map((state: PresenceState) => state.label);
      }),
    );
    expect(labels).toHaveLength(4);
    expect(labels).not.toContain('Present');
  });
});
