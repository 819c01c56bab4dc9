import { useEffect, useMemo, useRef, useState } from "react";
import { useParams } from "react-router";
import { ApiError } from "../../protocol/error.ts";
import type { Task } from "../../protocol/task.ts";
import { useEscape, useLatest } from "../components/latest.ts";
import { notices } from "../components/toaster.tsx";
import { Announcer } from "../conversation/announcer.tsx";
import { Composer } from "../conversation/composer.tsx";
import { rowsOf } from "../conversation/rows.ts";
import { Transcript } from "../conversation/transcript.tsx";
import { useConversation } from "../conversation/use-conversation.ts";
import { useDropZone } from "../files/drop-zone.ts";
import { listNames, useUpload } from "../files/use-upload.ts";
import { useLanguage } from "../language/language.ts";
import { explainProblem } from "../language/problem.ts";
import { DirectoryContext } from "../markdown/directory-context.ts";
import { readDraft, useDraft } from "../state/drafts.ts";
import { useTask } from "../state/queries.ts";
import { directoryOf } from "../tasks/directory.ts";
import { TaskHeader } from "../tasks/task-header.tsx";
import { NotFound, Starting, Unreachable } from "./plain-pages.tsx";

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
  if (task.data) return <Work key={taskId} task={task.data} />;
  if (task.error instanceof ApiError && task.error.status === 404) return <NotFound />;
  if (task.isError) return <Unreachable onRetry={() => task.refetch()} />;
  return <Starting />;
}

function Work({ task }: { task: Task }) {
  const language = useLanguage();
  const { t } = language;
  const live = useConversation(task);
  const { conversation, runId } = live;
  const rows = useMemo(() => (conversation ? rowsOf(conversation) : []), [conversation]);
  const [text, setText] = useDraft(task.task_id);
  const [sending, setSending] = useState(false);
  const upload = useUpload();
  const composer = useRef<{ focus: () => void }>(null);

  const addFiles = async (files: File[]) => {
    if (files.length === 0) return;
    // Why it failed stands above the composer.
    const result = await upload.send(directoryOf(task), files).catch(() => null);
    if (!result) return;
    const attached = t("composer.attached", { names: listNames(result) });
    setText([readDraft(task.task_id).trimEnd(), attached].filter(Boolean).join("\n"));
    composer.current?.focus();
  };
  const drop = useDropZone((files) => void addFiles(files));

  const send = async (message: string) => {
    setSending(true);
    try {
      await live.send(message);
      return true;
    } catch (error) {
      notices.add({ type: "error", title: explainProblem(error, language) });
      return false;
    } finally {
      setSending(false);
    }
  };
  const sendDraft = async () => {
    if (await send(text.trim())) setText("");
  };
  const halt = () =>
    live
      .stop()
      .catch((error: unknown) => notices.add({ type: "error", title: explainProblem(error, language) }));

  useEscape(runId !== null, halt);
  const retry = useLatest(() => void send(t("run.resume")));

  return (
    <main className="relative flex h-full flex-col" {...drop.handlers}>
      <TaskHeader task={task} />
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
          <Transcript rows={rows} onRetry={retry} />
        )}
      </DirectoryContext>
      <Announcer conversation={conversation} stopping={live.stopping} />
      <div className="mx-auto w-full max-w-[46rem] px-4 pt-1 pb-[max(0.9rem,env(safe-area-inset-bottom))]">
        {live.lost && (
          <p role="status" className="mb-2 text-center text-muted-foreground text-sm">
            {t("connection.lost")}
          </p>
        )}
        <Composer
          ref={composer}
          text={text}
          onChange={setText}
          onSend={() => void sendDraft()}
          onStop={runId !== null ? () => void halt() : undefined}
          onFiles={(files) => void addFiles(files)}
          upload={upload}
          canSend={conversation !== null && runId === null && !sending && text.trim() !== ""}
          placeholder={t("composer.placeholder")}
        />
      </div>
      {drop.over && (
        <div className="pointer-events-none absolute inset-3 z-10 grid place-items-center rounded-2xl border-2 border-primary border-dashed bg-primary-soft/90 font-medium text-primary">
          {t("files.drop")}
        </div>
      )}
    </main>
  );
}
