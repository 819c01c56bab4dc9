import { CircleSlash, GitBranch, Hourglass, RotateCw, TriangleAlert, Unplug } from "lucide-react";
import { lazy, memo, Suspense } from "react";
import type { ResumedPart } from "../../client/turn.ts";
import { Button } from "../components/button.tsx";
import { CopyButton } from "../components/copy-button.tsx";
import { useLanguage } from "../language/language.ts";
import { explainCode } from "../language/problem.ts";
import { RequestCard } from "../requests/request-card.tsx";
import { ToolCard } from "../tools/tool-card.tsx";
import { useConversationActions } from "./actions.ts";
import { Reasoning } from "./reasoning.tsx";
import type { Row } from "./rows.ts";

// The renderer is the largest part of the app: the frame is drawn before it is there.
const Markdown = lazy(() =>
  import("../markdown/markdown.tsx").then((module) => ({ default: module.Markdown })),
);

interface RowViewProps extends Omit<Row, "key"> {
  /** The row's key: what it is called when it remembers being open. */
  name: string;
}

/** One row of the transcript. */
export const RowView = memo(function RowView({ item, turn, live, last, newest, name }: RowViewProps) {
  if ("role" in item) return <UserMessage text={item.text} turn={turn} />;
  switch (item.type) {
    case "text":
      return <Answer text={item.text} streaming={live} last={last} turn={turn} />;
    case "reasoning":
      return <Reasoning name={name} text={item.text} live={live} />;
    case "tool":
      return <ToolCard call={item} />;
    case "request":
      return <RequestCard part={item} open={live} />;
    case "resumed":
      return <ResumedNotice reason={item.reason} />;
    case "retry":
      return <RetryNotice attempt={item.attempt} reason={item.reason} />;
    case "cancelled":
      return <CancelledNotice newest={newest && last} />;
    case "error":
      return <ErrorNotice code={item.code} message={item.message} newest={newest} />;
    case "working":
      return <WorkingNotice queued={item.queued} />;
  }
});

function UserMessage({ text, turn }: { text: string; turn: number }) {
  const { t } = useLanguage();
  return (
    <div className="group/message flex items-center justify-end gap-1">
      {turn > 0 && <ForkButton turn={turn} className="group-hover/message:opacity-100" />}
      <article aria-label={t("task.you")} className="max-w-[85%]">
        <p className="rounded-2xl rounded-br-md bg-primary-soft px-4 py-2.5 whitespace-pre-wrap wrap-anywhere">
          {text}
        </p>
      </article>
    </div>
  );
}

interface AnswerProps {
  text: string;
  streaming: boolean;
  last: boolean;
  turn: number;
}

function Answer({ text, streaming, last, turn }: AnswerProps) {
  return (
    <article className="group/answer">
      <Suspense fallback={<p className="prose whitespace-pre-wrap">{text}</p>}>
        <Markdown text={text} streaming={streaming} />
      </Suspense>
      {last && (
        <div className="-ml-2 mt-1 flex">
          <CopyButton
            text={text}
            className="opacity-0 group-hover/answer:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100"
          />
          <ForkButton turn={turn} className="group-hover/answer:opacity-100" />
        </div>
      )}
    </article>
  );
}

function ForkButton({ turn, className }: { turn: number; className: string }) {
  const { t } = useLanguage();
  const { fork } = useConversationActions();
  return (
    <button
      type="button"
      aria-label={t("task.fork")}
      title={t("task.fork")}
      className={`grid size-8 shrink-0 place-items-center rounded-lg text-muted-foreground opacity-0 transition-opacity hover:bg-muted hover:text-foreground focus-visible:opacity-100 pointer-coarse:opacity-100 ${className}`}
      onClick={() => fork(turn)}
    >
      <GitBranch size={15} aria-hidden="true" />
    </button>
  );
}

function WorkingNotice({ queued }: { queued: number | null }) {
  const { t } = useLanguage();
  return (
    <p className="flex items-center gap-2.5 text-muted-foreground text-sm">
      {queued === null ? (
        <span aria-hidden="true" className="breathing size-2 rounded-full bg-primary" />
      ) : (
        <Hourglass size={15} aria-hidden="true" />
      )}
      {queued === null ? t("task.working") : t("task.queued", { position: queued })}
    </p>
  );
}

function ResumedNotice({ reason }: { reason: ResumedPart["reason"] }) {
  const { t } = useLanguage();
  return (
    <p className="flex items-center gap-2 text-muted-foreground text-sm">
      <Unplug size={15} aria-hidden="true" className="shrink-0" />
      {t(reason === "server_lost" ? "run.resumedLost" : "run.resumedStopped")}
    </p>
  );
}

function RetryNotice({ attempt, reason }: { attempt: number; reason: string }) {
  const { t } = useLanguage();
  return (
    <p className="flex items-start gap-2 rounded-lg bg-warning-soft px-3 py-2 text-sm text-warning">
      <RotateCw size={15} aria-hidden="true" className="mt-1 shrink-0" />
      {t("run.retry", { attempt, reason })}
    </p>
  );
}

function CancelledNotice({ newest }: { newest: boolean }) {
  const { t } = useLanguage();
  const { retry } = useConversationActions();
  return (
    <p className="flex min-h-9 items-center gap-2 text-muted-foreground text-sm">
      <CircleSlash size={15} aria-hidden="true" />
      {t("run.cancelled")}
      {newest && (
        <Button look="quiet" onClick={retry}>
          <RotateCw size={14} aria-hidden="true" />
          {t("run.again")}
        </Button>
      )}
    </p>
  );
}

function ErrorNotice({ code, message, newest }: { code: string; message: string; newest: boolean }) {
  const { t } = useLanguage();
  const { retry, goOn } = useConversationActions();
  const reason = explainCode(code, message, t);
  return (
    <div role="alert" className="flex gap-3 rounded-xl border border-danger/25 bg-danger-soft px-4 py-3.5">
      <TriangleAlert size={18} aria-hidden="true" className="mt-0.5 shrink-0 text-danger" />
      <div className="min-w-0 space-y-2.5">
        <div>
          <p className="font-medium text-sm">{t("run.failed")}</p>
          <p className="text-sm">{reason}</p>
          {message && message !== reason && (
            <p className="mt-1 text-muted-foreground text-xs wrap-anywhere">{message}</p>
          )}
        </div>
        {newest && (
          <div className="flex flex-wrap gap-2">
            <Button onClick={retry}>{t("run.again")}</Button>
            <Button look="quiet" onClick={goOn}>
              {t("run.goOn")}
            </Button>
          </div>
        )}
      </div>
    </div>
  );
}
