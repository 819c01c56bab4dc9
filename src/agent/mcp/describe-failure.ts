import { cleanText } from "../../protocol/text.ts";
import type { McpServer } from "./mcp-server.ts";
import { McpFlood } from "./transport/flood-guard.ts";

/** Of what others say, characters. */
const maxLength = 400;
/** JSON-RPC's codes as the protocol has them. */
const timedOut = -32001;
const closed = -32000;

const systemCodes: Record<string, string> = {
  ECONNREFUSED: "nothing listens at its address",
  ENOTFOUND: "its name has no address",
  EAI_AGAIN: "its name cannot be looked up",
  ECONNRESET: "it broke the connection off",
  ETIMEDOUT: "its address does not answer",
};

/**
 * Why a server cannot be used, as the end of a sentence that begins with it. `noise`: what it has said beside the protocol.
 * Nothing of an address or a secret is in it.
 */
export function describeFailure(error: unknown, server: McpServer, noise = ""): string {
  return hideSecrets(findReason(error, server, noise), server);
}

function findReason(error: unknown, server: McpServer, noise: string): string {
  if (!(error instanceof Error)) return "it failed";
  if (error instanceof McpFlood) return error.message;
  const code: unknown = (error as { code?: unknown }).code;
  const said = noise === "" ? "" : `; it said: ${clip(noise)}`;
  if (typeof code === "string") return systemCodes[code] ?? `the connection failed (${code})`;
  if (code === timedOut || error.name === "TimeoutError") return `it did not answer in time${said}`;
  if (code === closed) return `it ended${said}`;
  if (typeof code === "number" && error.name === "Error" && error.message.startsWith("Streamable HTTP")) {
    if (code === 401 || code === 403) return `it does not accept these credentials (HTTP status ${code})`;
    return code > 0
      ? `it answered with HTTP status ${code}`
      : "it does not speak the protocol at this address";
  }
  if (server.reach.kind === "http" && error.name === "SyntaxError") return "it answered with what is no JSON";
  return `${clip(error.message)}${said}`;
}

/** The text without the values of the server's headers and variables, should it repeat them. */
export function hideSecrets(text: string, { reach }: McpServer): string {
  const secrets = Object.values(reach.kind === "http" ? reach.headers : reach.env)
    .flatMap((value) => [value, value.replace(/^(Bearer|Basic|Token) /i, "")])
    .filter((value) => value.length >= shortestSecret);
  return secrets.reduce((hidden, secret) => hidden.replaceAll(secret, "[hidden]"), text);
}

/** Shorter values are words that may stand in any text, characters. */
const shortestSecret = 8;

function clip(text: string): string {
  const line = cleanText(text).replaceAll(/\s+/g, " ").trim();
  return line.length <= maxLength ? line : `...${line.slice(-maxLength)}`;
}
