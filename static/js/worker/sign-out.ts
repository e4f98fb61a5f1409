import { waiting } from './device.js';
import { forget } from './navigate.js';
import { offlinePage } from './offline-page.js';
import { oweSignOut } from './owed.js';

/** Names and pages go at once, with network or without. */
export async function signOut(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request);
    if (answer.type === 'opaqueredirect' || answer.ok) await forget();
    return answer;
  } catch {
    await oweSignOut();
    await forget();
    return offlinePage('left', { waiting: await waiting() });
  }
}
