import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { Client, ClientOptions } from "@modelcontextprotocol/sdk/client/index.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { JsonSchemaValidatorResult } from "@modelcontextprotocol/sdk/validation/types.js";
import { z } from "zod";
import type { ReachPolicy } from "../../workspace/network/route.ts";
import { createSteadyFetch } from "../../workspace/network/steady-fetch.ts";
import type { Sandbox } from "../../workspace/sandbox/sandbox.ts";
import { describeFailure } from "./describe-failure.ts";
import { answerForm } from "./elicitation.ts";
import { type ListedTool, listTools, ToolPage } from "./list-tools.ts";
import { type HttpReach, type McpServer, McpUnavailable, type StdioReach } from "./mcp-server.ts";
import { boundFetch } from "./transport/bounded-fetch.ts";
import { createFloodGuard, McpFlood } from "./transport/flood-guard.ts";
import { ProcessTransport } from "./transport/process-transport.ts";

/** Where a session's server works, and how it is reached. */
export interface SessionPlace {
  sandbox: Sandbox;
  /** The working directory of a program, absolute host path. */
  cwd: string;
  /** How servers that users name are reached. */
  reach: Omit<ReachPolicy, "allow">;
}

/** Milliseconds: of a question that is no call, between two words about a call, of a call in all, for a farewell. */
const answerMs = 30_000;
const silenceMs = 300_000;
const callMs = 3_600_000;
const farewellMs = 2_000;
/** Of the forms that a server may send while calls are at work. */
const maxForms = 20;

const callResult = z.looseObject({
  content: z.array(z.unknown()).default([]),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().optional(),
});

/** What a call gave, as the server sent it, and what was said to questions of its. */
export interface CallResult {
  content: unknown[];
  structuredContent?: unknown;
  isError?: boolean;
  forms: string[];
}

/** A connection to one server. It ends by `close`, or by itself: then `closed` is aborted. */
export interface McpSession {
  readonly closed: AbortSignal;
  /** Whether a call is at work. */
  readonly busy: boolean;
  /** What the server offers; listed anew, where it has said that there is news. */
  tools(signal: AbortSignal): Promise<readonly ListedTool[]>;
  /** Rejects with the signal's reason, with an error of the server's or of the connection's. */
  call(
    name: string,
    input: object,
    signal: AbortSignal,
    onProgress: (text: string) => void,
  ): Promise<CallResult>;
  /** Why `error` has happened, as the end of a sentence. */
  explain(error: unknown): string;
  /** Done when nothing of it is left. */
  close(): Promise<void>;
}

/** The SDK hands notifications on a moment late: what was said of a call before its answer would come after it. */
function keepOrder(transport: Transport): void {
  const deliver = transport.onmessage;
  transport.onmessage = (message, extra) => {
    if ("method" in message) deliver?.(message, extra);
    else void Promise.resolve().then(async () => deliver?.(await message, extra));
  };
}

/** A transport, and what is to be known of it beyond the protocol. */
interface Line {
  transport: Transport;
  noise(): string;
  /** Says good-bye, where that is usual. */
  leave(): Promise<void>;
  release(): void;
}

/** Connects to a server and lists its tools. Throws `McpUnavailable`, or the signal's reason. */
export async function openSession(
  server: McpServer,
  place: SessionPlace,
  signal: AbortSignal,
): Promise<McpSession> {
  const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
  const closed = new AbortController();
  let flood: McpFlood | undefined;
  const onFlood = (error: Error): void => {
    if (error instanceof McpFlood) flood = error;
    void client.close();
  };
  const { reach } = server;
  const line =
    reach.kind === "stdio" ? openProcess(reach, place) : await openHttp(server, reach, place, onFlood);
  const client = new Client({ name: "zcbot", version: "1" }, clientOptions(reach));
  client.onerror = (error) => {
    if (error instanceof McpFlood) flood = error;
  };
  client.onclose = () => closed.abort();
  const explain = (error: unknown): string => describeFailure(flood ?? error, server, line.noise());
  const end = createEnd(client, line);
  try {
    await within(signal, (limited) => client.connect(line.transport, { ...limited, timeout: answerMs }));
    keepOrder(line.transport);
    const forms = await answerRequests(client, reach, place);
    const session = createSession(client, { closed: closed.signal, explain, end, forms });
    await session.tools(signal);
    return session;
  } catch (error) {
    // A program that fails at once is heard out.
    if (reach.kind === "stdio")
      await Promise.race([once(closed.signal), wait(200, undefined, { ref: false })]);
    await end();
    signal.throwIfAborted();
    throw new McpUnavailable(explain(error), { cause: error });
  }
}

function createSession(
  client: Client,
  parts: { closed: AbortSignal; explain(error: unknown): string; end(): Promise<void>; forms: string[] },
): McpSession {
  let listed: readonly ListedTool[] | undefined;
  let calls = 0;
  client.setNotificationHandler(listChanged, () => {
    listed = undefined;
  });
  const list = (signal: AbortSignal): Promise<ListedTool[]> =>
    within(signal, (limited) =>
      listTools((cursor) =>
        client.request({ method: "tools/list", ...(cursor && { params: { cursor } }) }, ToolPage, {
          ...limited,
          timeout: answerMs,
        }),
      ),
    );
  return {
    closed: parts.closed,
    get busy() {
      return calls > 0;
    },
    explain: parts.explain,
    close: parts.end,
    async tools(signal) {
      if (listed) return listed;
      const found = client.getServerCapabilities()?.tools ? await list(signal) : [];
      listed = found;
      return found;
    },
    async call(name, input, signal, onProgress) {
      if (calls++ === 0) parts.forms.length = 0;
      const before = parts.forms.length;
      try {
        const result = await within(signal, (limited) =>
          client.request({ method: "tools/call", params: { name, arguments: { ...input } } }, callResult, {
            ...limited,
            timeout: silenceMs,
            maxTotalTimeout: callMs,
            resetTimeoutOnProgress: true,
            onprogress: (progress) => onProgress(describeProgress(progress)),
          }),
        );
        return { ...result, forms: parts.forms.slice(before) };
      } finally {
        calls -= 1;
      }
    },
  };
}

const listChanged = z.looseObject({ method: z.literal("notifications/tools/list_changed") });

function describeProgress({
  progress,
  total,
  message,
}: {
  progress: number;
  total?: number;
  message?: string;
}): string {
  const count = total === undefined ? `${progress}` : `${progress}/${total}`;
  return message ? `[${count}] ${message.slice(0, 500)}\n` : `[${count}]\n`;
}

/** Nothing is validated that a server says of its results: its schemas are not code to be run here. */
function clientOptions(reach: StdioReach | HttpReach): ClientOptions {
  return {
    capabilities: {
      elicitation: { form: { applyDefaults: true } },
      ...(reach.kind === "stdio" && { roots: {} }),
    },
    jsonSchemaValidator: { getValidator: <Value>() => acceptAll<Value> },
  };
}

function acceptAll<Value>(data: unknown): JsonSchemaValidatorResult<Value> {
  return { valid: true, data: data as Value, errorMessage: undefined };
}

/** Answers what the server asks; gives the list that says what was made of its forms. */
async function answerRequests(
  client: Client,
  reach: StdioReach | HttpReach,
  { sandbox, cwd }: SessionPlace,
): Promise<string[]> {
  const { ElicitRequestSchema, ListRootsRequestSchema } = await import("@modelcontextprotocol/sdk/types.js");
  const forms: string[] = [];
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    if (forms.length >= maxForms || !("requestedSchema" in params)) return { action: "decline" };
    const { action, note } = answerForm(params);
    forms.push(note);
    return action === "accept" ? { action, content: {} } : { action };
  });
  if (reach.kind === "stdio") {
    const uri = pathToFileURL(sandbox.pathInside(cwd)).href;
    client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri, name: "working directory" }] }));
  }
  return forms;
}

function openProcess(reach: StdioReach, { sandbox, cwd }: SessionPlace): Line {
  const transport = new ProcessTransport(sandbox, reach, cwd, createFloodGuard());
  return { transport, noise: () => transport.noise, async leave() {}, release() {} };
}

async function openHttp(
  { source }: McpServer,
  { url, headers }: HttpReach,
  { reach }: SessionPlace,
  onFlood: (error: Error) => void,
): Promise<Line> {
  const { StreamableHTTPClientTransport } = await import(
    "@modelcontextprotocol/sdk/client/streamableHttp.js"
  );
  const guard = createFloodGuard();
  const steady = createSteadyFetch(source === "user" ? reach : undefined);
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    fetch: boundFetch(steady.fetch, guard, onFlood),
    requestInit: { headers: { ...headers } },
  });
  return {
    transport,
    noise: () => "",
    leave: () => transport.terminateSession(),
    release: () => steady.close(),
  };
}

/** What ends a session, once. */
function createEnd(client: Client, line: Line): () => Promise<void> {
  let ending: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    await Promise.race([line.leave().catch(() => {}), wait(farewellMs, undefined, { ref: false })]);
    await client.close().catch(() => {});
    await line.transport.close().catch(() => {});
    line.release();
  };
  return () => {
    ending ??= end();
    return ending;
  };
}

/** A signal for one request: the SDK never takes its listeners off the one that it is given. */
async function within<Result>(
  signal: AbortSignal,
  work: (limited: { signal: AbortSignal }) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await work({ signal: controller.signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function once(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
