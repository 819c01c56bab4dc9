import { setTimeout as wait } from "node:timers/promises";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import type { Sandbox } from "../../../workspace/sandbox/sandbox.ts";
import { type RunningCommand, startCommand } from "../../../workspace/start-command.ts";
import type { StdioReach } from "../mcp-server.ts";
import type { FloodGuard } from "./flood-guard.ts";

/** Of what the server says beside the protocol, characters. */
const maxNoise = 2_000;

/**
 * Keeps standard error apart from the protocol on standard output: its end, and the exit code, follow once the server
 * has ended. Both would otherwise be one stream, where a line of the log could fall into the middle of a message.
 */
const separateErrors = `exec 3>&1; { "$@" 2>&1 >&3 3>&-; echo "[exit code $?]"; } | tail -c ${maxNoise}`;

/**
 * Takes the program's variables from the first lines of its input: a person may choose them, and given to the command as
 * its environment they would reach what starts the sandbox, outside of it, LD_PRELOAD and PATH among them. Nor does any
 * command line show their values.
 */
const takeVariables = 'while IFS= read -r pair && [ -n "$pair" ]; do export "$pair"; done';

/**
 * Speaks to a program that runs in the sandbox, in this directory (absolute host path): one JSON message a line. The
 * program and all it starts end with the transport.
 */
export class ProcessTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #sandbox: Sandbox;
  readonly #reach: StdioReach;
  readonly #cwd: string;
  readonly #guard: FloodGuard;
  #running: RunningCommand | undefined;
  #closing: Promise<void> | undefined;
  #rest: Buffer[] = [];
  #restBytes = 0;
  #noise = "";

  constructor(sandbox: Sandbox, reach: StdioReach, cwd: string, guard: FloodGuard) {
    this.#sandbox = sandbox;
    this.#reach = reach;
    this.#cwd = cwd;
    this.#guard = guard;
  }

  /** The end of what the program has said beside the protocol: why it does not work, as a rule. */
  get noise(): string {
    return this.#noise.trim();
  }

  async start(): Promise<void> {
    const { command, args, env } = this.#reach;
    this.#running = await startCommand(
      this.#sandbox,
      {
        argv: ["/bin/sh", "-c", `${takeVariables}; ${separateErrors}`, "sh", command, ...args],
        cwd: this.#cwd,
        network: true,
      },
      "open",
    );
    this.#running.stdin?.write(
      `${Object.entries(env)
        .map(([name, value]) => `${name}=${value}\n`)
        .join("")}\n`,
    );
    this.#running.output.on("data", (chunk: Buffer) => this.#take(chunk));
    void this.#running.ended.then(({ complaint }) => {
      this.#note(complaint);
      this.#end();
    });
    if (this.#closing) await this.#running.end();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.#running?.stdin;
    if (!stdin?.writable || this.#closing) throw new Error("the program has ended");
    if (stdin.write(`${JSON.stringify(message)}\n`)) return;
    // Whoever does not read is noticed by the deadline of what it does not answer.
    if (stdin.writableLength > maxUnread) throw new Error("the program does not read what it is sent");
  }

  /** Done when nothing of the program is left. */
  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  /** Whoever reads to the end of its input ends by itself, and in order. */
  async #stop(): Promise<void> {
    const running = this.#running;
    running?.stdin?.end();
    await Promise.race([running?.ended, wait(patienceMs, undefined, { ref: false })]);
    await running?.end();
    this.#end();
  }

  /** Once. */
  #end(): void {
    const { onclose } = this;
    this.onclose = undefined;
    this.#closing ??= Promise.resolve();
    onclose?.();
  }

  #take(chunk: Buffer): void {
    if (this.#closing) return;
    try {
      for (let start = 0; start < chunk.length; ) {
        const end = chunk.indexOf(lineFeed, start);
        const piece = chunk.subarray(start, end === -1 ? chunk.length : end);
        this.#rest.push(piece);
        this.#restBytes += piece.length;
        this.#guard.bytes(piece.length, this.#restBytes);
        if (end === -1) return;
        start = end + 1;
        const line = Buffer.concat(this.#rest).toString("utf8");
        this.#rest = [];
        this.#restBytes = 0;
        this.#read(line);
      }
    } catch (error) {
      this.#rest = [];
      this.onerror?.(error as Error);
      void this.close();
    }
  }

  #read(line: string): void {
    if (line.trim() === "") return;
    const message = parseMessage(line);
    if (message === undefined) this.#note(`${line}\n`);
    else {
      this.#guard.message();
      if (isOfUse(message)) this.onmessage?.(message);
    }
  }

  #note(text: string): void {
    this.#noise = (this.#noise + text).slice(-maxNoise);
  }
}

const lineFeed = 10;
/** How long a program may take to end once its input is at its end, milliseconds. */
const patienceMs = 300;
/** Of what the program has not read yet, bytes. */
const maxUnread = 16 * 2 ** 20;

/** What nobody here listens to is not looked at: logs, for one, of which there may be many. */
function isOfUse(message: JSONRPCMessage): boolean {
  return !("method" in message) || "id" in message || usefulNotifications.has(message.method);
}

const usefulNotifications: ReadonlySet<string> = new Set([
  "notifications/progress",
  "notifications/cancelled",
  "notifications/tools/list_changed",
]);

/** Undefined for a line that is no message. What is in it is checked by whoever asked for it. */
function parseMessage(line: string): JSONRPCMessage | undefined {
  if (!line.trimStart().startsWith("{")) return undefined;
  try {
    const value = JSON.parse(line);
    return value.jsonrpc === "2.0" ? value : undefined;
  } catch {
    return undefined;
  }
}
