import { type Column } from '../report-table.js';

/** What programs know things by. In a workbook several of them stand side by side, so each says whose it is. */
export const PARTICIPANT_ID: Column = { key: 'participant_id', head: { text: '{participant} (id)' }, kind: 'id' };
export const SESSION_ID: Column = { key: 'session_id', head: { text: '{session} (id)' }, kind: 'id' };
export const GROUP_ID: Column = { key: 'group_id', head: { text: '{group} (id)' }, kind: 'id' };
export const RECORD_ID: Column = { key: 'record_id', head: { text: 'Mark (id)' }, kind: 'id' };
