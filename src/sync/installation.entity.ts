import { defineEntity, p } from '@mikro-orm/core';

/**
 * What is true of this installation as a whole: one row. Another epoch tells every device that the server was restored
 * from a backup, so that it offers again what was acknowledged meanwhile (`cli epoch:new`). Not a tenant table.
 */
const InstallationSchema = defineEntity({
  name: 'Installation',
  tableName: 'installations',
  properties: {
    id: p.integer().primary(),
    epoch: p.string().length(36),
    changedAt: p.datetime(3),
  },
});

export class Installation extends InstallationSchema.class {}
InstallationSchema.setClass(Installation);
