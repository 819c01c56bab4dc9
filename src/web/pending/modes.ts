import { CornerDownRight, ListPlus, type LucideIcon, OctagonPause } from "lucide-react";
import type { PendingMode } from "../../protocol/message.ts";
import type { Key } from "../language/translate.ts";

/** How each way of sending a message to a run at work is called and drawn, the usual one first. */
export const modes: Record<PendingMode, { icon: LucideIcon; label: Key; hint: Key }> = {
  steer: { icon: CornerDownRight, label: "mode.steer", hint: "mode.steerHint" },
  queue: { icon: ListPlus, label: "mode.queue", hint: "mode.queueHint" },
  interrupt: { icon: OctagonPause, label: "mode.interrupt", hint: "mode.interruptHint" },
};
