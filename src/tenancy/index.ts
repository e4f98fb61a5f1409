export * from './domains/index.js';
export { Organization, type OrganizationSettings } from './organization.entity.js';
export { tenantColumns } from './tenant-columns.js';
