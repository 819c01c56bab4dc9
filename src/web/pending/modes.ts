import { CornerDownRight, ListPlus, type LucideIcon, MessageCircleReply, OctagonPause } from "lucide-react";
import type { PendingMode } from "../../protocol/message.ts";
import type { Key } from "../language/translate.ts";

/** What becomes of a message that is sent while a run is at work; `answer` only where the run waits for one. */
export type SendMode = PendingMode | "answer";

interface Face {
  icon: LucideIcon;
  label: Key;
  hint: Key;
}

/** How each way of sending a message to a run at work is called and drawn, the usual one first. */
export const modes: Record<PendingMode, Face> = {
  steer: { icon: CornerDownRight, label: "mode.steer", hint: "mode.steerHint" },
  queue: { icon: ListPlus, label: "mode.queue", hint: "mode.queueHint" },
  interrupt: { icon: OctagonPause, label: "mode.interrupt", hint: "mode.interruptHint" },
};

/** The same with the answer to what the run asks, which comes before all others. */
export const modesOfQuestion: Record<SendMode, Face> = {
  answer: { icon: MessageCircleReply, label: "mode.answer", hint: "mode.answerHint" },
  ...modes,
};
