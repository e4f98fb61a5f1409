import { type INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';

type SchemaObject = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string];

/** `/api/openapi.json` and `/api/docs`, made from the schemas by which the doors parse. Public: it names no data. */
export function useOpenApi(app: INestApplication): void {
  const config = new DocumentBuilder()
    .setTitle('Omnipresence')
    .setDescription('Who was present, where and when.')
    .setVersion('1')
    .addCookieAuth('omnipresence')
    .build();
  // Made at the first request for it, not at every start.
  SwaggerModule.setup('api/docs', app, () => apiDocument(app, config), { jsonDocumentUrl: 'api/openapi.json' });
}

/** Pages are for people: the document holds what stands under /api. */
function apiDocument(app: INestApplication, config: Parameters<typeof SwaggerModule.createDocument>[1]): OpenAPIObject {
  const document = SwaggerModule.createDocument(app, config, { deepScanRoutes: true });
  const paths = Object.entries(document.paths).filter(([path]) => path.startsWith('/api/'));
  return { ...document, paths: Object.fromEntries(paths) };
}

/** A zod schema as OpenAPI, for a body that a route takes in several forms: `@ApiBody(describedBy(schema))`. */
export function describedBy(schema: z.ZodType): { schema: SchemaObject } {
  const options = { target: 'openapi-3.0', io: 'input', unrepresentable: 'any' } as const;
  return { schema: z.toJSONSchema(schema, options) as SchemaObject };
}
