/** A server of tools as it is configured, by the operator or by a user for themselves. */
export interface McpServer {
  name: string;
  source: "operator" | "user";
  reach: StdioReach | HttpReach;
  /** `allow`: its calls need nobody's approval; `ask`: all do; undefined: those that leave the sandbox do. */
  approval: "allow" | "ask" | undefined;
  /** The tools that are offered, by the names that the server gives them; undefined for all. */
  tools: readonly string[] | undefined;
}

/** A program that is started, and spoken to through its standard input and output. */
export interface StdioReach {
  kind: "stdio";
  command: string;
  args: readonly string[];
  /** Secrets. */
  env: Readonly<Record<string, string>>;
}

/** An address that is spoken to by streamable HTTP. */
export interface HttpReach {
  kind: "http";
  url: string;
  /** Secrets. */
  headers: Readonly<Record<string, string>>;
}

/** A server that cannot be used at the moment; the message is one English sentence for the person, without secrets. */
export class McpUnavailable extends Error {
  override readonly name = "McpUnavailable";
}
