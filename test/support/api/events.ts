import type { TestUser } from "../server.ts";

/** One frame of an event stream: exactly the bytes between two blank lines, and what they say. */
export interface Frame {
  raw: string;
  /** The id as it came: a number in the stream of a run, else a cursor that only the server reads. */
  cursor: string;
  id: number;
  event: string;
  data: Record<string, unknown>;
}

/** A run's event stream, read as bytes; comments and other lines without data are kept apart. */
export interface EventReader {
  response: Response;
  /** Everything received so far. */
  received(): string;
  frames: Frame[];
  /** The next frame; null once the stream has ended. */
  next(): Promise<Frame | null>;
  /** Reads on until a frame of this kind has come, and gives it. Throws if the stream ends before. */
  until(event: string, holds?: (frame: Frame) => boolean): Promise<Frame>;
  /** Reads to the end of the stream and gives all frames. */
  all(): Promise<Frame[]>;
  /** Drops the connection. */
  close(): void;
}

export interface Resume {
  lastEventId?: string | number;
  after?: string | number;
}

/** Opens a run's event stream; throws unless it is answered 200. */
export async function openEvents(
  user: Pick<TestUser, "fetch">,
  url: string,
  { lastEventId, after }: Resume = {},
): Promise<EventReader> {
  const controller = new AbortController();
  const headers: Record<string, string> = {};
  if (lastEventId !== undefined) headers["Last-Event-ID"] = String(lastEventId);
  const response = await user.fetch(after === undefined ? url : `${url}?after=${after}`, {
    headers,
    signal: controller.signal,
  });
  if (response.status !== 200 || !response.body) {
    throw new Error(`no event stream: ${response.status} ${await response.text()}`);
  }
  return readEvents(response, response.body, controller);
}

function readEvents(
  response: Response,
  body: ReadableStream<Uint8Array>,
  controller: AbortController,
): EventReader {
  const source = body.getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const frames: Frame[] = [];
  let text = "";
  let cut = 0;
  const reader: EventReader = {
    response,
    frames,
    received: () => text,
    async next() {
      for (;;) {
        const end = text.indexOf("\n\n", cut);
        if (end >= 0) {
          const raw = text.slice(cut, end + 2);
          cut = end + 2;
          const frame = parseFrame(raw);
          if (!frame) continue;
          frames.push(frame);
          return frame;
        }
        const { done, value } = await source.read();
        if (!done) text += decoder.decode(value, { stream: true });
        else if (cut === text.length) return null;
        else throw new Error(`the stream ended within a frame: ${JSON.stringify(text.slice(cut))}`);
      }
    },
    async until(event, holds = () => true) {
      for (let frame = await reader.next(); frame; frame = await reader.next()) {
        if (frame.event === event && holds(frame)) return frame;
      }
      throw new Error(`the stream ended without ${event}: ${frames.map((frame) => frame.event)}`);
    },
    async all() {
      while (await reader.next());
      return frames;
    },
    close: () => controller.abort(),
  };
  return reader;
}

/** Strict on purpose: exactly the three lines of the contract, or only comments and `retry`. */
function parseFrame(raw: string): Frame | null {
  const lines = raw.slice(0, -2).split("\n");
  if (lines.every((line) => line.startsWith(":") || line.startsWith("retry: "))) return null;
  const match = /^id: ([\d-]+)\nevent: ([a-z_]+)\ndata: (\{[^\r\n]*\})\n\n$/.exec(raw);
  if (!match) throw new Error(`not a frame of the contract: ${JSON.stringify(raw)}`);
  const [, cursor = "", event = "", data = ""] = match;
  return { raw, cursor, id: Number(cursor), event, data: JSON.parse(data) };
}
