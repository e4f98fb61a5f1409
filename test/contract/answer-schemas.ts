import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';

type Schema = Record<string, any>;

/**
 * Compares answers with the OpenAPI document, more strictly than the document says: a field that it does not name is a
 * field that nobody was told of.
 */
export class AnswerSchemas {
  private readonly ajv = new Ajv({ strict: false, allErrors: true });
  private readonly compiled = new Map<string, ReturnType<Ajv['compile']>>();

  constructor(private readonly document: Schema) {
    (addFormats as unknown as (ajv: Ajv) => void)(this.ajv);
  }

  /** @returns what is wrong with an answer; empty when it is as described */
  faults(method: string, path: string, status: number, body: unknown): string[] {
    const schema = this.schemaOf(method, path, status);
    if (!schema) return [`${method} ${path}: the document describes no answer ${status}`];
    const key = `${method} ${path} ${status}`;
    let validate = this.compiled.get(key);
    if (!validate) this.compiled.set(key, (validate = this.ajv.compile(this.resolved(schema) as Schema)));
    if (validate(body)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  }

  /** The schema of an answer, or undefined when the document has none. */
  schemaOf(method: string, path: string, status: number): Schema | undefined {
    const operation = this.document.paths[path.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
    const answer = operation?.responses?.[status] ?? (status >= 400 ? operation?.responses?.['4XX'] : undefined);
    return answer?.content?.['application/json']?.schema as Schema | undefined;
  }

  /** References replaced, OpenAPI 3.0's `nullable` said as JSON Schema does, and nothing unnamed allowed. */
  private resolved(schema: unknown): unknown {
    if (Array.isArray(schema)) return schema.map((each) => this.resolved(each));
    if (schema === null || typeof schema !== 'object') return schema;
    const { $ref, nullable, ...rest } = schema as Schema;
    if ($ref) return this.resolved(this.document.components.schemas[String($ref).split('/').at(-1)!]);
    const entries = Object.entries(rest).map(([name, value]) => [name, this.resolved(value)] as const);
    const result: Schema = Object.fromEntries(entries);
    if (result.properties && result.additionalProperties === undefined) result.additionalProperties = false;
    // OpenAPI 3.0 has the older words: "more than" is a flag beside the bound.
    for (const [flag, bound] of [
      ['exclusiveMinimum', 'minimum'],
      ['exclusiveMaximum', 'maximum'],
    ] as const)
      if (typeof result[flag] === 'boolean') {
        if (result[flag]) result[flag] = result[bound];
        else delete result[flag];
      }
    return nullable ? { anyOf: [result, { type: 'null' }] } : result;
  }
}
