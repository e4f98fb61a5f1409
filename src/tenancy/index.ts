export { consequencesOf, domainChanged, whenDomainChanges, type Consequence } from './domain-change.js';
export * from './domains/index.js';
export { Organization } from './organization.entity.js';
export { languageChoices, LANGUAGES, locale, OFFERED } from './languages.js';
export * from './settings.js';
export { tenantColumns } from './tenant-columns.js';
export { NewOrganization, openOrganization, timeZone, whenOrganizationOpens } from './open-organization.js';
export { effectsOf, foreseeChanges, type PlannedChange } from './planned-change.js';
export { addDays, boundsOf, dayOf, instantOf, localOf } from './day.js';
