import { type Leaving } from './drafts.js';
import { shown, type RowProblem } from './problem.js';
import { type Taken } from './taken.js';

/** The file says that it is gone, and it never was here. */
export const notHere = (row: number): Taken => ({
  row,
  outcome: 'skipped',
  effects: [],
  notes: [
    {
      row,
      field: 'status',
      code: 'not_here',
      message: 'Marked as deleted or switched off in the file, and not here: nothing is to be done.',
      params: {},
    },
  ],
});

/** Told about a record that this row deactivates. */
export const isLeaving = (row: number, leaving: Leaving, name: string): RowProblem => ({
  row,
  field: leaving === 'deleted' ? 'status' : 'enabled',
  code: 'deactivated',
  message:
    leaving === 'deleted'
      ? 'Marked as deleted in the file: {name} is deactivated.'
      : 'Switched off in the file: {name} is deactivated.',
  params: { name: shown(name) },
});
