/**
 * Measures the built server against a scripted model server, and a direct client against the same model
 * server, side by side in one run. `node bench/main.ts [name ...]` runs some of the measures only.
 */
import { abuseSetUp, measureAbuse } from "./measures/abuse.ts";
import { measureBursts } from "./measures/burst.ts";
import { measureCancel } from "./measures/cancel.ts";
import { measureAssembly, measureSteps } from "./measures/context.ts";
import { measureDispatch } from "./measures/dispatch.ts";
import { measureDocuments } from "./measures/documents.ts";
import { measureExchanges } from "./measures/exchanges.ts";
import { measureLists } from "./measures/lists.ts";
import { measureIdleMemory, measureStart, measureUpload } from "./measures/process.ts";
import { measureProcesses } from "./measures/processes.ts";
import { measureSandbox } from "./measures/sandbox.ts";
import { measureSearch } from "./measures/search.ts";
import { measureStreams, streamsSetUp } from "./measures/streams.ts";
import { printRows, type Row } from "./report.ts";
import { type Bench, type SetUpOptions, setUp } from "./setup.ts";

/** Gives a measure a server, a database and a model server of its own. */
function alone(measure: (bench: Bench) => Promise<Row[]>, options?: SetUpOptions): () => Promise<Row[]> {
  return async () => {
    const bench = await setUp(options);
    try {
      return await measure(bench);
    } finally {
      await bench.close();
    }
  };
}

const measures: Record<string, () => Promise<Row[]>> = {
  exchanges: alone(measureExchanges),
  burst: alone(measureBursts),
  cancel: alone(measureCancel, { modelHere: true }),
  lists: alone(measureLists),
  start: alone(measureStart),
  memory: alone(measureIdleMemory),
  upload: alone(measureUpload),
  dispatch: measureDispatch,
  processes: measureProcesses,
  sandbox: measureSandbox,
  search: measureSearch,
  documents: measureDocuments,
  context: measureAssembly,
  steps: alone(measureSteps, { modelHere: true }),
  abuse: alone(measureAbuse, abuseSetUp),
  streams: alone(measureStreams, streamsSetUp),
};

const wanted = process.argv.slice(2);
for (const [name, measure] of Object.entries(measures)) {
  if (wanted.length === 0 || wanted.includes(name)) printRows(await measure());
}
