import type { Row } from "../report.ts";
import { type Bench, makeTasks } from "../setup.ts";
import { median } from "../statistics.ts";
import { call, frames, json, text } from "../wire.ts";

const rounds = 60;

/** From the cancel request to the closed socket upstream, and to the end that the client sees. */
export async function measureCancel(bench: Bench): Promise<Row[]> {
  const nextTask = await makeTasks(bench, rounds);
  const socket: number[] = [];
  const seen: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const task = `${bench.url}/v1/tasks/${await nextTask()}`;
    const accepted = await call(`${task}/messages`, {
      headers: bench.headers,
      json: { content: "chat 100000 5" },
    });
    const { run_id } = await json<{ run_id: string }>(accepted);
    const stream = await call(`${task}/runs/${run_id}/events`, { headers: bench.headers });
    let began = 0;
    let cancelled: Promise<string> | undefined;
    await frames(stream, (frame) => {
      if (began !== 0 || !frame.includes("event: text\n")) return;
      began = performance.now();
      cancelled = call(`${task}/runs/${run_id}/cancel`, { method: "POST", headers: bench.headers }).then(
        text,
      );
    });
    seen.push(performance.now() - began);
    await cancelled;
    const closed = await bench.models?.requests.at(-1)?.closedEarly;
    socket.push((closed ?? Number.NaN) - began);
  }
  return [
    {
      name: "cancel: upstream socket closed, p50",
      unit: "ms",
      figure: median(socket),
      limit: 2,
      atMost: true,
    },
    { name: "cancel: client sees the end, p50", unit: "ms", figure: median(seen), limit: 6, atMost: true },
  ];
}
