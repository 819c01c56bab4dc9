import { type AgentEvent, type AgentOutcome, type AgentSink, runAgent } from "../agent.ts";
import type { Approvals } from "../approvals/approval-layers.ts";
import { createContext } from "../context/create-context.ts";
import { conduct } from "../prompt.ts";
import type { Tool, ToolContext } from "../tools/tool.ts";
import { type DelegateProfile, type Delegation, maxDepth } from "./delegation.ts";
import { shareBudget } from "./step-budget.ts";

/** Steps that are left to the agent that waits, so that it can make something of the report. */
export const keptSteps = 3;

/** What a sub-agent is to do. */
export interface Assignment {
  task: string;
  /** Only to look: it is given no tool that changes anything. */
  readOnly: boolean;
  /** Its model's profile; the agent's own by default. */
  profile: string | undefined;
}

/** How a sub-agent's work came out, and what it said last. */
export interface Report {
  outcome: AgentOutcome;
  text: string;
}

/**
 * Lets an agent with a conversation of its own do a part of the work, with the same files, tools and rules. What it
 * says is told as `delegated`, what its model calls take as `usage` of this run. Rejects only where the run's log does.
 */
export async function runSubAgent(
  assignment: Assignment,
  delegation: Delegation,
  context: ToolContext,
): Promise<Report> {
  const { depth, planRetry, leave, profileFor } = delegation;
  const profile = assignment.profile === undefined ? undefined : profileFor?.(assignment.profile);
  const { model, fallbacks } = profile ?? delegation;
  const steps = shareBudget(delegation.steps, keptSteps);
  const tools = toolsBelow(delegation, assignment.readOnly);
  const sections = [
    { name: "How you work", text: conduct },
    { name: "Sub-agent", text: role },
    { name: "Model", text: profile?.instructions ?? "" },
  ];
  const { sink, lastWords } = collect(delegation, context);
  const { directory, userRoot } = context;
  const outcome = await runAgent(
    {
      context: createContext({
        record: null,
        firstIdx: 0,
        sections,
        renewSections: async () => sections,
        isResumed: false,
        directory,
        userRoot,
        directoryName: "",
        summaryModel: profile?.summaryModel ?? model,
        ...(planRetry && { planRetry }),
      }),
      conversation: [{ payload: { role: "user", content: assignment.task } }],
      tools,
      model,
      fallbacks,
      workplace: context,
      maxSteps: steps.left,
      steps,
      depth: depth + 1,
      // Nobody sees its questions in time: what needs leave is for the agent above to ask about.
      approvals: { ...rulesBelow(delegation.approvals, profile), waitMs: null },
      ...(leave && { leave }),
      ...(planRetry && { planRetry }),
      ...(profileFor && { profileFor }),
    },
    sink,
    context.signal,
  );
  return { outcome, text: lastWords() };
}

const role =
  "You are a sub-agent: another agent has given you one part of its work. Its message is all you know of the whole. You cannot ask anybody anything. Where a call is refused because a person would have to allow it, do what can be done without it and say in your report what is to be asked for. Your last answer is your report, and all that the other agent gets: state what you found or did, with file paths, and what is still open.";

/** Another profile brings its own rules, and lifts none: what this agent must not do it cannot have done. */
function rulesBelow(
  approvals: Approvals | undefined,
  profile: DelegateProfile | undefined,
): Omit<Approvals, "waitMs"> {
  const { layers = {}, above = [] } = approvals ?? {};
  if (!profile) return { layers, above };
  return { layers: { ...layers, profile: profile.approvals }, above: [...above, layers] };
}

/** Nothing that asks a person, keeps memories, or delegates too deep. */
function toolsBelow({ tools, depth }: Delegation, readOnly: boolean): Tool[] {
  const left = new Set(["remember", ...(depth + 1 >= maxDepth ? ["delegate"] : [])]);
  return tools.filter(
    (tool) => !tool.question && !left.has(tool.definition.name) && (!readOnly || tool.effect === "pure"),
  );
}

/** Where a sub-agent's words go, and which were the last. */
function collect(
  { step, committed }: Delegation,
  { callId, say }: ToolContext,
): { sink: AgentSink; lastWords: () => string } {
  let said = "";
  let count = 1;
  const event = (event: AgentEvent): void => {
    if (event.type === "usage") say({ ...event, step, purpose: "delegate" });
    else say({ type: "delegated", id: callId, event });
  };
  const message: AgentSink["message"] = ({ payload, notes }) => {
    if (payload.role === "assistant" && payload.content) {
      said = wasCut ? said + payload.content : payload.content;
      wasCut = notes?.cut === true;
    }
    return count++;
  };
  let wasCut = false;
  return { sink: { event, message, context() {}, committed }, lastWords: () => said };
}
