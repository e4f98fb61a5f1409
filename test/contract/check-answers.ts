import { Visitor } from '../support/visitor.js';
import { type World } from '../world.js';
import { AnswerSchemas } from './answer-schemas.js';

/**
 * From here on, every answer of success that a visitor of this file gets from /api is compared with the description,
 * and the test in which one differs fails.
 */
export async function checkAnswers(world: World): Promise<void> {
  const document = (await world.visitor().get('/api/openapi.json')).json;
  const schemas = new AnswerSchemas(document);
  const templates = Object.keys(document.paths as Record<string, unknown>)
    // What is written out goes before what stands for an id.
    .sort((a, b) => Number(a.includes('{')) - Number(b.includes('{')))
    .map((path) => ({ path, matches: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`) }));
  Visitor.hears = (method, address, { status, json }) => {
    const path = address.split('?')[0]!;
    if (status < 200 || status > 299 || json === undefined || !path.startsWith('/api/')) return;
    if (path === '/api/openapi.json') return;
    const template = templates.find(({ matches }) => matches.test(path));
    const faults = template
      ? schemas.faults(method, template.path.replace(/\{(\w+)\}/g, ':$1'), status, json)
      : ['the document does not know this route'];
    if (faults.length > 0) throw new Error(`${method} ${path} answered ${status}, but ${faults.join('; ')}`);
  };
}
