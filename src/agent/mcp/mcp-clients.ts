import type { Directory } from "../../workspace/directory.ts";
import type { ReachPolicy } from "../../workspace/network/route.ts";
import type { Sandbox } from "../../workspace/sandbox/sandbox.ts";
import type { DiskSpace } from "../../workspace/space/disk-space.ts";
import type { Tool } from "../tools/tool.ts";
import type { ListedTool } from "./list-tools.ts";
import { type McpServer, McpUnavailable } from "./mcp-server.ts";
import { type McpSession, openSession } from "./session.ts";
import { createMcpTool } from "./tool/mcp-tool.ts";

export interface McpOptions {
  sandbox: Sandbox;
  /** How the servers that users name are reached. */
  reach: Omit<ReachPolicy, "allow">;
  /** How long a session is kept that nobody uses, milliseconds. */
  idleMs?: number;
  /** How long a server that could not be reached is left alone, milliseconds. */
  pauseMs?: number;
  /** How long a server may take to be connected and to list its tools, milliseconds. */
  connectMs?: number;
}

/** Whose session it is, and where its server works. */
export interface McpPlace {
  userId: string;
  directory: Directory;
}

/** What a server was found to be, for those who wait for its tools and those who look at it. */
export interface McpStatus {
  server: McpServer;
  /** Null where it can be used. */
  error: string | null;
  tools: readonly ListedTool[];
}

/** Sessions at a time. */
const maxSessions = 256;
const maxUserSessions = 24;
const usualIdleMs = 600_000;
const usualPauseMs = 60_000;
const usualConnectMs = 30_000;
/** Tools of all servers together: each stands in every request to the model. */
const maxTools = 256;

interface Kept {
  userId: string;
  /** What the server was configured to be. */
  configuration: string;
  session: Promise<McpSession>;
  opened?: McpSession;
  usedAt: number;
}

/**
 * The sessions of this process with servers of tools: made when they are needed, shared by the runs of one user (of a
 * program: in one directory), closed when nobody has used them for a while. Nothing of the protocol is loaded before the first.
 */
export class McpClients {
  readonly #options: McpOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #failures = new Map<string, { until: number; error: McpUnavailable }>();
  #sweep: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: McpOptions) {
    this.#options = options;
  }

  /**
   * The tools of these servers, in their order, and what was found of each. A server that cannot be used has none; that
   * is all that it does to a run. Rejects only with the signal's reason.
   */
  async gather(
    servers: readonly McpServer[],
    place: McpPlace,
    signal: AbortSignal,
  ): Promise<{ tools: Tool[]; statuses: McpStatus[] }> {
    const statuses = await Promise.all(servers.map((server) => this.look(server, place, signal)));
    const tools = new Map<string, Tool>();
    for (const { server, tools: offered } of statuses) {
      const connect = (aborted: AbortSignal) => this.connect(server, place, aborted);
      for (const listed of offered) {
        const tool = createMcpTool(server, listed, this.#options.sandbox, connect);
        const { name } = tool.definition;
        if (tools.size < maxTools && !tools.has(name)) tools.set(name, tool);
      }
    }
    return { tools: [...tools.values()], statuses };
  }

  /** Connects, if need be, and lists the tools that are offered. Rejects only with the signal's reason. */
  async look(server: McpServer, place: McpPlace, signal: AbortSignal): Promise<McpStatus> {
    try {
      const session = await this.connect(server, place, signal);
      const found = await session.tools(signal).catch((error) => {
        signal.throwIfAborted();
        throw new McpUnavailable(session.explain(error), { cause: error });
      });
      const wanted = server.tools;
      const tools = wanted ? found.filter(({ name }) => wanted.includes(name)) : found;
      return { server, error: null, tools };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof McpUnavailable)) throw error;
      return { server, error: error.message, tools: [] };
    }
  }

  /** A session with the server. Throws `McpUnavailable`, or the signal's reason. */
  async connect(server: McpServer, place: McpPlace, signal: AbortSignal): Promise<McpSession> {
    const key = keyOf(server, place);
    const configuration = JSON.stringify(server.reach);
    const kept = this.#kept.get(key);
    if (kept?.configuration === configuration) {
      kept.usedAt = Date.now();
      const session = await orAborted(kept.session, signal);
      if (!session.closed.aborted) return session;
      // Whoever comes first opens the next one.
      if (this.#kept.get(key) === kept) this.#kept.delete(key);
      return await this.connect(server, place, signal);
    }
    if (kept) await this.forget(server, place);
    const failure = this.#failures.get(key + configuration);
    if (failure && failure.until > Date.now()) throw failure.error;
    return await orAborted(this.#open(key, configuration, server, place), signal);
  }

  /** Ends the session with a server, if there is one, and forgets that it failed. */
  async forget(server: McpServer, place: McpPlace): Promise<void> {
    const key = keyOf(server, place);
    this.#failures.delete(key + JSON.stringify(server.reach));
    const kept = this.#kept.get(key);
    this.#kept.delete(key);
    await endKept(kept);
  }

  /** Ends all sessions; done when nothing of them is left. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweep);
    const all = [...this.#kept.values()];
    this.#kept.clear();
    await Promise.all(all.map(endKept));
  }

  #open(key: string, configuration: string, server: McpServer, place: McpPlace): Promise<McpSession> {
    const refusal = this.#refuse(server, place);
    if (refusal) return Promise.reject(new McpUnavailable(refusal));
    const { sandbox, reach, idleMs = usualIdleMs, pauseMs = usualPauseMs } = this.#options;
    const { connectMs = usualConnectMs } = this.#options;
    const where = { sandbox, reach, cwd: place.directory.hostPath };
    const session = openSession(server, where, AbortSignal.timeout(connectMs));
    const kept: Kept = { userId: place.userId, configuration, session, usedAt: Date.now() };
    this.#kept.set(key, kept);
    this.#sweep ??= setInterval(() => this.#closeIdle(idleMs), Math.min(idleMs, 30_000)).unref();
    return session.then(
      (opened) => {
        kept.opened = opened;
        kept.usedAt = Date.now();
        opened.closed.addEventListener("abort", () => this.#drop(key, kept), { once: true });
        if (server.reach.kind === "stdio") endWhereFull(opened, place.directory.space);
        return opened;
      },
      (cause) => {
        this.#drop(key, kept);
        const error =
          cause instanceof McpUnavailable
            ? cause
            : new McpUnavailable("it did not answer in time", { cause });
        this.#failures.set(key + configuration, { until: Date.now() + pauseMs, error });
        throw error;
      },
    );
  }

  #drop(key: string, kept: Kept): void {
    if (this.#kept.get(key) === kept) this.#kept.delete(key);
  }

  /** Why no session may be opened, or undefined: then there is room for it. */
  #refuse({ source, reach }: McpServer, { userId }: McpPlace): string | undefined {
    if (this.#closed) return "this server is about to end";
    const { level } = this.#options.sandbox;
    if (source === "user" && reach.kind === "stdio" && level !== "strict" && level !== "reduced") {
      return "programs of users need a sandbox, and there is none here";
    }
    const isFull =
      !this.#makeRoom(maxUserSessions, (kept) => kept.userId === userId) ||
      !this.#makeRoom(maxSessions, () => true);
    return isFull ? "too many servers of tools are in use at the moment" : undefined;
  }

  /** Ends the session that has not been used for longest, where as many as may be are open. */
  #makeRoom(most: number, counts: (kept: Kept) => boolean): boolean {
    const open = [...this.#kept].filter(([, kept]) => counts(kept));
    if (open.length < most) return true;
    const idle = open.filter(([, { opened }]) => opened && !opened.busy);
    const [oldest] = idle.sort(([, one], [, other]) => one.usedAt - other.usedAt);
    if (!oldest) return false;
    this.#kept.delete(oldest[0]);
    void endKept(oldest[1]);
    return true;
  }

  #closeIdle(idleMs: number): void {
    const now = Date.now();
    for (const [key, { until }] of this.#failures) if (until < now) this.#failures.delete(key);
    for (const [key, kept] of this.#kept) {
      if (kept.opened?.busy) kept.usedAt = now;
      if (!kept.opened || now - kept.usedAt < idleMs) continue;
      this.#kept.delete(key);
      void endKept(kept);
    }
    if (this.#kept.size > 0 || this.#failures.size > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }
}

async function endKept(kept: Kept | undefined): Promise<void> {
  const session = await kept?.session.catch(() => undefined);
  await session?.close();
}

/** A program writes between calls too: it is ended once it has used up the room. */
function endWhereFull(session: McpSession, space: DiskSpace): void {
  const watch = space.watch(session.closed);
  const end = (): void => {
    watch.end();
    void session.close();
  };
  if (watch.signal.aborted) end();
  else watch.signal.addEventListener("abort", end, { once: true });
}

/** A remote server keeps things for whoever speaks to it: no two users share a session, nor two directories a program. */
function keyOf({ source, name, reach }: McpServer, { userId, directory }: McpPlace): string {
  return JSON.stringify([userId, source, name, reach.kind === "stdio" ? directory.hostPath : ""]);
}

async function orAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  promise.catch(() => {});
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
