/** One figure with what it is held against. */
export interface Row {
  name: string;
  unit: string;
  figure: number;
  /** The two sides that the figure was made from, where there are two. */
  ours?: number;
  direct?: number;
  /** What is to be reached; `atMost` says from which side. */
  limit?: number;
  atMost?: boolean;
}

const round = (value: number | undefined) => (value === undefined ? "" : value.toFixed(value < 100 ? 1 : 0));

/** Prints rows as a table, and whether each limit was met. */
export function printRows(rows: Row[]): void {
  for (const row of rows) {
    const { limit, atMost } = row;
    const met = limit === undefined || (atMost ? row.figure <= limit : row.figure >= limit);
    const goal = limit === undefined ? "" : `${atMost ? "≤" : "≥"} ${Number(limit.toFixed(1))}`;
    const sides =
      row.direct === undefined
        ? ""
        : `(ours ${round(row.ours)}, direct ${round(row.direct)}, ratio ${((row.ours ?? 0) / row.direct).toFixed(2)})`;
    console.log(
      [
        row.name.padEnd(68),
        `${round(row.figure)} ${row.unit}`.padStart(12),
        goal.padStart(9),
        limit === undefined ? "    " : met ? "met " : "MISS",
        sides,
      ].join("  "),
    );
  }
}
