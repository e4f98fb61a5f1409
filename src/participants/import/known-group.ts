/** A group as it stands, or as this chunk is about to make it (then `id` is 0 until it is written). */
export interface KnownGroup {
  id: number;
  name: string;
  externalId: string | null;
  groupType: string;
  isActive: boolean;
  extraData: Record<string, unknown>;
  /** The parent's id, or the parent itself while it has none. */
  parent: number | null;
  newParent?: KnownGroup;
}
