import { ApiToken, LoginSession, RecoveryCode, SignInFailure, User, UserToken } from './auth/index.js';
import { OrganizationLogo } from './governance/index.js';
import { Webhook, WebhookDelivery } from './notifications/index.js';
import {
  Group,
  GroupAssignment,
  GroupMembership,
  Import,
  ImportMapping,
  ImportRow,
  Participant,
  ParticipantPhoto,
  SearchBlock,
} from './participants/index.js';
import { AuditLog } from './platform/ledger/audit-log.entity.js';
import { Outbox } from './platform/ledger/outbox.entity.js';
import { PresenceOperation, PresenceRecord, PresenceState, SyncConflict } from './presence/index.js';
import {
  Export,
  GroupTally,
  ParticipantTally,
  ReportSchedule,
  ReportScheduleRun,
  SessionDay,
  TallyChange,
} from './reports/index.js';
import { CalendarFeed, ClosingDay, Session, SessionSeries, SessionTemplate } from './sessions/index.js';
import { Installation, SyncClient, SyncHistory } from './sync/index.js';
import { Organization } from './tenancy/index.js';

/** Every table of the product, in the order in which rows depend on each other. */
export const ENTITIES = [
  Organization,
  OrganizationLogo,
  User,
  LoginSession,
  SignInFailure,
  UserToken,
  RecoveryCode,
  ApiToken,
  AuditLog,
  Outbox,
  Participant,
  ParticipantPhoto,
  SearchBlock,
  Group,
  GroupMembership,
  GroupAssignment,
  Import,
  ImportRow,
  ImportMapping,
  SessionSeries,
  Session,
  ClosingDay,
  SessionTemplate,
  CalendarFeed,
  PresenceState,
  PresenceRecord,
  PresenceOperation,
  SyncConflict,
  SessionDay,
  TallyChange,
  GroupTally,
  ParticipantTally,
  Export,
  ReportSchedule,
  ReportScheduleRun,
  Installation,
  SyncClient,
  SyncHistory,
  Webhook,
  WebhookDelivery,
];
