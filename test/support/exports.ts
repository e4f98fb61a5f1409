import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { ExportJobs } from '../../src/reports/index.js';
import { type World } from '../world.js';
import { type Visitor } from './visitor.js';

/** @returns a folder for files of one's own: worlds on one MySQL would share theirs */
export function ownFolder(): { dataFolder: string; remove: () => void } {
  const dataFolder = mkdtempSync(join(tmpdir(), 'omnipresence-files-'));
  return { dataFolder, remove: () => rmSync(dataFolder, { recursive: true, force: true }) };
}

/** Waits until every file of this world has been made. */
export const exported = (world: World): Promise<void> => world.app.get(ExportJobs).idle();

export const exportOf = async (visitor: Visitor, id: number): Promise<any> =>
  (await visitor.get(`/api/reports/exports/${id}`)).json.data;

/** Asks for a file by the REST door and waits until it was made. @returns the export as the contract shows it */
export async function exportFile(world: World, visitor: Visitor, report: string, more: object = {}): Promise<any> {
  const answer = await visitor.post('/api/reports/exports', { report, ...more });
  if (answer.status !== 202) throw new Error(`not taken: ${answer.status} ${answer.body}`);
  await exported(world);
  return exportOf(visitor, answer.json.data.id);
}

/** @returns the bytes of a file and how it is called */
export async function fetchFile(visitor: Visitor, { id }: { id: number }) {
  const response = await fetch(`${visitor.address}/api/reports/export/${id}`, {
    headers: { cookie: visitor.cookieHeader },
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes, text: bytes.toString('utf8') };
}

/** @returns the rows of a CSV file below its head, by the head's names */
export const rowsOf = (text: string): Record<string, string>[] =>
  parse(text, { columns: true, bom: true, record_delimiter: ['\r\n', '\n', '\r'] });
