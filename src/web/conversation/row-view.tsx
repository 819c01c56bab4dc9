import { CircleSlash, RotateCw, TriangleAlert } from "lucide-react";
import { lazy, memo, Suspense } from "react";
import { Button } from "../components/button.tsx";
import { CopyButton } from "../components/copy-button.tsx";
import { useLanguage } from "../language/language.ts";
import { explainCode } from "../language/problem.ts";
import { ToolCard } from "../tools/tool-card.tsx";
import { Reasoning } from "./reasoning.tsx";
import type { Row } from "./rows.ts";

// The renderer is the largest part of the app: the frame is drawn before it is there.
const Markdown = lazy(() =>
  import("../markdown/markdown.tsx").then((module) => ({ default: module.Markdown })),
);

interface RowViewProps extends Omit<Row, "key"> {
  /** The row's key: what it is called when it remembers being open. */
  name: string;
  onRetry: () => void;
}

/** One row of the transcript. */
export const RowView = memo(function RowView({ item, live, last, name, onRetry }: RowViewProps) {
  if ("role" in item) return <UserMessage text={item.text} />;
  switch (item.type) {
    case "text":
      return <Answer text={item.text} streaming={live} last={last} />;
    case "reasoning":
      return <Reasoning name={name} text={item.text} live={live} />;
    case "tool":
      return <ToolCard call={item} />;
    case "retry":
      return <RetryNotice attempt={item.attempt} reason={item.reason} />;
    case "cancelled":
      return <CancelledNotice />;
    case "error":
      return <ErrorNotice code={item.code} message={item.message} onRetry={onRetry} />;
    case "working":
      return <Working />;
  }
});

function UserMessage({ text }: { text: string }) {
  const { t } = useLanguage();
  return (
    <article aria-label={t("task.you")} className="flex justify-end">
      <p className="max-w-[85%] rounded-2xl rounded-br-md bg-primary-soft px-4 py-2.5 whitespace-pre-wrap wrap-anywhere">
        {text}
      </p>
    </article>
  );
}

function Answer({ text, streaming, last }: { text: string; streaming: boolean; last: boolean }) {
  return (
    <article className="group/answer">
      <Suspense fallback={<p className="prose whitespace-pre-wrap">{text}</p>}>
        <Markdown text={text} streaming={streaming} />
      </Suspense>
      {last && (
        <CopyButton
          text={text}
          className="-ml-2 mt-1 opacity-0 group-hover/answer:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100"
        />
      )}
    </article>
  );
}

function Working() {
  const { t } = useLanguage();
  return (
    <p className="flex items-center gap-2.5 text-muted-foreground text-sm">
      <span aria-hidden="true" className="breathing size-2 rounded-full bg-primary" />
      {t("task.working")}
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

function CancelledNotice() {
  const { t } = useLanguage();
  return (
    <p className="flex items-center gap-2 text-muted-foreground text-sm">
      <CircleSlash size={15} aria-hidden="true" />
      {t("run.cancelled")}
    </p>
  );
}

function ErrorNotice({ code, message, onRetry }: { code: string; message: string; onRetry: () => void }) {
  const { t } = useLanguage();
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
        <Button onClick={onRetry}>{t("run.resend")}</Button>
      </div>
    </div>
  );
}
