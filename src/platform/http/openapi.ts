import { type INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';
import { type PageContext } from '../views.js';
import { Refusals } from './answers.js';
import { Reply } from './reply.js';
import { type AppRequest } from './request.js';

type SchemaObject = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string];

/** `/api/openapi.json` and `/api/docs`, made from the schemas by which the doors parse. Public: it names no data. */
export function useOpenApi(app: INestApplication): void {
  const config = new DocumentBuilder()
    .setTitle('Omnipresence')
    .setDescription('Who was present, where and when.')
    .setVersion('1')
    .addCookieAuth('omnipresence')
    .addBearerAuth()
    .build();
  // Made at the first request for it, not at every start.
  SwaggerModule.setup('api/docs', app, () => apiDocument(app, config), {
    jsonDocumentUrl: 'api/openapi.json',
    patchDocumentOnRequest: (request, _response, document) =>
      inWordsOf(app.get(Reply).pageContext(request as AppRequest), document),
  });
}

/** What every route may answer instead. */
const REFUSED = {
  description: 'Refused: why stands in `errors`, and nothing was changed.',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Refusals' } } },
};

/** Pages are for people: the document holds what stands under /api. */
function apiDocument(app: INestApplication, config: Parameters<typeof SwaggerModule.createDocument>[1]): OpenAPIObject {
  const document = SwaggerModule.createDocument(app, config, { deepScanRoutes: true });
  const paths = Object.entries(document.paths).filter(([path]) => path.startsWith('/api/'));
  const described = { ...document, paths: Object.fromEntries(paths) };
  for (const [, item] of paths)
    for (const operation of Object.values(item as object) as { responses?: Record<string, unknown> }[])
      if (operation.responses) operation.responses['4XX'] = REFUSED;
  described.components = {
    ...described.components,
    schemas: { ...described.components?.schemas, Refusals: describedBy(Refusals).schema },
  };
  return described;
}

/**
 * Whoever is signed in reads the words of his organization: in the title, over each part, and as the title of each
 * record. Names and paths stay as they are, for programs.
 */
function inWordsOf({ organization, terms }: PageContext, document: OpenAPIObject): OpenAPIObject {
  if (!organization) return document;
  const upfirst = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
  const words = Object.entries(terms);
  const schemas: Record<string, unknown> = { ...document.components?.schemas };
  for (const [name, { one }] of words)
    if (schemas[upfirst(name)]) schemas[upfirst(name)] = { ...(schemas[upfirst(name)] as object), title: upfirst(one) };
  const called = words.map(([name, { one, many }]) => `${name}: ${one}, ${many}`).join('; ');
  return {
    ...document,
    info: {
      ...document.info,
      title: `${document.info.title}: ${organization.name}`,
      description: `${document.info.description} In the words of ${organization.name}: ${called}.`,
    },
    tags: words.map(([name, { many }]) => ({ name: `${name}s`, description: upfirst(many) })),
    components: { ...document.components, schemas } as NonNullable<OpenAPIObject['components']>,
  };
}

/** A zod schema as OpenAPI, for a body that a route takes in several forms: `@ApiBody(describedBy(schema))`. */
export function describedBy(schema: z.ZodType): { schema: SchemaObject } {
  // Without names: what has one would stand among definitions, which this place has no room for.
  const options = {
    target: 'openapi-3.0',
    io: 'input',
    unrepresentable: 'any',
    metadata: z.registry<Record<string, unknown>>(),
  } as const;
  return { schema: z.toJSONSchema(schema, options) as SchemaObject };
}
