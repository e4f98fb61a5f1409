import { LoginSession, SignInFailure, User } from './auth/index.js';
import { Group, GroupAssignment, GroupMembership, Import, ImportRow, Participant } from './participants/index.js';
import { AuditLog } from './platform/ledger/audit-log.entity.js';
import { PresenceOperation, PresenceRecord, PresenceState, SyncConflict } from './presence/index.js';
import { Session } from './sessions/index.js';
import { Installation, SyncClient, SyncHistory } from './sync/index.js';
import { Organization } from './tenancy/index.js';

/** Every table of the product, in the order in which rows depend on each other. */
export const ENTITIES = [
  Organization,
  User,
  LoginSession,
  SignInFailure,
  AuditLog,
  Participant,
  Group,
  GroupMembership,
  GroupAssignment,
  Import,
  ImportRow,
  Session,
  PresenceState,
  PresenceRecord,
  PresenceOperation,
  SyncConflict,
  Installation,
  SyncClient,
  SyncHistory,
];
