import { type Configuration, type Transaction } from '@mikro-orm/core';
import { SqliteConnection, SqliteDriver } from '@mikro-orm/sqlite';
import { CompiledQuery } from 'kysely';

/** SQLite takes at most 32,766 parameters. */
const MOST_PARAMETERS = 32_000;

/**
 * MikroORM writes the values into the text of every statement, so no two are equal and each is compiled anew, however
 * large. Here they stay parameters: the text is the same each time, and its compiled form is kept (sqlite-driver.ts).
 */
class BoundConnection extends SqliteConnection {
  override async execute<T = any>(
    query: any,
    params: readonly unknown[] = [],
    method: 'all' | 'get' | 'run' = 'all',
    ctx?: Transaction,
    loggerContext?: any,
  ): Promise<T> {
    const bound = typeof query === 'string' && Array.isArray(params) ? boundValues(query, params) : null;
    if (!bound || loggerContext?.signal) return (await super.execute(query, params, method, ctx, loggerContext)) as T;
    await this.ensureConnection();
    const client = (ctx as any) ?? this.getClient();
    const work = async () =>
      this.transformRawResult<T>(await client.executeQuery(CompiledQuery.raw(query, bound)), method);
    return this.executeQuery<T>(query, work, { query, params: params as unknown[], ...loggerContext });
  }
}

/** @returns the values as better-sqlite3 binds them; null when the statement cannot be sent with parameters */
function boundValues(query: string, params: readonly unknown[]): unknown[] | null {
  // `??` stands for a name and `\?` for a question mark: both are written into the text.
  if (params.length === 0 || params.length > MOST_PARAMETERS || query.includes('??') || query.includes('\\?'))
    return null;
  const values = new Array<unknown>(params.length);
  for (let at = 0; at < params.length; at++) {
    const value = params[at];
    if (typeof value === 'string' || typeof value === 'number' || value === null) values[at] = value;
    else if (value === undefined) values[at] = null;
    else if (typeof value === 'boolean') values[at] = value ? 1 : 0;
    else if (value instanceof Date) values[at] = value.getTime();
    else if (typeof value === 'bigint' || Buffer.isBuffer(value)) values[at] = value;
    else return null;
  }
  return values;
}

/** The SQLite driver of MikroORM over the connection above. */
export class BoundSqliteDriver extends SqliteDriver {
  protected override readonly connection: SqliteConnection;

  constructor(config: Configuration) {
    super(config);
    this.connection = new BoundConnection(config);
  }
}
