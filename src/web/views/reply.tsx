import { type Ref, useState } from "react";
import { type AssistantTurn, openRequest } from "../../client/turn.ts";
import type { PendingMessage } from "../../protocol/message.ts";
import type { Request } from "../../protocol/request.ts";
import type { Task } from "../../protocol/task.ts";
import { useEscape } from "../components/latest.ts";
import { notices } from "../components/toaster.tsx";
import { AttachmentChips, uploadedFiles } from "../composer/attachment-chips.tsx";
import type { Attachments } from "../composer/attachments.ts";
import { ModelMenu } from "../composer/model-menu.tsx";
import { Composer } from "../conversation/composer.tsx";
import { PlanPanel } from "../conversation/parts/plan.tsx";
import type { LiveConversation } from "../conversation/use-conversation.ts";
import type { Upload } from "../files/use-upload.ts";
import { useLanguage } from "../language/language.ts";
import { ModeMenu } from "../pending/mode-menu.tsx";
import { modes, modesOfQuestion, type SendMode } from "../pending/modes.ts";
import { PendingList } from "../pending/pending-list.tsx";
import { usePending } from "../state/queries.ts";

interface ReplyProps {
  task: Task;
  live: LiveConversation;
  text: string;
  onChange: (text: string) => void;
  /** Puts a text behind the one that is written. */
  onAppend: (text: string) => void;
  onFiles: (files: File[]) => void;
  attachments: Attachments;
  upload: Upload;
  onProblem: (error: unknown) => void;
  ref: Ref<{ focus: () => void }>;
}

/** Where the next message is written, below those that wait: to the run at work, if there is one. */
export function Reply(props: ReplyProps) {
  const { task, live, text, onChange, onProblem, attachments } = props;
  const { t } = useLanguage();
  const pending = usePending(task.task_id);
  const [chosen, choose] = useState<SendMode | null>(null);
  const [model, chooseModel] = useState("");
  const [sending, setSending] = useState(false);
  const working = live.runId !== null;
  const question = findQuestion(live);
  const offered = Object.keys(question ? modesOfQuestion : modes) as SendMode[];
  // What was chosen for a question holds no longer than the question.
  const mode = chosen && offered.includes(chosen) ? chosen : (offered[0] ?? "steer");

  const sendDraft = async () => {
    setSending(true);
    try {
      const content = text.trim();
      if (question && mode === "answer") {
        await live.answer({ request_id: question.request_id, answers: [content] });
      } else {
        // A run that this page has not heard of yet is no reason to refuse.
        const message = { text: content, attachments: attachments.paths, modelProfile: model || null };
        await live.send(message, working && mode !== "answer" ? mode : "queue");
        attachments.clear();
      }
      onChange("");
      // Once is meant once.
      if (mode === "interrupt") choose(null);
    } catch (error) {
      onProblem(error);
    } finally {
      setSending(false);
    }
  };
  const plan = planOf(live);
  const halt = () => live.stop().catch(onProblem);
  useEscape(working, halt);
  const withdraw = async ({ pending_id, content, attachments: files }: PendingMessage) => {
    try {
      await live.withdraw(pending_id);
    } catch (error) {
      return onProblem(error);
    }
    const restore = () => {
      props.onAppend(content);
      attachments.put(files);
      notices.close(notice);
    };
    const actionProps = { children: t("pending.restore"), onClick: restore };
    const notice = notices.add({ title: t("pending.withdrawn"), actionProps });
  };

  return (
    <div className="mx-auto w-full max-w-[46rem] px-4 pt-1 pb-[max(0.9rem,env(safe-area-inset-bottom))]">
      {live.lost && (
        <p role="status" className="mb-2 text-center text-muted-foreground text-sm">
          {t("connection.lost")}
        </p>
      )}
      {plan.length > 0 && <PlanPanel items={plan} />}
      <PendingList pending={pending} onWithdraw={(message) => void withdraw(message)} />
      <Composer
        ref={props.ref}
        text={text}
        onChange={onChange}
        onSend={() => void sendDraft()}
        onStop={working ? () => void halt() : undefined}
        onFiles={props.onFiles}
        upload={props.upload}
        canSend={live.conversation !== null && !sending && text.trim() !== ""}
        placeholder={t("composer.placeholder")}
        attached={<AttachmentChips files={uploadedFiles(attachments.paths)} onRemove={attachments.remove} />}
      >
        <ModelMenu value={model} usual={task.model_profile} onChoose={chooseModel} />
        {working && <ModeMenu mode={mode} modes={offered} onChoose={choose} />}
      </Composer>
    </div>
  );
}

/** The plan of the run at work. */
function planOf({ conversation }: LiveConversation): AssistantTurn["todo"] {
  const turn = conversation?.turns.at(-1);
  return turn?.role === "assistant" && turn.status === "running" ? turn.todo : [];
}

/** The question that the run waits for the answer to. */
function findQuestion({ conversation }: LiveConversation): Request | undefined {
  const turn = conversation?.turns.at(-1);
  const request = turn?.role === "assistant" ? openRequest(turn)?.request : undefined;
  return request?.kind === "question" ? request : undefined;
}
