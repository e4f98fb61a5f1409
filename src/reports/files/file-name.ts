/**
 * The name under which a report is saved: `attendance_2026-11-01_2026-11-30.csv`.
 * @param from first and last day, both inclusive; null: without limit
 * @param today names the file of what has no days, such as a list of people
 */
export function fileNameOf(
  type: string,
  { from, to }: { from: string | null; to: string | null },
  today: string,
  ending: string,
): string {
  const days = from === null && to === null ? today : `${from ?? 'beginning'}_${to ?? today}`;
  return `${type}_${days}.${ending}`;
}
