/** What app.js shares with the scripts that single pages load after it: so a browser carries it once. */
import type {} from './page.js';

export type { Words } from './page.js';
export const {
  amount,
  button,
  fill,
  fold,
  problemIn,
  saveFile,
  say,
  signedOut,
  toast,
  uuid,
  when,
  wholePage,
  wordsOf,
} = window.page;
