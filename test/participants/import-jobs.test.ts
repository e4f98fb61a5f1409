import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ImportJobs } from '../../src/participants/index.js';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const idle = () => world.app.get(ImportJobs).idle();

function body(csv: string | Uint8Array, fields: Record<string, string> = {}, name = 'people.csv') {
  const form = new FormData();
  for (const [key, value] of Object.entries(fields)) form.set(key, value);
  form.set('file', new Blob([csv as BlobPart], { type: 'text/csv' }), name);
  return form;
}

describe('first', () => {
  it('imports people', async () => {
    const answer = await world.ana.post('/api/participants/bulk', body('first_name,last_name,identifier,group\nAna,Berg,1,1A;Chess\nBea,"O\'Neil",2,1A\n,Nobody,3,\n'));
    expect([answer.status, answer.body]).toEqual([202, expect.anything()]);
    await idle();
    const job = await world.ana.get(`/api/imports/${answer.json.data.id}`);
    console.log(job.json.data);
    expect((await world.ana.get('/import')).status).toBe(200);
    console.log((await world.ana.get(`/import/${answer.json.data.id}`)).body.slice(3000, 6000));
  });
});
