import { whenAccessEnds } from '../auth/index.js';
import { whenUndoingImports } from '../participants/index.js';
import { read } from '../platform/database/read.js';
import { revokeFeedsOf } from './feeds/keep-feed.js';
import { registerTemplates } from './templates/open-templates.js';

/** What sessions add to the modules left of them, which may not know them. */
export function registerSessions(): void {
  whenUndoingImports('groups', whatMeets);
  whenAccessEnds(revokeFeedsOf);
  registerTemplates();
}

/** Undoing an import passes over groups that have sessions: somebody planned with them since. */
const whatMeets: Parameters<typeof whenUndoingImports>[1] = async (em, rows) => {
  const groups = rows.map((row) => Number(row.id));
  const used = new Map<number, { code: string; message: string }>();
  for (let at = 0; at < groups.length; at += 500)
    for (const row of await read<{ group_id: number }>(
      em,
      `select distinct group_id from sessions
        where organization_id = :organization and group_id in (:groups) and status <> 'cancelled'`,
      { groups: groups.slice(at, at + 500) },
    ))
      used.set(Number(row.group_id), { code: 'in_use', message: '{name} has {sessions} planned, so it stays.' });
  return used;
};
