import { Check, CircleSlash, Clock, MessageCircleQuestion, ShieldQuestion, X } from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import type { GivenAnswer, RequestPart } from "../../client/turn.ts";
import type { AnswerCreate, Request } from "../../protocol/request.ts";
import { notices } from "../components/toaster.tsx";
import { useConversationActions } from "../conversation/actions.ts";
import { type Language, useLanguage } from "../language/language.ts";
import { explainProblem } from "../language/problem.ts";
import { toolLabel } from "../tools/tool-face.ts";
import { ApprovalForm } from "./approval-form.tsx";
import { QuestionForm } from "./question-form.tsx";

/** An answer without the id of what it answers. */
export type AnswerBody = Omit<AnswerCreate, "request_id">;

/** What the run asks a person: to be answered while `open`, afterwards how it was answered. */
export function RequestCard({ part, open }: { part: RequestPart; open: boolean }) {
  const { request, answer } = part;
  if (answer) return <Answered part={part} answer={answer} />;
  if (!open) return <Unanswered part={part} />;
  return <Asking key={request.request_id} part={part} />;
}

function Asking({ part: { request } }: { part: RequestPart }) {
  const language = useLanguage();
  const { t, format } = language;
  const { answer } = useConversationActions();
  const title = useId();
  const [busy, setBusy] = useState(false);
  const send = async (body: AnswerBody) => {
    setBusy(true);
    try {
      await answer({ request_id: request.request_id, ...body });
    } catch (error) {
      setBusy(false);
      notices.add({ type: "error", title: explainProblem(error, language) });
    }
  };
  const question = request.kind === "question";
  const Icon = question ? MessageCircleQuestion : ShieldQuestion;
  return (
    <section
      aria-labelledby={title}
      className="space-y-3 rounded-2xl border border-warning/35 bg-warning-soft p-4"
    >
      <h3 id={title} className="flex items-start gap-2.5 font-medium">
        <Icon size={18} aria-hidden="true" className="mt-1 shrink-0 text-warning" />
        <span className="min-w-0 whitespace-pre-wrap wrap-anywhere">
          {question ? request.question : t("request.approval", { tool: toolLabel(request.tool ?? "", t) })}
        </span>
      </h3>
      {question ? (
        <QuestionForm request={request} busy={busy} onAnswer={(body) => void send(body)} />
      ) : (
        <ApprovalForm request={request} busy={busy} onAnswer={(body) => void send(body)} />
      )}
      {request.deadline && (
        <p className="flex items-center gap-1.5 text-muted-foreground text-xs">
          <Clock size={13} aria-hidden="true" className="shrink-0" />
          {describeDeadline(request, format.fullMoment(request.deadline), t)}
        </p>
      )}
    </section>
  );
}

function describeDeadline({ fallback }: Request, time: string, t: Language["t"]): string {
  if (fallback?.decision === "deny") return t("request.deadlineDeny", { time });
  const answer = fallback?.answers?.join(t("request.separator"));
  return answer ? t("request.deadlineAnswer", { time, answer }) : t("request.deadline", { time });
}

function Answered({ part: { request }, answer }: { part: RequestPart; answer: GivenAnswer }) {
  const { t } = useLanguage();
  const denied = answer.decision === "deny";
  const verdict = answer.decision
    ? t(denied ? "request.denied" : "request.allowed")
    : (answer.answers ?? []).join(t("request.separator"));
  const scope =
    answer.remember && t(answer.remember === "task" ? "request.rememberedTask" : "request.rememberedUser");
  return (
    <Settled
      part={{ request }}
      icon={denied ? <X size={15} aria-hidden="true" /> : <Check size={15} aria-hidden="true" />}
    >
      {[answer.by === "deadline" ? t("request.byDeadline") : "", verdict, scope].filter(Boolean).join(" · ")}
      {answer.by === "person" && answer.note && (
        <span className="block text-muted-foreground">{answer.note}</span>
      )}
    </Settled>
  );
}

function Unanswered({ part }: { part: RequestPart }) {
  const { t } = useLanguage();
  return (
    <Settled part={part} icon={<CircleSlash size={15} aria-hidden="true" />}>
      <span className="text-muted-foreground">{t("request.unanswered")}</span>
    </Settled>
  );
}

interface SettledProps {
  part: Pick<RequestPart, "request">;
  icon: ReactNode;
  children: ReactNode;
}

function Settled({ part: { request }, icon, children }: SettledProps) {
  const { t } = useLanguage();
  return (
    <section className="rounded-xl border bg-card px-4 py-2.5 text-sm">
      <p className="text-muted-foreground whitespace-pre-wrap wrap-anywhere">
        {request.kind === "question"
          ? request.question
          : t("request.approval", { tool: toolLabel(request.tool ?? "", t) })}
      </p>
      <p className="mt-0.5 flex items-start gap-2 wrap-anywhere">
        <span className="mt-1 shrink-0 text-muted-foreground">{icon}</span>
        <span className="min-w-0 whitespace-pre-wrap">{children}</span>
      </p>
    </section>
  );
}
