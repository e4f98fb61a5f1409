import { type INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

/** `/api/openapi.json` and `/api/docs`, made from the schemas by which the doors parse. Public: it names no data. */
export function useOpenApi(app: INestApplication): void {
  const config = new DocumentBuilder()
    .setTitle('Omnipresence')
    .setDescription('Who was present, where and when.')
    .setVersion('1')
    .addCookieAuth('omnipresence')
    .build();
  // Made at the first request for it, not at every start.
  SwaggerModule.setup('api/docs', app, () => SwaggerModule.createDocument(app, config, { deepScanRoutes: true }), {
    jsonDocumentUrl: 'api/openapi.json',
  });
}
