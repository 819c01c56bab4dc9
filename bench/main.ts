/**
 * Measures the built server against a scripted model server, and a direct client against the same model
 * server, side by side in one run. `node bench/main.ts [name ...]` runs some of the measures only.
 */
import { measureBursts } from "./measures/burst.ts";
import { measureCancel } from "./measures/cancel.ts";
import { measureExchanges } from "./measures/exchanges.ts";
import { measureLists } from "./measures/lists.ts";
import { measureIdleMemory, measureStart, measureUpload } from "./measures/process.ts";
import { printRows } from "./report.ts";
import { setUp } from "./setup.ts";

const measures = {
  exchanges: measureExchanges,
  burst: measureBursts,
  cancel: measureCancel,
  lists: measureLists,
  start: measureStart,
  memory: measureIdleMemory,
  upload: measureUpload,
};

const wanted = process.argv.slice(2);
for (const [name, measure] of Object.entries(measures)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  // Each measure has a server, a database and a model server of its own.
  const bench = await setUp({ modelHere: name === "cancel" });
  try {
    printRows(await measure(bench));
  } finally {
    await bench.close();
  }
}
