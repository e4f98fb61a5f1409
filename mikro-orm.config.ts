// For the MikroORM command line (npx mikro-orm ...), after a build. The product itself reads src/platform/database.
import { databaseConfig } from './dist/platform/database/database.config.js';
import { readConfig } from './dist/platform/config.js';
import { ENTITIES } from './dist/entities.js';

export default databaseConfig(readConfig(process.env).database, ENTITIES);
