import { styleText } from "node:util";
import type { NumberedEvent } from "../protocol/event.ts";
import type { Request } from "../protocol/request.ts";

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
      case "retry":
        return note("yellow", `${event.reason} Trying again in ${formatDuration(event.wait_ms)}.`);
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
        return note("dim", `${event.tokens_in} tokens in, ${event.tokens_out} out`);
    }
  };
}

type Style = "dim" | "red" | "yellow";

type Answered = Extract<NumberedEvent, { type: "answered" }>;

const interruptions = { server_lost: "The server was lost.", server_stopped: "The server was stopped." };

/** In full: leave is given only for what has been read. */
function describeRequest({ kind, tool, arguments: given = {}, question, choices = [] }: Request): string {
  if (kind === "approval") {
    const entries = typeof given === "string" ? [["", given]] : Object.entries(given);
    const lines = entries.map(([key, value]) => {
      const text = typeof value === "string" ? value : JSON.stringify(value);
      return `  ${key ? `${key}: ` : ""}${text.replaceAll("\n", "\n    ")}`;
    });
    return [`? May it use ${tool}?`, ...lines].join("\n");
  }
  const lines = choices.map(
    ({ label, description }, index) => `  ${index + 1}. ${label}${description ? `: ${description}` : ""}`,
  );
  return [`? ${question}`, ...lines].join("\n");
}

function describeAnswer({ by, decision, answers = [], note }: Answered): string {
  const given = [decision, ...answers, by === "person" ? note : ""].filter(Boolean).join(", ");
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
