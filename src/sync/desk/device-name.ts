/** A device as pages name it. */
export interface DeviceName {
  /** The client (sync_clients.client_id), as programs know it. */
  id: string;
  /** "Chrome on Linux"; null when the client is not known any more. */
  label: string | null;
  /** Tells apart what has the same label: "A3F9". The same for everybody who uses this browser. */
  short: string | null;
}

/** @param deviceHash SHA-256 of the browser's cookie: a few digits of it say nothing of the cookie */
export const shortOf = (deviceHash: string): string => deviceHash.slice(0, 4).toUpperCase();

export const deviceNamed = (id: string, label: string | null, deviceHash: string | null): DeviceName => ({
  id,
  label,
  short: deviceHash === null ? null : shortOf(deviceHash),
});
