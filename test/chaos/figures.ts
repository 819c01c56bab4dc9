import { percentile } from "../../bench/statistics.ts";

/** What the rounds have counted and timed, by name, in the order it first came. */
export interface Figures {
  count(name: string, by?: number): void;
  /** One duration, milliseconds. */
  time(name: string, ms: number): void;
  /** Lines of a table: name, count, and of times p50, p95 and the longest. */
  lines(): string[];
}

export function createFigures(): Figures {
  const counts = new Map<string, number>();
  const times = new Map<string, number[]>();
  return {
    count(name, by = 1) {
      counts.set(name, (counts.get(name) ?? 0) + by);
    },
    time(name, ms) {
      const known = times.get(name);
      if (known) known.push(ms);
      else times.set(name, [ms]);
    },
    lines() {
      const counted = [...counts].map(([name, count]) => `${name.padEnd(58)} ${String(count).padStart(8)}`);
      const timed = [...times].map(([name, values]) => {
        const shown = [percentile(values, 0.5), percentile(values, 0.95), Math.max(...values)].map((value) =>
          `${value.toFixed(value < 100 ? 1 : 0)}`.padStart(8),
        );
        return `${name.padEnd(58)} ${String(values.length).padStart(8)} ${shown.join(" ")}`;
      });
      const head = `${"".padEnd(58)} ${["count", "p50 ms", "p95 ms", "max ms"].map((word) => word.padStart(8)).join(" ")}`;
      return timed.length > 0 ? [...counted, head, ...timed] : counted;
    },
  };
}
