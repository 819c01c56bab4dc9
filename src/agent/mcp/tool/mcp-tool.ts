import { ApiError } from "../../../protocol/error.ts";
import type { Sandbox } from "../../../workspace/sandbox/sandbox.ts";
import { createLiveOutput } from "../../tools/commands/live-output.ts";
import { failure } from "../../tools/define-tool.ts";
import type { Tool, ToolContext, ToolOutcome } from "../../tools/tool.ts";
import { hideSecrets } from "../describe-failure.ts";
import type { ListedTool } from "../list-tools.ts";
import { type McpServer, McpUnavailable } from "../mcp-server.ts";
import type { CallResult, McpSession } from "../session.ts";
import { checkSchema, cleanSchema } from "./input-schema.ts";
import { renderResult } from "./render-result.ts";
import { toolName } from "./tool-name.ts";

/** Gives the session with the server, a new one where the last has ended. Throws as `openSession` does. */
export type Connect = (signal: AbortSignal) => Promise<McpSession>;

/** A tool of a server as the agent knows it: namespaced, and never to be called twice without a look. */
export function createMcpTool(
  server: McpServer,
  listed: ListedTool,
  sandbox: Sandbox,
  connect: Connect,
): Tool {
  const name = toolName(server.name, listed.name);
  const parameters = checkSchema(listed.inputSchema);
  const reason = leavingReason(server, listed.name, sandbox);
  return {
    definition: {
      name,
      description: listed.description || `The tool ${listed.name} of the server ${server.name}.`,
      parameters: cleanSchema(listed.inputSchema),
    },
    // Whatever the server says of it: hints of those who are not trusted are no ground to repeat a call.
    effect: "external",
    parameters,
    leaves: () => reason,
    async execute(input, context) {
      try {
        const call = { server, tool: listed.name, name, input: parameters.parse(input) };
        return await callTool(call, connect, context);
      } catch (error) {
        context.signal.throwIfAborted();
        if (error instanceof McpUnavailable) {
          return failure(
            `The server ${server.name} is not available: ${error.message}. The call was not made.`,
          );
        }
        throw error;
      }
    },
  };
}

/** Undefined where a call stays inside the sandbox, or need not be asked about. */
function leavingReason(server: McpServer, tool: string, { level }: Sandbox): string | undefined {
  if (server.approval === "allow") return undefined;
  const isInside = server.reach.kind === "stdio" && (level === "strict" || level === "reduced");
  if (isInside && server.approval === undefined) return undefined;
  return `It calls the tool ${tool} of the server ${server.name}.`;
}

interface Call {
  server: McpServer;
  /** As the server names it. */
  tool: string;
  /** As the model does. */
  name: string;
  input: Record<string, unknown>;
}

/** HTTP's word for a session that the server does not know any more: the call was not begun. */
const sessionGone = 404;

async function callTool(call: Call, connect: Connect, context: ToolContext): Promise<ToolOutcome> {
  const { server, tool, name, input } = call;
  const { signal, report } = context;
  const hide = (text: string): string => hideSecrets(text, server);
  for (let attempt = 1; ; attempt++) {
    const session = await connect(signal);
    const offered = await session.tools(signal).catch(() => []);
    signal.throwIfAborted();
    if (!offered.some((each) => each.name === tool)) {
      return failure(`The server ${server.name} does not offer the tool ${tool} any more. Use another one.`);
    }
    const live = createLiveOutput(report);
    const watch = context.directory.space.watch(signal);
    let result: CallResult;
    try {
      result = await session.call(tool, input, watch.signal, (text) => live.add(hide(text)));
    } catch (error) {
      signal.throwIfAborted();
      const isGone = (error as { code?: unknown }).code === sessionGone;
      if (isGone) await session.close();
      if (isGone && attempt === 1) continue;
      // A program that has used up the room is stopped.
      if (watch.signal.aborted) await session.close();
      return failure(describeLoss(server, session, error));
    } finally {
      watch.end();
      live.end();
    }
    return await renderResult(result, name, hide, context).catch((error) => {
      if (!(error instanceof ApiError)) throw error;
      return failure(`The call was made, but its result could not be kept. ${error.message}`);
    });
  }
}

function describeLoss({ name }: McpServer, session: McpSession, error: unknown): string {
  const reason = session.explain(error);
  if (session.closed.aborted) {
    return `The connection to the server ${name} was lost during the call: ${reason}. It is not known whether the call took effect; look at the state of things before you repeat it.`;
  }
  return `The server ${name} did not do it: ${reason}.`;
}
