import { ChevronRight, CircleAlert } from "lucide-react";
import { memo, useId } from "react";
import type { ToolPart } from "../../client/turn.ts";
import { useOpen } from "../conversation/open-state.ts";
import { useLanguage } from "../language/language.ts";
import { Output } from "./output.tsx";
import { toolIcon, toolLabel } from "./tool-face.ts";
import { describeArguments, summarizeCall } from "./tool-summary.ts";

/** A tool call on one line: what, on what, how it went. Opened: its arguments, output and result. */
export const ToolCard = memo(function ToolCard({ call }: { call: ToolPart }) {
  const { t, format } = useLanguage();
  const panel = useId();
  const working = call.state === "running";
  const failed = call.state === "error";
  const [open, setOpen] = useOpen(`tool ${call.id}`, working && call.output !== "");
  const Icon = failed ? CircleAlert : toolIcon(call.name);
  return (
    <div className="overflow-hidden rounded-xl border bg-card">
      <button
        type="button"
        aria-expanded={open}
        aria-controls={panel}
        className="flex w-full items-center gap-2.5 px-3 py-2 text-left text-sm hover:bg-muted/60 max-sm:py-3"
        onClick={() => setOpen(!open)}
      >
        <Icon
          size={16}
          aria-hidden="true"
          className={`shrink-0 ${failed ? "text-danger" : "text-muted-foreground"} ${working ? "breathing" : ""}`}
        />
        <span className="shrink-0">{toolLabel(call.name, t)}</span>
        <code className="min-w-0 flex-1 truncate font-mono text-[12.5px] text-muted-foreground">
          {summarizeCall(call.arguments)}
        </code>
        <span className="shrink-0 text-muted-foreground text-xs tabular-nums">
          {working && t("tool.running")}
          {call.state === "unanswered" && t("tool.unanswered")}
          {failed && <span className="text-danger">{t("tool.failed")} </span>}
          {call.durationMs !== null && call.durationMs >= 100 && format.duration(call.durationMs)}
        </span>
        <ChevronRight
          size={15}
          aria-hidden="true"
          className={`shrink-0 text-muted-foreground transition-transform ${open ? "rotate-90" : ""}`}
        />
      </button>
      <div id={panel} hidden={!open} className="divide-y border-t">
        {open && <Details call={call} />}
      </div>
    </div>
  );
});

function Details({ call }: { call: ToolPart }) {
  const { t } = useLanguage();
  const given = describeArguments(call.arguments);
  const ended = call.state === "ok" || call.state === "error";
  return (
    <>
      {given && <Output label={t("tool.arguments")} text={given} fold="start" />}
      {!ended && call.output && <Output label={t("tool.output")} text={call.output} fold="end" />}
      {ended && (
        <Output
          label={t(call.state === "error" ? "tool.error" : "tool.result")}
          text={call.content || t("tool.nothing")}
          fold={call.name === "bash" ? "end" : "start"}
          danger={call.state === "error"}
        />
      )}
    </>
  );
}
