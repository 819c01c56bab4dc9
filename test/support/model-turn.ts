/** A piece of an answer, in the order it is sent; each becomes one frame of the wire. */
export type Part =
  | { text: string }
  /** `field` is the name under which `/chat/completions` carries it, by default `reasoning_content`. */
  | { reasoning: string; field?: "reasoning_content" | "reasoning"; signature?: string }
  /** A whole call; `pieces` is the number of frames its arguments are spread over, by default 2. */
  | { toolCall: { id?: string; name: string; arguments: string; pieces?: number; signature?: string } }
  /** A frame with this JSON as its data, of whatever wire. */
  | { chunk: unknown }
  /** Bytes as they are: comments, keep-alives, nonsense. */
  | { raw: string }
  /** Sends nothing more until this settles. */
  | { until: Promise<unknown> };

/** What the scripted model server answers to one request, in no wire's words, faults included. */
export interface Turn {
  parts?: Part[];
  /** Milliseconds between frames; 0 (the default) sends all at once. */
  paceMs?: number;
  /** The wire's own word; by default what fits the parts. null: never sent. */
  finishReason?: string | null;
  /** As ours: `cached` and `cacheWrites` are parts of `input`, `reasoning` of `output`. */
  usage?: { input: number; output: number; cached?: number; cacheWrites?: number; reasoning?: number };
  /** Where `/chat/completions` says what was used: a last chunk without choices, as asked for, by default. */
  usageIn?: "own-chunk" | "finish-chunk" | "every-chunk" | "first-chunk" | "choice" | "nowhere";
  /** false: the stream ends without its last word (`[DONE]`, `message_stop`). */
  lastWord?: boolean;
  lineEnd?: "\n" | "\r\n";
  /** Cuts the stream into writes of this many bytes, through characters and lines. */
  sliceBytes?: number;
  /** Each text begins with `@<monotonic milliseconds> `, the time it was sent. */
  stampTexts?: boolean;

  /** Answers with this status and `body` instead of a stream. */
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  /** One JSON object instead of a stream (`/chat/completions` only). */
  whole?: boolean;
  /** Resets the connection after this many parts; 0: before the first byte. */
  resetAfter?: number;
  /** Says nothing more after this many parts, until the client closes; 0: not even headers. */
  stallAfter?: number;
}

/** A turn that says these texts, one frame each. */
export function says(...texts: string[]): Turn {
  return { parts: texts.map((text) => ({ text })) };
}

/** A turn that calls one tool. */
export function calls(name: string, input: unknown, id?: string): Turn {
  const toolCall = { name, arguments: typeof input === "string" ? input : JSON.stringify(input) };
  return { parts: [{ toolCall: id === undefined ? toolCall : { ...toolCall, id } }] };
}

/** A turn that fails with a status, in the form providers give errors. */
export function fails(
  status: number,
  message = "no reason given",
  headers: Record<string, string> = {},
): Turn {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ error: { message, type: "scripted_error", code: null } }),
  };
}

/** Cuts a text into up to `count` pieces of about equal length, at least one. */
export function cut(text: string, count: number): string[] {
  const size = Math.max(1, Math.ceil(text.length / count));
  const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
    text.slice(index * size, (index + 1) * size),
  );
  return pieces.length > 0 ? pieces : [""];
}
