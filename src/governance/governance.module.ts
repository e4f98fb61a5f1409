import { Module } from '@nestjs/common';
import { ChangeLetterheadHandler } from './letterhead/change-letterhead.js';
import { LetterheadPages } from './letterhead/letterhead.pages.js';
import { ChangeDomainConfigHandler } from './settings/change-domain-config.js';
import { ChangeOrganizationHandler } from './settings/change-organization.js';
import { OrganizationApi } from './settings/organization.api.js';
import { ReportingPeriodsPages } from './settings/reporting-periods.pages.js';
import { SettingsPages } from './settings/settings.pages.js';

/** Policy of an organization: its settings now; the audit trail and retention come here too. */
@Module({
  controllers: [LetterheadPages, OrganizationApi, ReportingPeriodsPages, SettingsPages],
  providers: [ChangeDomainConfigHandler, ChangeLetterheadHandler, ChangeOrganizationHandler],
})
export class GovernanceModule {}
