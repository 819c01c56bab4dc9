import { join } from "node:path";
import { createTask } from "../../support/api/request.ts";
import { finishRun } from "../../support/api/runs.ts";
import { says } from "../../support/model-turn.ts";
import type { TestServer, TestUser } from "../../support/server.ts";
import { editable } from "../outside.ts";

/** A tool of the agent, and where in its input a path stands. */
export interface ToolDoor {
  name: string;
  tool: string;
  changes: boolean;
  /** It starts a program, so that it is slower than the others. */
  starts: boolean;
  input(path: string): Record<string, unknown>;
}

const skillsFolder = join(import.meta.dirname, "../../../skills");

export const toolDoors: ToolDoor[] = [
  { name: "read", tool: "read", changes: false, starts: false, input: (path) => ({ path }) },
  {
    name: "read below a skill",
    tool: "read",
    changes: false,
    starts: false,
    input: (path) => ({ path: `${skillsFolder}/write-report/${path}` }),
  },
  { name: "skill", tool: "skill", changes: false, starts: false, input: (name) => ({ name }) },
  { name: "recall", tool: "recall", changes: false, starts: false, input: (path) => ({ path }) },
  {
    name: "remember",
    tool: "remember",
    changes: true,
    starts: false,
    input: (path) => ({ path, content: "x" }),
  },
  { name: "list", tool: "list", changes: false, starts: false, input: (path) => ({ path }) },
  { name: "write", tool: "write", changes: true, starts: false, input: (path) => ({ path, content: "x" }) },
  {
    name: "edit",
    tool: "edit",
    changes: true,
    starts: false,
    input: (path) => ({ path, old_text: editable, new_text: "x" }),
  },
  {
    name: "grep in a path",
    tool: "grep",
    changes: false,
    starts: true,
    input: (path) => ({ pattern: ".", path }),
  },
  {
    name: "grep in files of a pattern",
    tool: "grep",
    changes: false,
    starts: true,
    input: (glob) => ({ pattern: ".", glob }),
  },
  {
    name: "grep for a path",
    tool: "grep",
    changes: false,
    starts: true,
    input: (pattern) => ({ pattern }),
  },
  {
    name: "glob in a path",
    tool: "glob",
    changes: false,
    starts: true,
    input: (path) => ({ pattern: "**/*", path }),
  },
  {
    name: "glob of a pattern",
    tool: "glob",
    changes: false,
    starts: true,
    input: (pattern) => ({ pattern }),
  },
];

/** Somebody whose model does as it is told, in tasks of one directory. */
export interface Puppet {
  taskId: string;
  /** Makes these calls in one step; gives what came of each, in their order, and what the model was told before. */
  call(calls: readonly [tool: string, input: unknown][]): Promise<{ results: string[]; system: string }>;
}

/** So many runs of one task: each is shown what the others said. */
const runsOfOneTask = 20;

export async function createPuppet(server: TestServer, user: TestUser, directory: string): Promise<Puppet> {
  const create = () => createTask(user, { name: "木偶", working_dir: directory });
  let { task_id } = await create();
  let runs = 0;
  return {
    taskId: task_id,
    async call(calls) {
      // Its directory may be something else at the moment; then the old task must do.
      if (++runs % runsOfOneTask === 0)
        task_id = await create().then(
          (task) => task.task_id,
          () => task_id,
        );
      server.models.reset();
      server.models.script(
        {
          parts: calls.map(([name, input]) => ({
            toolCall: { name, arguments: JSON.stringify(input), pieces: 1 },
          })),
        },
        says("做完了。"),
      );
      const { frames } = await finishRun(user, task_id, "照做");
      if (frames.at(-1)?.data.status !== "ok") throw new Error(`the run failed: ${frames.at(-1)?.raw}`);
      const results = frames.filter(({ event }) => event === "tool_result");
      const content = new Map(results.map(({ data }) => [data.id, String(data.content)]));
      const asked = frames.filter(({ event }) => event === "tool_call");
      const messages = server.models.requests[0]?.body.messages as { content: string }[];
      return {
        results: asked.map(({ data }) => content.get(data.id) ?? ""),
        system: String(messages[0]?.content),
      };
    },
  };
}
