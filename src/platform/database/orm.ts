import { type MikroORM } from '@mikro-orm/core';

/** The ORM whichever database it is set up for. */
export type Orm = MikroORM<any, any, any>;
