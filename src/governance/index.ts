export { GovernanceModule } from './governance.module.js';
export { letterheadOf } from './letterhead/letterhead.query.js';
export { OrganizationLogo } from './letterhead/organization-logo.entity.js';
