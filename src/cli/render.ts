import { styleText } from "node:util";
import type { NumberedEvent, RunEvent, TodoItem } from "../protocol/event.ts";
import type { Request } from "../protocol/request.ts";
import { createBill } from "./bill.ts";

/** Where the terminal's text goes. */
export interface RenderTargets {
  /** Takes the answer. */
  output: NodeJS.WriteStream;
  /** Takes everything else. */
  notes: NodeJS.WriteStream;
}

const longestSummary = 100;

/** Shows a run's events in a terminal as they come: the answer on one stream, what is done for it on the other. */
export function createRenderer({ output, notes }: RenderTargets): (event: NumberedEvent) => void {
  let step = 0;
  let atLineStart = true;
  const bill = createBill();
  const inner = createInnerRenderer((style, text) => note(style, text));
  const say = (text: string) => {
    output.write(output.isTTY ? withoutControls(text) : text);
    atLineStart = text.endsWith("\n");
  };
  const endLine = () => {
    if (!atLineStart) say("\n");
  };
  const note = (style: Style, text: string) => {
    endLine();
    notes.write(`${styleText(style, withoutControls(text), { stream: notes })}\n`);
  };
  return (event) => {
    switch (event.type) {
      case "queued":
        return note("dim", `Waiting for a place in the queue: number ${event.position}.`);
      case "resumed":
        if (event.reason === "answered") return;
        return note("yellow", `${interruptions[event.reason]} The run goes on from step ${event.step}.`);
      case "llm_start":
        if (event.step === step && !atLineStart) note("yellow", "The answer begins again:");
        step = event.step;
        return;
      case "text":
        return say(event.text);
      case "tool_call":
        return note("dim", `→ ${event.name} ${summarize(event.arguments)}`.trimEnd());
      case "tool_result": {
        const took = `${event.name}, ${formatDuration(event.duration_ms)}`;
        if (event.is_error) return note("red", `✗ ${took}: ${firstLine(event.content)}`);
        return note("dim", `✓ ${took}`);
      }
      case "llm_end":
        endLine();
        if (event.finish_reason === "length") note("yellow", "The model's output limit cut the answer.");
        return;
      case "usage":
        return bill.add(event);
      case "todo":
        return note("dim", describePlan(event.items));
      case "delegated":
        return inner(event.id, event.event as RunEvent, 1);
      case "notice":
        return note("yellow", event.msg);
      case "compaction":
        return note("dim", `Earlier messages are shown in short: ${event.before} → ${event.after} tokens.`);
      case "retry":
        return note("yellow", describeRetry(event));
      case "steered":
        return note("dim", `» ${event.content}`);
      case "request":
        return note("yellow", describeRequest(event));
      case "answered":
        return note("dim", describeAnswer(event));
      case "cancelled":
        return note("yellow", "Cancelled.");
      case "error":
        return note("red", event.msg);
      case "done":
        return note("dim", bill.total(event));
    }
  };
}

type Style = "dim" | "red" | "yellow";

type Answered = Extract<NumberedEvent, { type: "answered" }>;

const interruptions = { server_lost: "The server was lost.", server_stopped: "The server was stopped." };

function describeRetry({ reason, wait_ms, model }: Extract<RunEvent, { type: "retry" }>): string {
  const again = wait_ms > 0 ? ` Trying again in ${formatDuration(wait_ms)}.` : "";
  return model === undefined ? `${reason}${again}` : `${reason} ${model} answers now.`;
}

const boxes: Record<TodoItem["status"], string> = {
  pending: "[ ]",
  in_progress: "[>]",
  completed: "[x]",
  cancelled: "[-]",
};

function describePlan(items: readonly TodoItem[]): string {
  if (items.length === 0) return "The plan is removed.";
  return ["Plan:", ...items.map(({ content, status }) => `  ${boxes[status]} ${content}`)].join("\n");
}

/** Shows what sub-agents do, indented by how deep they are: their calls, and what they say once it is said. */
function createInnerRenderer(note: (style: Style, text: string) => void) {
  const said = new Map<string, string>();
  const render = (id: string, event: RunEvent, depth: number): void => {
    const indent = "  ".repeat(depth);
    const tell = (style: Style, text: string) => note(style, indent + text.replaceAll("\n", `\n${indent}`));
    if (event.type === "text") {
      said.set(id, (said.get(id) ?? "") + event.text);
      return;
    }
    const text = said.get(id)?.trim();
    said.delete(id);
    if (text) tell("dim", text);
    if (event.type === "tool_call") tell("dim", `→ ${event.name} ${summarize(event.arguments)}`.trimEnd());
    if (event.type === "tool_result" && event.is_error)
      tell("red", `✗ ${event.name}: ${firstLine(event.content)}`);
    if (event.type === "notice") tell("yellow", event.msg);
    if (event.type === "retry") tell("yellow", describeRetry(event));
    if (event.type === "delegated") render(event.id, event.event as RunEvent, depth + 1);
  };
  return render;
}

/** In full: leave is given only for what has been read. */
function describeRequest(request: Request): string {
  const { kind, tool, arguments: given = {}, question, choices = [], reason, rule } = request;
  if (kind === "approval") {
    const entries = typeof given === "string" ? [["", given]] : Object.entries(given);
    const lines = entries.map(([key, value]) => {
      const text = typeof value === "string" ? value : JSON.stringify(value);
      return `  ${key ? `${key}: ` : ""}${text.replaceAll("\n", "\n    ")}`;
    });
    const why = reason ? [`  (${reason})`] : [];
    const made = rule ? [`  Always would mean: ${[rule.tool, rule.argument].filter(Boolean).join(" ")}`] : [];
    return [`? May it use ${tool}?`, ...lines, ...why, ...made].join("\n");
  }
  const lines = choices.map(
    ({ label, description }, index) => `  ${index + 1}. ${label}${description ? `: ${description}` : ""}`,
  );
  return [`? ${question}`, ...lines].join("\n");
}

function describeAnswer({ by, decision, answers = [], note, remember }: Answered): string {
  const always = remember && (remember === "task" ? "always in this task" : "always");
  const given = [decision, always, ...answers, by === "person" ? note : ""].filter(Boolean).join(", ");
  return `${by === "person" ? "Answered" : "Nobody answered in time"}: ${given || "no answer"}`;
}

/** Without what could move the cursor or recolour the screen. */
function withoutControls(text: string): string {
  return text.replaceAll(/(?![\n\t])\p{Cc}/gu, "");
}

/** What a call is about: the first of its arguments that is a text, on one line. */
function summarize(given: Record<string, unknown> | string): string {
  if (typeof given === "string") return firstLine(given);
  const text = Object.values(given).find((value) => typeof value === "string" && value !== "");
  return typeof text === "string" ? firstLine(text) : "";
}

function firstLine(text: string): string {
  const line = [...(text.trim().split("\n", 1)[0] ?? "")];
  return line.length > longestSummary ? `${line.slice(0, longestSummary).join("")}…` : line.join("");
}

function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
