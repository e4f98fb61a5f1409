/** What a page says to the service worker. A worker of another version passes over what it does not know. */
export type Message =
  /** Take today's list and its registers while there is network; `path`: the page that is open. */
  | { type: 'warm'; path: string }
  /** To the version that is in use: it ends what it has in hand, or the new one would not get its turn. */
  | { type: 'make-way' }
  /** To a new version that waits: take over now. Unasked it does so only when nothing waits to be sent. */
  | { type: 'take-over'; asked: boolean };
