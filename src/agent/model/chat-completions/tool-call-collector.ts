import type { ChatToolCall } from "../../../protocol/message.ts";
import { isRecord } from "../fault-body.ts";

interface Slot {
  index: number | undefined;
  id: string;
  name: string;
  arguments: string;
  /** What else stood beside the call and is wanted back with it. */
  extra: unknown;
}

/** Puts tool calls together from the deltas of a stream, whatever a provider leaves out of them or repeats. */
export interface ToolCallCollector {
  add(deltas: unknown): void;
  calls(): ChatToolCall[];
  /** By position of the call: `extra_content`, in which Google keeps a call's signature. */
  extras(): unknown[];
}

/** Creates a collector; `toolNames` tell a name that is whole from one that is still coming. */
export function createToolCallCollector(toolNames: ReadonlySet<string>): ToolCallCollector {
  const slots: Slot[] = [];

  const open = (index: number | undefined, id: string): Slot => {
    const slot: Slot = { index, id, name: "", arguments: "", extra: undefined };
    slots.push(slot);
    return slot;
  };

  const find = (index: number | undefined, id: string, name: string): Slot => {
    if (index !== undefined) {
      // The last one of this index: some number all parallel calls 0, each beginning with an id and a name.
      const slot = slots.findLast((candidate) => candidate.index === index);
      if (!slot || (id !== "" && slot.id !== "" && id !== slot.id && name !== "")) return open(index, id);
      return slot;
    }
    if (id !== "") return slots.find((slot) => slot.id === id) ?? continueLast(name) ?? open(index, id);
    return continueLast(name) ?? open(index, id);
  };

  /** Without an index a delta belongs to the last call, unless its name begins another one. */
  const continueLast = (name: string): Slot | undefined => {
    const last = slots.at(-1);
    if (!last || name === "") return last;
    return last.arguments === "" && isPartOfName(last.name, name, toolNames) ? last : undefined;
  };

  /** Some end with a call that has neither a name nor arguments: it is none. */
  const made = () => slots.filter((slot) => slot.name !== "" || slot.arguments.trim() !== "");

  return {
    add(deltas) {
      if (!Array.isArray(deltas)) return;
      for (const delta of deltas) {
        if (!isRecord(delta)) continue;
        const called = isRecord(delta.function) ? delta.function : {};
        const id = typeof delta.id === "string" || typeof delta.id === "number" ? String(delta.id) : "";
        const name = typeof called.name === "string" ? called.name : "";
        const slot = find(readIndex(delta.index), id, name);
        if (slot.id === "") slot.id = id;
        if (name !== "" && isPartOfName(slot.name, name, toolNames)) slot.name += name;
        slot.arguments += readArguments(called.arguments);
        slot.extra ??= delta.extra_content;
      }
    },
    calls: () =>
      made().map(({ id, name, arguments: text }, position) => ({
        id: id || `call_${position + 1}`,
        type: "function",
        function: { name, arguments: text },
      })),
    extras: () => made().map(({ extra }) => extra ?? null),
  };
}

/** Whether `piece` continues the name `begun`, rather than repeating it or beginning another one. */
function isPartOfName(begun: string, piece: string, toolNames: ReadonlySet<string>): boolean {
  if (begun === "" || toolNames.has(begun + piece)) return true;
  return !toolNames.has(begun) && begun !== piece;
}

function readIndex(value: unknown): number | undefined {
  const index = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof index === "number" && Number.isInteger(index) ? index : undefined;
}

function readArguments(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}
