import { createHash } from "node:crypto";

/** What every provider takes as a tool's name. */
const maxLength = 64;
const hashLength = 6;

/**
 * The name under which models know a tool of a server. One that had to be changed to fit ends with a hash of what it was, so
 * that it depends on no other tool, and two that would look alike differ.
 */
export function toolName(server: string, tool: string): string {
  const name = `mcp__${clean(server)}__${clean(tool)}`;
  if (clean(server) === server && clean(tool) === tool && name.length <= maxLength) return name;
  const hash = createHash("sha256").update(`${server}\n${tool}`).digest("hex").slice(0, hashLength);
  return `${name.slice(0, maxLength - hashLength - 1)}_${hash}`;
}

/** Two underscores in a row part the server from the tool. */
function clean(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_-]+/g, "_").replaceAll(/__+/g, "_");
}
