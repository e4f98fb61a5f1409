export * from './domains/index.js';
export { Organization, type OrganizationSettings } from './organization.entity.js';
export { tenantColumns } from './tenant-columns.js';
export { NewOrganization, openOrganization, timeZone, whenOrganizationOpens } from './open-organization.js';
export { addDays, boundsOf, dayOf, instantOf, localOf } from './day.js';
