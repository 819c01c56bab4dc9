import { CircleSlash, GitBranch, RotateCw, TriangleAlert } from "lucide-react";
import { memo } from "react";
import type { Usage, UserTurn } from "../../client/turn.ts";
import { Button } from "../components/button.tsx";
import { CopyButton } from "../components/copy-button.tsx";
import { FileChip } from "../files/file-chip.tsx";
import { useLanguage } from "../language/language.ts";
import { explainCode } from "../language/problem.ts";
import { LazyMarkdown } from "../markdown/lazy-markdown.tsx";
import { RequestCard } from "../requests/request-card.tsx";
import { ToolCard } from "../tools/tool-card.tsx";
import { useConversationActions } from "./actions.ts";
import { Compaction } from "./parts/compaction.tsx";
import { FallbackLine, NoticeLine, ResumedLine, RetryLine, WorkingLine } from "./parts/quiet-lines.tsx";
import { UsageLine } from "./parts/usage-line.tsx";
import { Reasoning } from "./reasoning.tsx";
import type { Row } from "./rows.ts";

interface RowViewProps extends Omit<Row, "key"> {
  /** The row's key: what it is called when it remembers being open. */
  name: string;
}

/** One row of the transcript; the last of a turn tells what its run took. */
export const RowView = memo(function RowView(row: RowViewProps) {
  const { item, turn, live, last, usage } = row;
  if (!("role" in item) && item.type === "text")
    return <Answer text={item.text} streaming={live} last={last} turn={turn} usage={usage} />;
  return (
    <>
      <Content {...row} />
      {usage && <UsageLine usage={usage} />}
    </>
  );
});

function Content({ item, turn, live, last, newest, name }: RowViewProps) {
  if ("role" in item) return <UserMessage message={item} turn={turn} />;
  switch (item.type) {
    case "text":
      return null;
    case "reasoning":
      return <Reasoning name={name} text={item.text} live={live} />;
    case "tool":
      return <ToolCard call={item} />;
    case "request":
      return <RequestCard part={item} open={live} />;
    case "compaction":
      return <Compaction part={item} name={name} />;
    case "notice":
      return <NoticeLine part={item} />;
    case "fallback":
      return <FallbackLine part={item} />;
    case "resumed":
      return <ResumedLine reason={item.reason} />;
    case "retry":
      return <RetryLine part={item} />;
    case "cancelled":
      return <CancelledNotice newest={newest && last} />;
    case "error":
      return <ErrorNotice code={item.code} message={item.message} newest={newest} />;
    case "working":
      return <WorkingLine queued={item.queued} />;
  }
}

function UserMessage({ message, turn }: { message: UserTurn; turn: number }) {
  const { t } = useLanguage();
  const { text, attachments } = message;
  return (
    <div className="group/message flex items-center justify-end gap-1">
      {turn > 0 && <ForkButton turn={turn} className="group-hover/message:opacity-100" />}
      <div className="flex max-w-[85%] min-w-0 flex-col items-end gap-2">
        {attachments.length > 0 && (
          <ul aria-label={t("attachment.list")} className="flex max-w-full flex-wrap justify-end gap-1.5">
            {attachments.map((path) => (
              <li key={path} className="min-w-0">
                <FileChip path={path} />
              </li>
            ))}
          </ul>
        )}
        <article aria-label={t("task.you")} className="max-w-full">
          <p className="rounded-2xl rounded-br-md bg-primary-soft px-4 py-2.5 whitespace-pre-wrap wrap-anywhere">
            {text}
          </p>
        </article>
      </div>
    </div>
  );
}

interface AnswerProps {
  text: string;
  streaming: boolean;
  last: boolean;
  turn: number;
  usage: Usage | null;
}

function Answer({ text, streaming, last, turn, usage }: AnswerProps) {
  return (
    <article className="group/answer">
      <LazyMarkdown text={text} streaming={streaming} />
      {last && (
        <div className="mt-1 flex items-center gap-1">
          {usage && <UsageLine usage={usage} />}
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
