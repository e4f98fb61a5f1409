import { ImportJobs } from '../../src/participants/index.js';
import { type Answer, type Visitor } from './visitor.js';
import { type World } from '../world.js';

/** A multipart body as a program sends it. */
export function bulk(csv: string | Uint8Array, fields: Record<string, string> = {}, name = 'list.csv'): FormData {
  const form = new FormData();
  for (const [key, value] of Object.entries(fields)) form.set(key, value);
  form.set('file', new Blob([csv as BlobPart], { type: 'text/csv' }), name);
  return form;
}

/** A multipart body as the upload page sends it. */
export function upload(files: Record<string, string | Uint8Array>): FormData {
  const form = new FormData();
  for (const [name, csv] of Object.entries(files)) form.append('files', new Blob([csv as BlobPart]), `${name}.csv`);
  return form;
}

/** Waits until every import of this world has ended. */
export const idle = (world: World): Promise<void> => world.app.get(ImportJobs).idle();

/** Sends a list through the REST door and waits for its end. @returns the import as the contract shows it */
export async function importList(
  world: World,
  visitor: Visitor,
  path: 'participants' | 'groups',
  csv: string | Uint8Array,
  fields: Record<string, string> = {},
): Promise<any> {
  const answer = await visitor.post(`/api/${path}/bulk`, bulk(csv, fields));
  if (answer.status !== 202) throw new Error(`not taken: ${answer.status} ${answer.body}`);
  await idle(world);
  return importOf(visitor, answer.json.data.id);
}

export const importOf = async (visitor: Visitor, id: number): Promise<any> =>
  (await visitor.get(`/api/imports/${id}`)).json.data;

/** The ids of imports that a page links to, in the page's order. */
export const idsOn = (page: Answer): number[] => [
  ...new Set([...page.body.matchAll(/href="\/import\/(\d+)"/g)].map((match) => Number(match[1]))),
];

/** The five outcomes always add up to the rows. */
export const addsUp = (job: any): boolean =>
  job.created + job.updated + job.unchanged + job.skipped + job.failed === job.total && job.processed === job.total;

/** What a test compares of an import. */
export const countsOf = ({ status, total, created, updated, unchanged, skipped, failed }: any) => ({
  status,
  total,
  created,
  updated,
  unchanged,
  skipped,
  failed,
});
