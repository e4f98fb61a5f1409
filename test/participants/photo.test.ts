import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { ParticipantPhoto } from '../../src/participants/index.js';
import { World } from '../world.js';

let world: World;
let [id, foreign] = [0, 0];
beforeAll(async () => {
  world = await World.open();
  const enrol = async (by: typeof world.ana) =>
    (await by.post('/api/participants', { first_name: 'Ada', last_name: 'Photo' })).json.data.id as number;
  [id, foreign] = [await enrol(world.ana), await enrol(world.clara)];
});
afterAll(() => world.close());

const form = (content: Uint8Array, name = 'photo.jpg', type = 'image/jpeg'): FormData => {
  const body = new FormData();
  body.set('file', new Blob([content as BlobPart], { type }), name);
  return body;
};
const put = (content: Uint8Array, by = world.ana, of = id) => by.put(`/api/participants/${of}/photo`, form(content));
const kept = async (of = id): Promise<{ status: number; headers: Headers; content: Buffer }> => {
  const response = await fetch(`${world.address}/participants/${of}/photo`, {
    headers: { cookie: world.mara.cookieHeader },
  });
  return { status: response.status, headers: response.headers, content: Buffer.from(await response.arrayBuffer()) };
};
const picture = (width: number, height: number, background = '#2a7') =>
  sharp({ create: { width, height, channels: 3, background } });
const residentMb = () => process.memoryUsage().rss / 1e6;

describe('a photo', () => {
  it('is made small and upright, and nothing but its pixels is kept', async () => {
    const content = await picture(800, 400)
      .composite([{ input: await picture(400, 400, '#c00').png().toBuffer(), left: 0, top: 0 }])
      .withExif({ IFD0: { Artist: 'A secret name', Orientation: '6' }, IFD3: { GPSLatitude: '51/1 30/1 0/1' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    expect(content.includes('A secret name')).toBe(true);
    const answer = await put(content);
    expect([answer.status, answer.json.data.photo]).toEqual([200, expect.stringMatching(/^[0-9a-f]{64}$/)]);
    const photo = await kept();
    const told = await sharp(photo.content).metadata();
    expect(told).toMatchObject({ format: 'webp', width: 128, height: 256 });
    expect([told.exif, told.icc, told.xmp, told.orientation]).toEqual([undefined, undefined, undefined, undefined]);
    expect(photo.content.includes('secret')).toBe(false);
    // Turned by a quarter: what was at the left is at the top now.
    const { data } = await sharp(photo.content)
      .extract({ left: 60, top: 20, width: 1, height: 1 })
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(data[0]).toBeGreaterThan(150);
  });

  it('is sent to those who may see the person, privately, by its content, and as nothing but a picture', async () => {
    await put(await picture(300, 300).png().toBuffer());
    const { status, headers } = await kept();
    const digest = (await world.ana.get(`/api/participants/${id}`)).json.data.photo;
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('image/webp');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
    expect(headers.get('cache-control')).toBe('private, no-cache');
    expect(headers.get('etag')).toBe(`"${digest}"`);
    const named = await world.mara.get(`/participants/${id}/photo?v=${digest}`);
    expect(named.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
    expect((await world.mara.get(`/participants/${id}/photo`, { 'if-none-match': `"${digest}"` })).status).toBe(304);
    expect((await world.mara.get(`/participants/${id}`)).body).toContain(`/participants/${id}/photo?v=${digest}`);
    expect((await world.mara.get('/participants?q=photo')).body).toContain(`/participants/${id}/photo?v=${digest}`);
    const unknown = await world.ana.get('/api/participants/999999999/photo');
    expect((await world.ana.get(`/api/participants/${foreign}/photo`)).body).toBe(unknown.body);
    expect((await world.emil.get(`/api/participants/${id}/photo`)).status).toBe(404);
    expect((await world.visitor().get(`/api/participants/${id}/photo`)).status).toBe(401);
    expect((await put(await picture(9, 9).png().toBuffer(), world.bruno)).status).toBe(403);
    expect((await put(await picture(9, 9).png().toBuffer(), world.ana, foreign)).status).toBe(404);
  });

  it('is taken away without a trace', async () => {
    await put(await picture(50, 60, '#123').webp().toBuffer());
    const digest = (await world.ana.get(`/api/participants/${id}`)).json.data.photo;
    expect((await world.ana.delete(`/api/participants/${id}/photo`)).json.data.photo).toBeNull();
    expect((await world.ana.delete(`/api/participants/${id}/photo`)).status).toBe(200);
    expect((await kept()).status).toBe(404);
    expect(await world.read(world.school, (em) => em.count(ParticipantPhoto, { digest }))).toBe(0);
  });

  it('is changed on a page as well, which says why it was refused', async () => {
    const post = (content: Uint8Array) => world.ana.post(`/participants/${id}/photo`, form(content));
    const done = await post(await picture(40, 40, '#456').png().toBuffer());
    expect([done.status, done.headers.get('location')]).toEqual([303, `/participants/${id}?done=photo`]);
    const refused = await post(Buffer.from('not a picture'));
    expect(refused.status).toBe(415);
    expect(refused.body).toContain('This is no picture that can be read here.');
    expect((await post(Buffer.alloc(0))).body).toContain('Choose a picture first.');
    expect((await world.ana.form(`/participants/${id}/photo/remove`, {})).status).toBe(303);
    expect((await kept()).status).toBe(404);
  });
});

describe('what is no plain picture', () => {
  const codes = (answer: any) => [answer.status, answer.json.errors[0].code];

  it('is refused by what it is, whatever it is called', async () => {
    const svg = Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>',
    );
    const gif = await picture(9, 9).gif().toBuffer();
    const script = Buffer.concat([Buffer.from('GIF89a/*'), gif.subarray(8), Buffer.from('*/=1;alert(1)')]);
    for (const content of [
      svg,
      gif,
      script,
      Buffer.from('%PDF-1.7'),
      Buffer.from('<html>'),
      await picture(9, 9).tiff().toBuffer(),
    ])
      expect(codes(await put(content))).toEqual([415, 'unsupported_media_type']);
    expect(codes(await put(Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3])))).toEqual([422, 'invalid']);
    const noise = sharp(randomBytes(300 * 300 * 3), { raw: { width: 300, height: 300, channels: 3 } });
    const half = (await noise.png().toBuffer()).subarray(0, 100_000);
    expect(codes(await put(half))).toEqual([422, 'invalid']);
    expect(codes(await world.ana.put(`/api/participants/${id}/photo`, new FormData()))).toEqual([422, 'required']);
    expect(codes(await world.ana.put(`/api/participants/${id}/photo`, {}))).toEqual([422, 'required']);
  });

  it('comes out as clean pixels when it is a picture and something else as well', async () => {
    const page = '<html><script>alert(document.cookie)</script></html>';
    const jpeg = await picture(60, 60, '#89a').jpeg().toBuffer();
    const comment = Buffer.concat([
      jpeg.subarray(0, 2),
      Buffer.from([0xff, 0xfe, 0, page.length + 2]),
      Buffer.from(page),
      jpeg.subarray(2),
    ]);
    const png = Buffer.concat([await picture(60, 60, '#abc').png().toBuffer(), Buffer.from(`PK\u0003\u0004${page}`)]);
    for (const content of [comment, png]) {
      expect((await put(content)).status).toBe(200);
      const { content: clean } = await kept();
      expect(clean.includes('script')).toBe(false);
      expect(clean.includes('PK')).toBe(false);
      expect(await sharp(clean).metadata()).toMatchObject({ format: 'webp', width: 60, height: 60 });
    }
  });

  it('shows the first frame of a moving picture', async () => {
    const frames = Buffer.concat([Buffer.alloc(20 * 20 * 3, 200), Buffer.alloc(20 * 20 * 3, 10)]);
    const moving = await sharp(frames, { raw: { width: 20, height: 40, channels: 3, pageHeight: 20 } as any })
      .webp({ loop: 0 })
      .toBuffer();
    expect((await put(moving)).status).toBe(200);
    expect(await sharp((await kept()).content).metadata()).toMatchObject({ width: 20, height: 20 });
  });

  it('of more than 8 MB or 40 million pixels is refused with a sentence, within bounded memory and time', async () => {
    expect((await put(Buffer.alloc(8 * 1024 * 1024 + 1, 0xff))).status).toBe(413);
    const bomb = await picture(10_000, 5_000).png({ compressionLevel: 9 }).toBuffer();
    expect(bomb.length).toBeLessThan(1_000_000);
    const [before, started] = [residentMb(), performance.now()];
    const answers = await Promise.all(Array.from({ length: 5 }, () => put(bomb)));
    for (const answer of answers)
      expect(answer.json.errors[0]).toEqual({
        code: 'too_large',
        field: 'file',
        message: 'This picture has 50 million pixels; at most 40 million are taken.',
      });
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(residentMb() - before).toBeLessThan(120);
  }, 30_000);

  it('just below the limit is taken, one after the other, within bounded memory', async () => {
    const large = await picture(8_000, 4_900).png({ compressionLevel: 9 }).toBuffer();
    const before = residentMb();
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, residentMb())), 20);
    const answers = await Promise.all(Array.from({ length: 3 }, () => put(large)));
    clearInterval(watch);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(most - before).toBeLessThan(250);
  }, 60_000);
});
