import { CircleAlert } from "lucide-react";
import { memo, useContext, useId } from "react";
import type { AssistantTurn, Part, ToolPart } from "../../client/turn.ts";
import { Chevron } from "../components/chevron.tsx";
import { useOpen } from "../conversation/open-state.ts";
import { PlanList } from "../conversation/parts/plan.tsx";
import { FallbackLine, NoticeLine, RetryLine } from "../conversation/parts/quiet-lines.tsx";
import { planOf, summarizePlan } from "../conversation/parts/read-plan.ts";
import { UsageLine } from "../conversation/parts/usage-line.tsx";
import { readAddress } from "../files/address.ts";
import { FileChip } from "../files/file-chip.tsx";
import { previewKind } from "../files/preview-kind.ts";
import { type Language, useLanguage } from "../language/language.ts";
import { DirectoryContext } from "../markdown/directory-context.ts";
import { LazyMarkdown } from "../markdown/lazy-markdown.tsx";
import { Difference, holdsDifference } from "./difference.tsx";
import { liveLine } from "./live-line.ts";
import { Output } from "./output.tsx";
import { toolIcon, toolLabel } from "./tool-face.ts";
import { describeArguments, summarizeCall } from "./tool-summary.ts";

interface ToolCardProps {
  call: ToolPart;
  /** The call whose sub-agent makes this one: ids are a provider's, and may come again there. */
  within?: string;
}

/** A tool call on one line: what, on what, how it went. Opened: its arguments, output and result. */
export const ToolCard = memo(function ToolCard({ call, within = "" }: ToolCardProps) {
  const { t, format } = useLanguage();
  const panel = useId();
  const working = call.state === "running";
  const failed = call.state === "error";
  const [open, setOpen] = useOpen(`tool ${within}${call.id}`, working && call.output !== "");
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
        <span className="max-w-[60%] shrink-0 truncate">{toolLabel(call.name, t)}</span>
        <code className="min-w-0 flex-1 truncate font-mono text-[12.5px] text-muted-foreground">
          {summaryOf(call, t)}
        </code>
        <span className="shrink-0 text-muted-foreground text-xs tabular-nums">
          {working && t("tool.running")}
          {call.state === "unanswered" && t("tool.unanswered")}
          {failed && <span className="text-danger">{t("tool.failed")} </span>}
          {call.durationMs !== null && call.durationMs >= 100 && format.duration(call.durationMs)}
        </span>
        <Chevron open={open} className="shrink-0 text-muted-foreground" />
      </button>
      {call.inner?.status === "running" && !open && (
        <p className="-mt-1 truncate pr-3 pb-2 pl-9.5 text-muted-foreground text-xs">
          {liveLine(call.inner, t)}
        </p>
      )}
      <div id={panel} hidden={!open} className="divide-y border-t">
        {open && <Details call={call} within={within} />}
      </div>
    </div>
  );
});

function summaryOf(call: ToolPart, t: Language["t"]): string {
  const plan = call.name === "todo" ? planOf(call.arguments) : null;
  return plan ? summarizePlan(plan, { t }) : summarizeCall(call.arguments);
}

function Details({ call, within }: Required<ToolCardProps>) {
  const { t } = useLanguage();
  const ended = call.state === "ok" || call.state === "error";
  const picture = usePicture(call);
  const plan = call.name === "todo" && call.state !== "error" ? planOf(call.arguments) : null;
  if (plan) {
    return (
      <div className="px-3 py-2.5">
        <PlanList items={plan} />
      </div>
    );
  }
  // What an edit was given is what its difference shows.
  const given = showsDifference(call) ? "" : describeArguments(call.arguments);
  return (
    <>
      {given && <Output label={t("tool.arguments")} text={given} fold="start" />}
      {call.inner && <InnerWork turn={call.inner} within={`${within}${call.id} `} />}
      {picture !== null && (
        <div className="p-3">
          <FileChip path={picture} large />
        </div>
      )}
      {!ended && call.output && <Output label={t("tool.output")} text={call.output} fold="end" />}
      {ended && <Result call={call} />}
    </>
  );
}

function showsDifference({ name, state, content }: ToolPart): boolean {
  return name === "edit" && state === "ok" && holdsDifference(content);
}

function Result({ call }: { call: ToolPart }) {
  const { t } = useLanguage();
  const failed = call.state === "error";
  const label = t(failed ? "tool.error" : "tool.result");
  if (call.name === "delegate" && !failed) return <Report call={call} />;
  if (showsDifference(call)) return <Difference label={label} text={call.content} />;
  return (
    <Output
      label={label}
      text={call.content || t("tool.nothing")}
      fold={call.name === "bash" ? "end" : "start"}
      danger={failed}
    />
  );
}

/** What a sub-agent reports, where that is not just what it was seen to say last. */
function Report({ call: { content, inner } }: { call: ToolPart }) {
  const last = inner?.parts.findLast((part) => part.type === "text");
  if (last?.type === "text" && last.text.trim() === content.trim()) return null;
  return (
    <div className="px-4 py-3">
      <LazyMarkdown text={content} streaming={false} />
    </div>
  );
}

/** The picture that a call has read, as a path from the user's root. */
function usePicture({ name, state, arguments: given }: ToolPart): string | null {
  const directory = useContext(DirectoryContext);
  if (name !== "read" || state !== "ok" || typeof given === "string" || typeof given.path !== "string")
    return null;
  // The tool's paths are names of files, no addresses: nothing in them is decoded.
  const address = readAddress(encodeURIComponent(given.path).replaceAll("%2F", "/"), directory);
  return address.kind === "file" && previewKind(address.path) === "picture" ? address.path : null;
}

/** What a sub-agent said and did, as a conversation inside the call. */
function InnerWork({ turn, within }: { turn: AssistantTurn; within: string }) {
  const { t } = useLanguage();
  return (
    <section aria-label={t("tool.work")} className="space-y-2 bg-surface py-3 pr-3 pl-4">
      {turn.todo.length > 0 && <PlanList items={turn.todo} />}
      {turn.parts.map((part, index) => (
        <InnerPart
          // biome-ignore lint/suspicious/noArrayIndexKey: parts are only added at the end
          key={index}
          part={part}
          within={within}
          live={turn.status === "running" && index === turn.parts.length - 1}
        />
      ))}
      {turn.parts.length === 0 && <p className="text-muted-foreground text-sm">{t("tool.thinking")}</p>}
      {turn.usage && <UsageLine usage={turn.usage} />}
    </section>
  );
}

function InnerPart({ part, within, live }: { part: Part; within: string; live: boolean }) {
  switch (part.type) {
    case "text":
      return <LazyMarkdown text={part.text} streaming={live} />;
    case "tool":
      return <ToolCard call={part} within={within} />;
    case "notice":
      return <NoticeLine part={part} />;
    case "fallback":
      return <FallbackLine part={part} />;
    case "retry":
      return <RetryLine part={part} />;
    case "error":
      return <p className="text-danger text-sm wrap-anywhere">{part.message}</p>;
    default:
      // Thoughts, and what the outer conversation shows.
      return null;
  }
}
