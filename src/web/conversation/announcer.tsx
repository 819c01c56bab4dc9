import { useEffect, useRef } from "react";
import type { Conversation } from "../../client/conversation.ts";
import { type AssistantTurn, openRequest } from "../../client/turn.ts";
import { type Language, useLanguage } from "../language/language.ts";

interface AnnouncerProps {
  conversation: Conversation | null;
  stopping: boolean;
}

/** Tells screen readers what the run is at: a sentence when it changes, never the answer piece by piece. */
export function Announcer({ conversation, stopping }: AnnouncerProps) {
  const language = useLanguage();
  const turn = conversation?.turns.findLast((each) => each.role === "assistant");
  const began = useRef(false);
  const running = turn?.status === "running";
  useEffect(() => {
    if (running) began.current = true;
  }, [running]);
  // What ended before the page was opened is no news.
  const news = running || began.current;
  return (
    <p role="status" className="sr-only">
      {news && turn ? sentence(turn, stopping, language) : ""}
    </p>
  );
}

function sentence(turn: AssistantTurn, stopping: boolean, { t }: Language): string {
  if (turn.status === "ok") return t("task.announceDone");
  if (turn.status === "cancelled") return t("run.cancelled");
  if (turn.status === "error") return t("run.failed");
  if (stopping) return t("task.stopping");
  if (openRequest(turn)) return t("task.announceRequest");
  if (turn.queued !== null) return t("task.queued", { position: turn.queued });
  const last = turn.parts.at(-1);
  return last?.type === "tool" ? t("task.announceTool", { name: last.name }) : t("task.working");
}
