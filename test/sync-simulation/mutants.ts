/**
 * The seeded bugs: what somebody could get wrong on the device or on the server. Each must be caught by the simulation, or
 * the simulation proves nothing. They are put into the text of the files when these are loaded for `--mutants` (simulate.mjs),
 * each behind a switch of its own; the product does not know of them.
 */
import type { Focus } from './plan.ts';

interface Edit {
  file: string;
  /** Stands in the file exactly once. */
  from: string;
  /**
   * What stands there instead while the bug is turned on. With ON in it: what stands there always, and ON says whether it is
   * turned on.
   */
  to: string;
}

export interface Mutant {
  name: string;
  /** What it does, in a sentence. */
  what: string;
  edits: Edit[];
  /** What has to happen for it to show, where that is rare. */
  focus?: Focus;
}

const DEVICE = 'static/js/sync/';
const SYNC = 'src/sync/';
const PRESENCE = 'src/presence/';

const edit = (file: string, from: string, to: string): Edit => ({ file, from, to });
const bug = (name: string, what: string, ...edits: Edit[]): Mutant => ({ name, what, edits });
const rare = (focus: Focus, mutant: Mutant): Mutant => ({ ...mutant, focus });

/** In server.ts of the device: what was sent counts as applied. */
const DONE = `{ kind: 'answer', body: { protocol: 1, batch_id: JSON.parse(String(init.body)).batch_id,
  results: JSON.parse(String(init.body)).operations.map((op: any) => ({ op_id: op.op_id, outcome: 'applied', revision: 1 })) } as T }`;
/** An answer with this status counts as delivered. */
const answeredWith = (status: string): Edit => {
  const first = "if (status === 413) return { kind: 'too_large' };";
  return edit(DEVICE + 'server.ts', first, `if (${status}) return ${DONE}; ${first}`);
};
/** Deletes what waits under a binding. */
const FORGET = (binding: string) =>
  `for (const row of await tx.objectStore('ops').index('status').getAll(this.store.within(${binding}, 'waiting'))) await tx.objectStore('ops').delete(row.key);`;

export const MUTANTS: Mutant[] = [
  /* ---- the device: what counts as an answer ---- */
  bug(
    'delete before ack',
    'What is sent is deleted before the answer is there.',
    edit(
      DEVICE + 'drainer.ts',
      'await deliver(this.env, this.envelope(binding, batch, onBehalf))',
      `await (async () => {
        await this.store.write(async (tx) => { for (const row of batch) await tx.objectStore('ops').delete(row.key); });
        return deliver(this.env, this.envelope(binding, batch, onBehalf));
      })()`,
    ),
  ),
  rare({ fault: '401' }, bug('401 is done', 'An expired login counts as delivered.', answeredWith('status === 401'))),
  rare({ fault: '403' }, bug('403 is done', 'A refusal counts as delivered.', answeredWith('status === 403'))),
  rare(
    { fault: '409 wrong_user' },
    bug('409 is done', 'That somebody else is signed in counts as delivered.', answeredWith('status === 409')),
  ),
  rare(
    { fault: '413' },
    bug('413 is done', 'A batch that is too large counts as delivered.', answeredWith('status === 413')),
  ),
  bug('5xx is done', 'An error of the server counts as delivered.', answeredWith('status >= 500')),
  rare(
    { fault: 'html 200' },
    bug(
      'HTML 200 is done',
      'A login page counts as delivered.',
      edit(
        DEVICE + 'server.ts',
        "if (!response.headers.get('content-type')?.includes('json')) return { kind: 'nothing' };",
        `if (!response.headers.get('content-type')?.includes('json')) return status === 200 ? ${DONE} : { kind: 'nothing' };`,
      ),
    ),
  ),
  rare(
    { fault: 'json 200' },
    bug(
      'any JSON 200 is done',
      'A 200 with JSON of somebody else counts as delivered.',
      edit(
        DEVICE + 'server.ts',
        "valid(body) ? { kind: 'answer', body: body as T } : { kind: 'nothing' }",
        `valid(body) ? { kind: 'answer', body: body as T } : ${DONE}`,
      ),
    ),
  ),
  rare(
    { fault: 'redirect' },
    bug('redirect is done', 'A redirect to a login page counts as delivered.', answeredWith('status === 0')),
  ),
  bug(
    'no network is done',
    'A request that failed counts as delivered.',
    edit(
      DEVICE + 'server.ts',
      "  } catch {\n    return { kind: 'nothing', isGone: !response };",
      `  } catch {\n    if (ON && init.body) return ${DONE};\n    return { kind: 'nothing', isGone: !response };`,
    ),
  ),
  rare(
    { fault: 'another batch' },
    bug(
      'another batch accepted',
      'An answer to another request is believed.',
      edit(DEVICE + 'server.ts', 'body.batch_id === envelope.batch_id', 'true'),
    ),
  ),
  rare(
    { fault: 'database hiccup', acts: ['tap'] },
    bug(
      'missing results are done',
      'An op without a result counts as delivered.',
      edit(
        DEVICE + 'drainer.ts',
        'results.get(op_id);',
        "ON ? (results.get(op_id) ?? ({ op_id, outcome: 'applied', revision: 1 } as OpResult)) : results.get(op_id);",
      ),
    ),
  ),
  rare(
    { fault: 'database hiccup', acts: ['tap'] },
    bug(
      'retry is done',
      'An op that the server could not store counts as delivered.',
      edit(
        DEVICE + 'server.ts',
        'FINAL_OUTCOMES.includes(result.outcome as (typeof FINAL_OUTCOMES)[number])',
        "typeof result.outcome === 'string'",
      ),
    ),
  ),
  rare(
    { acts: ['mark foreign'] },
    bug(
      'rejected called settled',
      'What only the device has is not told.',
      edit(DEVICE + 'drainer.ts', "outcomeOf(row) === 'rejected' ? 'refused' : 'settled'", "'settled'"),
    ),
  ),

  /* ---- the device: ids, numbers, order ---- */
  bug(
    'op id used again',
    'The id is made of what is marked, not at the tap.',
    edit(
      DEVICE + 'capture.ts',
      'const op_id = env.uuid();',
      `const op_id = ON ? \`00000000-0000-7000-8000-\${('group_id' in draft ? draft.first_name.slice(1) : \`\${refKey(draft.session_id)}\${draft.participant_id}\`).replace(/\\D/g, '').slice(-12).padStart(12, '0')}\` : env.uuid();`,
    ),
  ),
  bug(
    'seq used again',
    'The number is not counted on.',
    edit(DEVICE + 'capture.ts', 'owner.next_seq++', 'owner.next_seq'),
  ),
  bug(
    'seq with gaps',
    'Numbers are left out.',
    edit(DEVICE + 'capture.ts', 'owner.next_seq++', '(owner.next_seq += 2) - 2'),
  ),
  bug(
    'order reversed',
    'The newest mark is sent first.',
    edit(DEVICE + 'drainer.ts', 'operations: batch.map(', 'operations: (ON ? [...batch].reverse() : batch).map('),
  ),
  bug(
    'changed when sent',
    'The time of capture is the time of sending.',
    edit(
      DEVICE + 'drainer.ts',
      '({ ...row.op, seq: row.seq })',
      '({ ...row.op, seq: row.seq, recorded_at: new Date(this.env.now()).toISOString() })',
    ),
  ),

  /* ---- the device: whose ---- */
  rare(
    { acts: ['sign in', 'link'] },
    bug(
      'shared outbox',
      'Whoever is signed in sends what everybody left.',
      edit(
        DEVICE + 'drainer.ts',
        "await this.store.rows(key, 'waiting', after, limit)",
        "(await Promise.all((await this.store.bindings()).map((each) => this.store.rows(each.binding, 'waiting', after, limit)))).flat()",
      ),
    ),
  ),
  rare(
    { acts: ['sign in', 'second tab'] },
    bug(
      'captured for whoever is current',
      'A page of one user captures for the user who signed in after him.',
      edit(
        DEVICE + 'engine.ts',
        'await capture(store, env, binding, drafts, names)',
        'await capture(store, env, (await current()) ?? binding, drafts, names)',
      ),
    ),
  ),
  rare(
    { acts: ['sign in'] },
    bug(
      'sent as whoever is signed in',
      'The batch names the user of the cookie.',
      edit(
        DEVICE + 'drainer.ts',
        'hello.user.id === binding.user && hello.organization.id === binding.organization',
        '(((this as any).hello = hello), true)',
      ),
      edit(
        DEVICE + 'drainer.ts',
        'author_id: binding.user,',
        'author_id: ON ? ((this as any).hello?.user.id ?? binding.user) : binding.user,',
      ),
    ),
  ),
  rare(
    { acts: ['sign out', 'link'] },
    bug(
      'cleared at sign-out',
      'Signing out empties the outbox.',
      edit(
        DEVICE + 'engine.ts',
        "if (binding) await tx.objectStore('names').delete(store.within(binding));",
        `if (binding) { ${FORGET('binding').replaceAll('this.store', 'store')} }`,
      ),
    ),
  ),
  rare(
    { acts: ['sign in', 'link'] },
    bug(
      'cleared at sign-in',
      'Another user empties the outbox.',
      edit(
        DEVICE + 'engine.ts',
        "await tx.objectStore('meta').put(binding, 'current');\n      });\n      own",
        `if (ON) for (const each of await bindings.getAll()) if (each.binding !== binding) { ${FORGET('each.binding').replaceAll('this.store', 'store')} }
        await tx.objectStore('meta').put(binding, 'current');\n      });\n      own`,
      ),
    ),
  ),

  /* ---- the device: patience ---- */
  rare(
    { kind: 'long', acts: ['link'] },
    bug(
      'waiting ops pruned',
      'What has waited for a day is thrown away.',
      edit(
        DEVICE + 'drainer.ts',
        "['settled', 'closed_at'],",
        "...(ON ? ([['waiting', 'captured_at']] as any) : []),\n          ['settled', 'closed_at'],",
      ),
      edit(
        DEVICE + 'drainer.ts',
        'if ((row[when] ?? now) < oldest)',
        'if (((row as any)[when] ?? now) < (ON ? now - DAY : oldest))',
      ),
      edit(
        DEVICE + 'drainer.ts',
        'if (!binding) return true;\n',
        'if (!binding) return true;\n    if (ON) await this.prune();\n',
      ),
    ),
  ),
  rare(
    { acts: ['link'] },
    bug(
      'gives up',
      'After a few attempts the mark is dropped.',
      edit(
        DEVICE + 'drainer.ts',
        'const ceiling = Math.min(',
        `if (ON && this.attempt > 3) void this.store.write(async (tx) => { for (const each of await tx.objectStore('bindings').getAll()) { ${FORGET('each.binding')} } });
    const ceiling = Math.min(`,
      ),
    ),
  ),
  rare(
    { acts: ['second tab', 'link', 'tap'] },
    bug(
      'two drainers',
      'Every tab sends.',
      edit(DEVICE + 'one-drainer.ts', 'if (env.locks) {', 'if (ON) { await work(); return true; }\n  if (env.locks) {'),
    ),
  ),
  rare(
    { acts: ['write fails'] },
    bug(
      'saved before the commit',
      'The screen says saved before the transaction is on the disk.',
      edit(DEVICE + 'store.ts', 'await tx.done;\n', 'if (!ON) await tx.done;\n'),
    ),
  ),

  /* ---- the device: what the person saw ---- */
  bug(
    'base always 0',
    'Every mark says that nothing was there before.',
    edit(DEVICE + 'capture.ts', '{ revision: Math.max(shown, ...own) }', '{ revision: 0 }'),
  ),
  bug(
    'base that nobody saw',
    'A mark is based on the revision that it clashed with.',
    edit(DEVICE + 'capture.ts', "['applied', 'merged'].includes(outcomeOf(row) ?? '')", 'true'),
  ),
  bug(
    'chain dropped',
    'A second mark does not stand on the first one that waits.',
    edit(DEVICE + 'capture.ts', 'if (waiting) return { op: waiting.op_id };', ';'),
  ),
  bug(
    'second tap not painted',
    'A reload shows the mark before the last one.',
    edit(DEVICE + 'overlay.ts', 'for (const row of rows) {', 'for (const row of ON ? rows.slice(0, -1) : rows) {'),
  ),

  /* ---- the device: a server that was restored ---- */
  rare(
    { kind: 'restore', acts: ['back up', 'restore'] },
    bug(
      'not offered again',
      'What a restored server has lost stays lost.',
      edit(DEVICE + 'drainer.ts', 'await ops.put(offeredAgain(row));', ';'),
      edit(DEVICE + 'drainer.ts', "await tx.objectStore('ops').put(offeredAgain(row));", ';'),
    ),
  ),
  rare(
    { kind: 'restore', acts: ['back up', 'restore'] },
    bug(
      'restore not noticed',
      'That the server knows less than before is not looked at.',
      edit(DEVICE + 'drainer.ts', 'hello.acknowledged_up_to < row.acknowledged_seq', 'false'),
      edit(DEVICE + 'drainer.ts', 'row.server_epoch !== hello.server_epoch', 'false'),
      // The highest number, the epoch and the gap tell of it independently.
      edit(DEVICE + 'drainer.ts', 'hello.received_up_to! < acknowledged_seq', 'false'),
    ),
  ),

  /* ---- the server: once ---- */
  rare(
    { fault: 'reply lost' },
    bug(
      'receipt not looked for',
      'What came before is judged again.',
      edit(SYNC + 'receive-operation.ts', 'await receiptsOf(tx, [opId, otherId])', 'new Map<string, any>()'),
    ),
  ),
  rare(
    { fault: 'crash in the middle' },
    bug(
      'receipt outside the transaction',
      'The receipt is written after the commit of the mark.',
      edit(
        PRESENCE + 'keep-marks.ts',
        'else await keepReceipts(tx, rows);',
        'else if (ON && act.keepsEverything) (globalThis as any).laterReceipts = rows;\n  else await keepReceipts(tx, rows);',
      ),
      edit(
        SYNC + 'receive-batch.ts',
        "import { arrived } from './arrived.js';",
        "import { arrived } from './arrived.js';\nimport { keepReceipts as keepLater } from '../presence/index.js';",
      ),
      edit(
        SYNC + 'receive-batch.ts',
        "if (result.flags.includes('server_behind'))",
        `if (ON && (globalThis as any).laterReceipts) {
        const rows = (globalThis as any).laterReceipts;
        (globalThis as any).laterReceipts = null;
        await transact(this.em, 'presence.recorded', (tx) => keepLater(tx, rows));
      }
      if (result.flags.includes('server_behind'))`,
      ),
    ),
  ),
  rare(
    { fault: 'reply lost' },
    bug(
      'duplicate makes a revision',
      'The same operation again marks again.',
      edit(
        SYNC + 'receive-operation.ts',
        'return duplicateOf(tx, opId, receipt, delivery.by);',
        `return ON && op.kind === 'presence'
        ? receivePresence(tx, { ...op, op_id: reusedId(opId, String(clock.now().getTime()), author) }, delivery)
        : duplicateOf(tx, opId, receipt, delivery.by);`,
      ),
    ),
  ),
  rare(
    { acts: ['forge'] },
    bug(
      'another content applied',
      'Another content under a known id is taken as a mark.',
      edit(
        SYNC + 'receive-operation.ts',
        "return plain(tx, { ...op, op_id: otherId }, delivery, 'parked', 'id_reuse', opId);",
        `return ON && op.kind === 'presence'
      ? receivePresence(tx, { ...op, op_id: otherId }, delivery)
      : plain(tx, { ...op, op_id: otherId }, delivery, 'parked', 'id_reuse', opId);`,
      ),
    ),
  ),
  rare(
    { fault: 'database hiccup', acts: ['tap'] },
    bug(
      'error told as applied',
      'What could not be stored is acknowledged.',
      edit(
        SYNC + 'receive-batch.ts',
        "outcome: 'retry', revision: null",
        "outcome: ON ? 'applied' : 'retry', revision: null",
      ),
    ),
  ),
  rare(
    { acts: ['mark foreign'] },
    bug(
      'rejected without a receipt',
      'What is rejected leaves nothing behind.',
      edit(
        SYNC + 'receive-operation.ts',
        "const kept = outcome === 'parked' && op.kind !== 'unreadable';",
        "if (ON && outcome === 'rejected') return { ...unstored(answered, code), outcome, flags: [] };\n  const kept = outcome === 'parked' && op.kind !== 'unreadable';",
      ),
    ),
  ),
  rare(
    { acts: ['cancel session', 'change role'] },
    bug(
      'parked dropped',
      'What is parked is answered and not kept.',
      edit(
        PRESENCE + 'keep-marks.ts',
        "(!!act.keepsEverything && outcome !== 'duplicate')",
        "(!!act.keepsEverything && outcome !== 'duplicate' && outcome !== 'parked')",
      ),
    ),
  ),
  bug(
    'audit row missing',
    'What was not applied leaves no audit row.',
    edit(PRESENCE + 'receipts.ts', '{ audited: true, opIds: told.map((row) => row.opId) }', '{ audited: false }'),
  ),

  /* ---- the server: nothing silently overwritten ---- */
  bug(
    'last write wins',
    'What clashes overwrites.',
    edit(PRESENCE + 'judge-operation.ts', "{ outcome: 'conflict', ...told, ...behind }", "{ outcome: 'applied' }"),
  ),
  bug(
    'merged overwrites',
    'What says the same makes a revision.',
    edit(
      PRESENCE + 'judge-operation.ts',
      "{ outcome: 'merged', second: changes, ...told, ...behind }",
      "{ outcome: 'applied' }",
    ),
  ),
  rare(
    { fault: 'database hiccup', acts: ['without network'] },
    bug(
      'missing base applied',
      'A mark is applied before the one on which it stands.',
      edit(
        PRESENCE + 'receipts.ts',
        "if (!receipt) return { base: { kind: 'missing' }, candidate: null };",
        "if (!receipt) return { base: { kind: 'any' }, candidate: null };",
      ),
    ),
  ),
  rare(
    { acts: ['page mark', 'link'] },
    bug(
      'clashed base applied',
      'A mark on a candidate overwrites what the candidate could not.',
      edit(
        PRESENCE + 'receipts.ts',
        "base: { kind: 'concurrent' },\n        candidate: open",
        "base: { kind: ON ? 'any' : 'concurrent' },\n        candidate: open",
      ),
    ),
  ),
  rare(
    { kind: 'restore', acts: ['back up', 'restore with a new epoch', 'page mark', 'link'] },
    bug(
      'number believed after a restore',
      'A revision number that was given out again counts as seen.',
      edit(PRESENCE + 'receipts.ts', "return isUnseen ? { kind: 'concurrent' } : base;", 'return base;'),
    ),
  ),
  rare(
    { acts: ['merge people', 'page mark', 'link'] },
    bug(
      'number of a merged person believed',
      'A revision of the cell of somebody who was merged counts for the cell of the other.',
      edit(PRESENCE + 'receipts.ts', 'asked > 0 && captured?.redirectedFrom', 'asked < 0 && captured?.redirectedFrom'),
    ),
  ),
  rare(
    { fault: 'database hiccup', acts: ['without network'] },
    bug(
      'waiting never judged',
      'What was parked for its base stays parked.',
      edit(
        SYNC + 'parked/judge-again.ts',
        "const fact = adoption ? 'presence.adopted' : 'presence.judged_again';",
        "if (ON && !adoption) return null;\n  const fact = adoption ? 'presence.adopted' : 'presence.judged_again';",
      ),
    ),
  ),
  bug(
    'revision not counted',
    'A second mark keeps the revision of the first.',
    edit(
      PRESENCE + 'cells.ts',
      'revision: (row?.revision ?? 0) + 1,',
      'revision: ON ? Math.max(row?.revision ?? 0, 1) : (row?.revision ?? 0) + 1,',
    ),
  ),
  bug(
    'another state kept',
    'The cell keeps its state although the mark counts.',
    edit(
      PRESENCE + 'cells.ts',
      'return state === null ? null : (stateIds.get(state) ?? before);',
      'return before ?? (state === null ? null : (stateIds.get(state) ?? before));',
    ),
  ),

  /* ---- the server: conflicts ---- */
  rare(
    { acts: ['page mark', 'link'] },
    bug(
      'conflict not opened',
      'A clash is answered and told to nobody.',
      edit(
        PRESENCE + 'keep-marks.ts',
        'each.conflict = await addCandidate(tx, act, each, each.record, conflict);',
        ';',
      ),
    ),
  ),
  rare(
    { acts: ['page mark', 'link'] },
    bug(
      'candidate lost when joined',
      'A second candidate takes the place of the first.',
      edit(
        PRESENCE + 'conflicts.ts',
        'if (open?.conflict.isOpen) {',
        "if (open?.conflict.isOpen) {\n    if (ON) await settle(tx, open.candidates.map(({ id }) => id), 'superseded');",
      ),
    ),
  ),
  rare(
    { acts: ['page mark', 'link', 'withdraw'] },
    bug(
      'disputed never cleared',
      'A cell stays disputed when nobody disputes it any more.',
      edit(
        PRESENCE + 'cells.ts',
        'if (Boolean(row.disputed) === disputed) return;',
        'if (Boolean(row.disputed) === disputed || (ON && !disputed)) return;',
      ),
    ),
  ),
  rare(
    { acts: ['page mark', 'link', 'use mine'] },
    bug(
      'disputed forgotten',
      'The next mark hides that a cell is disputed.',
      edit(
        PRESENCE + 'cells.ts',
        'disputed: disputed.has(mark.participant),',
        'disputed: !ON && disputed.has(mark.participant),',
      ),
    ),
  ),
  rare(
    { acts: ['page mark', 'link', 'withdraw'] },
    bug(
      'one withdrawn, all closed',
      'The first candidate to go closes the conflict.',
      edit(
        PRESENCE + 'conflicts.ts',
        "if (left.length === 0) close(conflict, 'settled');",
        "close(conflict, 'settled');",
      ),
    ),
  ),
  rare(
    { acts: ['page mark', 'link', 'resolve'] },
    bug(
      'resolved, and still open',
      'A resolution does not end the conflict.',
      edit(PRESENCE + 'resolve-conflict.ts', 'close(conflict, input.choice);', ';'),
    ),
  ),

  /* ---- the server: whose ---- */
  rare(
    { acts: ['sign in', 'link'] },
    bug(
      'author taken from the body',
      'Anybody may bring marks under any name.',
      edit(
        SYNC + 'receive-batch.ts',
        'if (author_id !== by.id && !on_behalf)',
        'if (!ON && author_id !== by.id && !on_behalf)',
      ),
      edit(
        SYNC + 'receive-batch.ts',
        'if (organization_id !== by.organization.id)',
        'if (!ON && organization_id !== by.organization.id)',
      ),
    ),
  ),
  rare(
    { acts: ['hand in', 'link'] },
    bug(
      'author is who brings it',
      'What is handed in for somebody stands under the name of who hands it in.',
      edit(
        SYNC + 'receive-operation.ts',
        'act.author = author;',
        'act.author = ON ? { id: by.id, name: by.name } : author;',
      ),
    ),
  ),
  rare(
    { acts: ['hand in', 'link'] },
    bug(
      'applied for somebody else',
      'What is handed in for somebody counts at once.',
      edit(
        PRESENCE + 'judge-operation.ts',
        "if (facts.foreign) return { outcome: 'parked', code: 'foreign_author' };",
        ';',
      ),
    ),
  ),
  rare(
    { acts: ['mark foreign'] },
    bug(
      'foreign person not refused',
      'Somebody of another organization is taken as one of ours.',
      edit(
        SYNC + 'person-of.ts',
        "if (!row) return { kind: 'unknown' };",
        "if (!row) return { kind: 'known', id, redirectedFrom: null };",
      ),
      edit(
        PRESENCE + 'judge-operation.ts',
        "if (facts.target === 'unknown') return { outcome: 'rejected', code: 'unknown_target' };",
        ';',
      ),
    ),
  ),
  rare(
    { acts: ['add person', 'mark added'] },
    bug(
      'added person mixed up',
      'A mark on somebody who was added on the device goes to whoever was added last.',
      edit(
        SYNC + 'person-of.ts',
        'id = Number(made.participant_id);',
        "id = ON ? Number((await read<{ id: number }>(tx, 'select max(id) as id from participants where organization_id = :organization'))[0]!.id) : Number(made.participant_id);",
      ),
    ),
  ),
  rare(
    { acts: ['merge people'] },
    bug(
      'merged person not followed',
      'A mark goes to somebody who was merged into another.',
      edit(
        SYNC + 'person-of.ts',
        'if (row.merged_into_id === null) return',
        'if (ON || row.merged_into_id === null) return',
      ),
    ),
  ),
  rare(
    { acts: ['erase person'] },
    bug(
      'erased person marked',
      'Something new is kept about somebody who was erased.',
      edit(
        PRESENCE + 'judge-operation.ts',
        "if (facts.target === 'erased') return { outcome: 'rejected', code: 'erased' };",
        ';',
      ),
    ),
  ),
  rare(
    { acts: ['add person'], fault: 'reply lost' },
    bug(
      'added twice',
      'A person who was added on a device is made again when the answer was lost.',
      edit(SYNC + 'enrol-by-operation.ts', "if (known) return { outcome: 'applied', participant: known.id };", ';'),
      edit(
        SYNC + 'enrol-by-operation.ts',
        'const external = ',
        'const external = ON ? String(clock.now().getTime()) : ',
      ),
    ),
  ),
  bug(
    'changes skip what is late',
    'The cursor lies ahead of the rows that it has told.',
    edit(SYNC + 'changes-since.query.ts', 'now.getTime() - OVERLAP_MS', 'now.getTime() + OVERLAP_MS'),
  ),
  bug(
    'arrived although it has not',
    'The gap proof says that everything has arrived.',
    edit(
      SYNC + 'arrived.ts',
      'while (seqs[at] === receivedUpTo + 1) {',
      'while (ON ? at < seqs.length + 1 : seqs[at] === receivedUpTo + 1) {',
    ),
  ),
];

/** The product has changed, and the list must follow. */
export const withoutPlace = new Map<string, string>();

/** Which bug is turned on. */
export function turnOn(name: string | null): void {
  (globalThis as { seededBug?: string | null }).seededBug = name;
}

export const isMutated = (file: string): boolean =>
  MUTANTS.some(({ edits }) => edits.some((each) => each.file === file));

/**
 * The text of a file with every bug of it, each behind its switch. A bug that does not find its place is left out, and
 * `withoutPlace` says so.
 */
export function mutated(file: string, text: string): string {
  // Bugs may share a place, if it is the very same.
  const places = new Map<string, (Edit & { name: string })[]>();
  for (const { name, edits } of MUTANTS)
    for (const each of edits.filter((every) => every.file === file))
      places.set(each.from, [...(places.get(each.from) ?? []), { ...each, name }]);
  const found = [...places].flatMap(([from, bugs]) => {
    const start = text.indexOf(from);
    if (start >= 0 && text.indexOf(from, start + 1) < 0) return [{ start, end: start + from.length, from, bugs }];
    for (const { name } of bugs) withoutPlace.set(name, `"${from}" must stand in ${file} exactly once`);
    return [];
  });
  // From the end of the file to its beginning, so that the places stay where they are.
  found.sort((a, b) => b.start - a.start);
  let made = text;
  let before = Infinity;
  for (const { start, end, from, bugs } of found) {
    if (end > before)
      throw new Error(`The place of the seeded bug "${bugs[0]!.name}" overlaps another one in ${file}.`);
    before = start;
    made = made.slice(0, start) + switched(from, bugs) + made.slice(end);
  }
  return made;
}

function switched(from: string, bugs: (Edit & { name: string })[]): string {
  let made = from;
  for (const { name, to } of bugs) {
    const on = `((globalThis as any).seededBug === ${JSON.stringify(name)})`;
    // Imports are no statements that a switch could hold.
    if (/\bON\b/.test(to) || from.startsWith('import ')) {
      if (bugs.length > 1) throw new Error(`The seeded bug "${name}" cannot share its place.`);
      made = to.replace(/\bON\b/g, on);
    } else made = /;$/.test(from) ? `if (${on}) { ${to} } else { ${made} }` : `(${on} ? (${to}) : (${made}))`;
  }
  return made;
}
