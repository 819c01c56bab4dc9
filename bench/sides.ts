import { now } from "./statistics.ts";
import { call, frames, json, text } from "./wire.ts";

/** One exchange as a client sees it, all times by the common clock, milliseconds. */
export interface Exchange {
  began: number;
  firstText: number;
  ended: number;
  /** How late each chunk arrived after the model server sent it. */
  lateness: number[];
}

/** One way to get an answer for a prompt. */
export type Side = (prompt: string) => Promise<Exchange>;

/** Chunks carry the time they were sent: `@<milliseconds> `. */
const sentAt = /@(\d+(?:\.\d+)?) /g;

function note(exchange: Exchange, piece: string): void {
  const arrived = now();
  if (exchange.firstText === 0) exchange.firstText = arrived;
  for (const [, time] of piece.matchAll(sentAt)) exchange.lateness.push(arrived - Number(time));
}

/** Straight to the model server: the limit that no server in between can beat. */
export function directSide(modelUrl: string, toolCalls = 0): Side {
  return async (prompt) => {
    const exchange: Exchange = { began: now(), firstText: 0, ended: 0, lateness: [] };
    const messages: unknown[] = [{ role: "user", content: prompt }];
    for (let turn = 0; turn <= toolCalls; turn++) {
      const response = await call(`${modelUrl}/chat/completions`, {
        json: { model: "scripted", stream: true, stream_options: { include_usage: true }, messages },
      });
      await frames(response, (frame) => {
        if (!frame.startsWith("data: {")) return;
        const chunk = JSON.parse(frame.slice(6)) as { choices?: { delta?: { content?: string } }[] };
        const piece = chunk.choices?.[0]?.delta?.content;
        if (piece) note(exchange, piece);
      });
      const id = `call_${turn}`;
      const called = { name: "read", arguments: '{"path":"notes.md"}' };
      messages.push({
        role: "assistant",
        content: null,
        tool_calls: [{ id, type: "function", function: called }],
      });
      messages.push({ role: "tool", tool_call_id: id, content: "text" });
    }
    exchange.ended = now();
    return exchange;
  };
}

/** Through zcbot: post a message to a task of its own, follow the run's events to the end. */
export function zcbotSide(url: string, token: string, nextTask: () => Promise<string>): Side {
  const headers = { Authorization: `Bearer ${token}` };
  return async (prompt) => {
    const taskId = await nextTask();
    const exchange: Exchange = { began: now(), firstText: 0, ended: 0, lateness: [] };
    const accepted = await call(`${url}/v1/tasks/${taskId}/messages`, { headers, json: { content: prompt } });
    if (accepted.statusCode !== 202) throw new Error(await text(accepted));
    const { events_url } = await json<{ events_url: string }>(accepted);
    let last = "";
    await frames(await call(url + events_url, { headers }), (frame) => {
      last = frame;
      const data = frame.indexOf("data: ");
      if (!frame.includes("event: text\n")) return;
      note(exchange, (JSON.parse(frame.slice(data + 6)) as { text: string }).text);
    });
    exchange.ended = now();
    if (!last.includes('"status":"ok"')) throw new Error(`the run ended with ${last}`);
    return exchange;
  };
}
