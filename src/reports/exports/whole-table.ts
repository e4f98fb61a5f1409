import { type Chart } from '../chart.js';
import { type ReportTable, type Words } from '../report-table.js';

/** A table that is written to its end, and how many rows that will be. */
export interface WholeTable extends ReportTable {
  total: number;
  /** False: `total` is only about right. */
  isExact?: boolean;
  /** What the figures mean. */
  notes?: Words[];
  chart?: Chart | null;
  meta?: Record<string, unknown>;
}
