import { useState } from "react";
import type { Request } from "../../protocol/request.ts";
import { Button } from "../components/button.tsx";
import { fieldClass } from "../components/field.tsx";
import { showHidden } from "../components/show-hidden.ts";
import { useLanguage } from "../language/language.ts";
import { describeArguments } from "../tools/tool-summary.ts";
import type { AnswerBody } from "./request-card.tsx";

interface ApprovalFormProps {
  request: Request;
  busy: boolean;
  onAnswer: (answer: AnswerBody) => void;
}

/** What would be done, in full, since leave is given only for what can be read; and the leave to do it or not. */
export function ApprovalForm({ request, busy, onAnswer }: ApprovalFormProps) {
  const { t } = useLanguage();
  const [note, setNote] = useState("");
  const decide = (decision: "allow" | "deny", remember?: AnswerBody["remember"]) =>
    onAnswer({ decision, ...(note.trim() && { note: note.trim() }), ...(remember && { remember }) });
  const { rule } = request;
  return (
    <div className="space-y-3">
      {request.reason && (
        <p className="text-muted-foreground text-sm wrap-anywhere">{showHidden(request.reason)}</p>
      )}
      <section
        aria-label={t("tool.arguments")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        className="max-h-72 overflow-auto rounded-lg border bg-card px-3 py-2.5"
      >
        <pre className="font-mono text-[12.5px] leading-[1.55] whitespace-pre-wrap wrap-anywhere">
          {showHidden(describeArguments(request.arguments ?? ""))}
        </pre>
      </section>
      <input
        aria-label={t("request.note")}
        placeholder={t("request.note")}
        className={fieldClass}
        value={note}
        onChange={(event) => setNote(event.target.value)}
      />
      <div className="flex flex-wrap gap-2">
        <Button look="primary" disabled={busy} onClick={() => decide("allow")}>
          {t("request.allow")}
        </Button>
        {rule && (
          <>
            <Button disabled={busy} onClick={() => decide("allow", "task")}>
              {t("request.alwaysTask")}
            </Button>
            <Button disabled={busy} onClick={() => decide("allow", "user")}>
              {t("request.alwaysUser")}
            </Button>
          </>
        )}
        <Button disabled={busy} onClick={() => decide("deny")}>
          {t("request.deny")}
        </Button>
      </div>
      {rule && (
        <p className="text-muted-foreground text-xs wrap-anywhere">
          {t("request.always")}{" "}
          <code className="font-mono">
            {showHidden([rule.tool, rule.argument].filter((part) => part !== undefined).join(" "))}
          </code>
        </p>
      )}
    </div>
  );
}
