/**
 * The device engine as a file of its own: signed-in pages load it before their scripts, and the service worker may import
 * the same file, so a browser carries it once.
 */
import { browserEnvironment } from './sync/browser-environment.js';
import { openEngine } from './sync/engine.js';
import { lastAct, overlay, undoOf } from './sync/overlay.js';

const engine = { browserEnvironment, openEngine, lastAct, overlay, undoOf };
declare global {
  var deviceEngine: typeof engine | undefined;
}
globalThis.deviceEngine = engine;
