import type { RunEvent } from "../protocol/event.ts";

/** What a run took, for the line at its end. */
export interface Bill {
  add(call: Extract<RunEvent, { type: "usage" }>): void;
  total(counts: Extract<RunEvent, { type: "done" }>): string;
}

/** Adds up what model calls took; without all prices there is no sum. */
export function createBill(): Bill {
  let cached = 0;
  let cost: number | null | undefined;
  return {
    add(call) {
      cached += call.cached;
      cost = call.cost === null || cost === null ? null : (cost ?? 0) + call.cost;
    },
    total({ tokens_in, tokens_out }) {
      const share = cached > 0 && tokens_in > 0 ? ` (${Math.round((100 * cached) / tokens_in)}% cached)` : "";
      const money = cost === undefined ? "" : cost === null ? ", price unknown" : `, $${formatCost(cost)}`;
      return `${tokens_in} tokens in${share}, ${tokens_out} out${money}`;
    },
  };
}

/** To the cent from ten cents on, two telling digits below. */
function formatCost(dollars: number): string {
  if (dollars === 0 || dollars >= 0.1) return dollars.toFixed(2);
  return dollars.toFixed(1 - Math.floor(Math.log10(dollars)));
}
