import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { routesOf } from '../../src/platform/http/routes.js';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

describe('the OpenAPI document', () => {
  it('is public, names every route under /api, and no page', async () => {
    const { status, json } = await world.visitor().get('/api/openapi.json');
    expect(status).toBe(200);
    const told = Object.entries(json.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    const declared = routesOf(world.app)
      .filter((route) => route.path.startsWith('/api/'))
      .map((route) => `${route.method} ${route.path}`);
    expect(told.sort()).toEqual(declared.sort());
  });

  it('describes bodies by the schemas that parse them', async () => {
    const { json } = await world.visitor().get('/api/openapi.json');
    const body = json.paths['/api/presence'].post.requestBody.content['application/json'].schema;
    expect(JSON.stringify(body)).toContain('"presence_state"');
    expect(json.components.schemas.NewParticipant.required).toEqual(['first_name', 'last_name']);
  });

  it('speaks the words of the organization of whoever is signed in, and keeps the names that programs use', async () => {
    const place = await world.openPlace('Hotel Aurora', 'hospitality', 'Europe/Rome', { ugo: 'administrator' });
    const { json } = await place.visitor.ugo!.get('/api/openapi.json');
    expect(json.info.title).toBe('Omnipresence: Hotel Aurora');
    expect(json.info.description).toContain('participant: guest, guests');
    expect(json.tags).toContainEqual({ name: 'sessions', description: 'Sittings' });
    const { Participant, Session } = json.components.schemas;
    expect([Participant.title, Session.title]).toEqual(['Guest', 'Sitting']);
    expect(Object.keys(json.paths)).toContain('/api/participants/{id}');
    const stranger = (await world.visitor().get('/api/openapi.json')).json;
    expect([stranger.info.title, stranger.components.schemas.Participant.title]).toEqual(['Omnipresence', undefined]);
  });

  it('is shown to people at /api/docs', async () => {
    expect((await world.visitor().get('/api/docs')).status).toBe(200);
  });
});
