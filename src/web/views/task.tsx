import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { useNavigate, useParams } from "react-router";
import { ApiError } from "../../protocol/error.ts";
import type { Task } from "../../protocol/task.ts";
import { notices } from "../components/toaster.tsx";
import { useAttachments } from "../composer/attachments.ts";
import { ConversationActionsContext, useLatestActions } from "../conversation/actions.ts";
import { Announcer } from "../conversation/announcer.tsx";
import { touch } from "../conversation/composer.tsx";
import { forkTask } from "../conversation/fork.ts";
import { rowsOf } from "../conversation/rows.ts";
import { Transcript } from "../conversation/transcript.tsx";
import { type LiveConversation, useConversation } from "../conversation/use-conversation.ts";
import { useDropZone } from "../files/drop-zone.ts";
import { useUpload } from "../files/use-upload.ts";
import { useLanguage } from "../language/language.ts";
import { explainProblem } from "../language/problem.ts";
import { DirectoryContext } from "../markdown/directory-context.ts";
import { readDraft, useDraft } from "../state/drafts.ts";
import { refreshTasks, useTask } from "../state/queries.ts";
import { noticeSignedOut } from "../state/session.ts";
import { directoryOf } from "../tasks/directory.ts";
import { TaskHeader } from "../tasks/task-header.tsx";
import { NotFound, Starting, Unreachable } from "./plain-pages.tsx";
import { Reply } from "./reply.tsx";

/** A task: its conversation, and where the next message is written. */
export function TaskView() {
  const { taskId = "" } = useParams();
  const task = useTask(taskId);
  useEffect(() => {
    if (!task.data) return;
    document.title = `${task.data.name} · zcbot`;
    return () => {
      document.title = "zcbot";
    };
  }, [task.data]);
  // Also where it was deleted while it was open.
  if (task.error instanceof ApiError && task.error.status === 404) return <NotFound />;
  if (task.data) return <Work key={taskId} task={task.data} />;
  if (task.isError) return <Unreachable onRetry={() => task.refetch()} />;
  return <Starting />;
}

function Work({ task }: { task: Task }) {
  const language = useLanguage();
  const { t } = language;
  const live = useConversation(task.task_id);
  const { conversation } = live;
  const rows = useMemo(() => (conversation ? rowsOf(conversation) : []), [conversation]);
  const [text, setText] = useDraft(task.task_id);
  const upload = useUpload();
  const composer = useRef<{ focus: () => void }>(null);

  const queries = useQueryClient();
  const complain = (error: unknown) => {
    if (noticeSignedOut(queries, error)) return;
    notices.add({ type: "error", title: explainProblem(error, language) });
  };
  const append = (more: string) => {
    setText([readDraft(task.task_id).trimEnd(), more].filter(Boolean).join("\n\n"));
    composer.current?.focus();
  };
  const attachments = useAttachments(task.task_id, directoryOf(task), upload);
  const addFiles = async (files: File[]) => {
    await attachments.add(files);
    if (files.length > 0 && !touch.matches) composer.current?.focus();
  };
  const drop = useDropZone((files) => void addFiles(files));
  const actions = useActions(task, live, complain, () => composer.current?.focus());

  return (
    <main className="relative flex h-full flex-col" {...drop.handlers}>
      <TaskHeader task={task} />
      <ConversationActionsContext value={actions}>
        <DirectoryContext value={directoryOf(task)}>
          {conversation === null ? (
            <div className="min-h-0 flex-1">
              {live.problem === null ? <Starting /> : <Unreachable onRetry={() => void live.reload()} />}
            </div>
          ) : rows.length === 0 ? (
            <p className="grid flex-1 place-items-center p-6 text-center text-muted-foreground">
              {t("task.empty")}
            </p>
          ) : (
            <Transcript rows={rows} />
          )}
        </DirectoryContext>
      </ConversationActionsContext>
      <Announcer conversation={conversation} stopping={live.stopping} />
      <Reply
        ref={composer}
        task={task}
        live={live}
        text={text}
        onChange={setText}
        onAppend={append}
        onFiles={(files) => void addFiles(files)}
        attachments={attachments}
        upload={upload}
        onProblem={complain}
      />
      {drop.over && (
        <div className="pointer-events-none absolute inset-3 z-10 grid place-items-center rounded-2xl border-2 border-primary border-dashed bg-primary-soft/90 font-medium text-primary">
          {t("files.drop")}
        </div>
      )}
    </main>
  );
}

function useActions(
  task: Task,
  live: LiveConversation,
  complain: (error: unknown) => void,
  focusComposer: () => void,
) {
  const { t } = useLanguage();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const fork = async (turn: number) => {
    const name = t("task.forkName", { name: [...task.name].slice(0, 240).join("") });
    const made = await forkTask(task, live.conversation?.turns ?? [], turn, name);
    await refreshTasks(queries);
    navigate(`/tasks/${made.task_id}`);
  };
  return useLatestActions({
    answer: async (answer) => {
      await live.answer(answer);
      if (!touch.matches) focusComposer();
    },
    retry: () => void live.retry().catch(complain),
    goOn: () => void live.send({ text: t("run.resume") }, "queue").catch(complain),
    fork: (turn) => void fork(turn).catch(complain),
  });
}
