import { defineEntity, p } from '@mikro-orm/core';
import { tenantColumns } from '../../tenancy/index.js';

/** The logo of an organization, re-encoded and small: at most one row each. */
const OrganizationLogoSchema = defineEntity({
  name: 'OrganizationLogo',
  tableName: 'organization_logos',
  properties: {
    ...tenantColumns,
    /** SHA-256 of the content, hexadecimal. */
    digest: p.string().length(64),
    content: p.blob().$type<Buffer>().lazy(),
    mediaType: p.string().length(50),
    /** Bytes. */
    size: p.integer(),
  },
  uniques: [{ name: 'organization_logos_organization_unique', properties: ['organization'] }],
});

export class OrganizationLogo extends OrganizationLogoSchema.class {}
OrganizationLogoSchema.setClass(OrganizationLogo);
