import type { ServerResponse } from "node:http";
import type { Turn } from "./model-turn.ts";
import type { Frame, Wire } from "./wires/wire.ts";

/** Answers one request with a turn, at its pace and with its faults. */
export function playTurn(
  turn: Turn,
  wire: Wire,
  body: Record<string, unknown>,
  response: ServerResponse,
): void {
  if (turn.stallAfter === 0) return;
  if (turn.resetAfter === 0) {
    reset(response);
    return;
  }
  if (turn.status !== undefined) {
    response.writeHead(turn.status, turn.headers).end(turn.body);
    return;
  }
  if (turn.whole) {
    response.writeHead(200, { "content-type": "application/json", ...turn.headers });
    response.end(wire.encodeWhole?.(turn, body));
    return;
  }
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    ...turn.headers,
  });
  void playFrames(turn, wire.encode(turn, body), response);
}

async function playFrames(turn: Turn, frames: Frame[], response: ServerResponse): Promise<void> {
  const pace = turn.paceMs ?? 0;
  const began = performance.now();
  let parts = 0;
  let bytes = "";
  for (const frame of frames) {
    if (frame.until) {
      await write(bytes, turn, response);
      bytes = "";
      await frame.until;
    }
    // Paced texts follow a fixed timetable: a late one does not delay those behind it.
    if (pace > 0 && parts > 0 && frame.endsPart) await waitUntil(began + parts * pace);
    if (response.destroyed) return;
    bytes += stamped(frame, turn);
    if (!frame.endsPart) continue;
    parts++;
    const cut = parts === turn.stallAfter || parts === turn.resetAfter;
    if (pace > 0 || cut) {
      await write(bytes, turn, response);
      bytes = "";
    }
    if (parts === turn.stallAfter) return;
    if (parts === turn.resetAfter) {
      setImmediate(reset, response);
      return;
    }
  }
  await write(bytes, turn, response);
  response.end();
}

function stamped(frame: Frame, turn: Turn): string {
  if (!turn.stampTexts || frame.stampAt === undefined) return frame.bytes;
  const time = Number(process.hrtime.bigint()) / 1e6;
  return `${frame.bytes.slice(0, frame.stampAt)}@${time} ${frame.bytes.slice(frame.stampAt)}`;
}

/** Writes text, in slices of their own where the turn wants that: each then travels by itself. */
async function write(text: string, turn: Turn, response: ServerResponse): Promise<void> {
  if (text === "" || response.destroyed) return;
  const ended = turn.lineEnd === "\r\n" ? text.replaceAll("\n", "\r\n") : text;
  if (turn.sliceBytes === undefined) {
    response.write(ended);
    return;
  }
  const all = Buffer.from(ended);
  for (let at = 0; at < all.length; at += turn.sliceBytes) {
    response.write(all.subarray(at, at + turn.sliceBytes));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function waitUntil(time: number): Promise<void> {
  const delay = time - performance.now();
  return new Promise((resolve) => (delay > 0 ? setTimeout(resolve, delay) : setImmediate(resolve)));
}

function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}
