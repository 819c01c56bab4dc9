import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ArrowLeft, FolderOpen } from "lucide-react";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import type { Task } from "../../protocol/task.ts";
import { iconButtonClass } from "../components/button.tsx";
import { notices } from "../components/toaster.tsx";
import { AttachmentChips } from "../composer/attachment-chips.tsx";
import { saveAttachments } from "../composer/attachments.ts";
import { ModelMenu } from "../composer/model-menu.tsx";
import { Composer } from "../conversation/composer.tsx";
import { useDropZone } from "../files/drop-zone.ts";
import { useUpload } from "../files/use-upload.ts";
import { useLanguage } from "../language/language.ts";
import { explainProblem } from "../language/problem.ts";
import { client } from "../state/client.ts";
import { saveDraft, useDraft } from "../state/drafts.ts";
import { refreshTasks } from "../state/queries.ts";
import { directoryOf, nameFrom } from "../tasks/directory.ts";
import { noOptions, type TaskOptions, TaskOptionsForm } from "../tasks/task-options.tsx";

/** Starts a task from what is asked: its name and directory come from the words unless they are given. */
export function NewTaskView() {
  const language = useLanguage();
  const { t, format } = language;
  const queries = useQueryClient();
  const navigate = useNavigate();
  const upload = useUpload();
  const [text, setText] = useDraft("new");
  const [options, setOptions] = useState<TaskOptions>(noOptions);
  const [files, setFiles] = useState<File[]>([]);
  const addFiles = (added: File[]) => setFiles((before) => [...before, ...added]);
  const drop = useDropZone(addFiles);

  const name = options.name.trim() || nameFrom(text) || files[0]?.name || "";
  const createTask = () =>
    client.createTask({
      name,
      ...(options.directory.trim() && { working_dir: options.directory.trim() }),
      ...(options.skill && { skill: options.skill }),
      ...(options.modelProfile && { model_profile: options.modelProfile }),
    });
  const sendMessage = async (task: Task) => {
    const result = files.length > 0 ? await upload.send(directoryOf(task), files) : null;
    const attachments = result?.saved.map(({ rel }) => rel) ?? [];
    saveAttachments(task.task_id, attachments);
    // Files without a word are there for the next message.
    if (text.trim() === "") return;
    await client.postMessage({ task_id: task.task_id }, { content: text.trim(), attachments });
    saveAttachments(task.task_id, []);
  };
  const start = useMutation({
    mutationFn: async () => {
      const task = await createTask();
      // The task is there from here on: what cannot be sent now waits in its own composer.
      await sendMessage(task).catch((error: unknown) => {
        saveDraft(task.task_id, text);
        const reason = explainProblem(error, language);
        notices.add({ type: "error", title: t("new.keptDraft", { reason }) });
      });
      await refreshTasks(queries);
      return task;
    },
    onSuccess: (task) => {
      setText("");
      navigate(`/tasks/${task.task_id}`);
    },
  });
  const canSend = name !== "" && !start.isPending;

  return (
    <main className="flex h-full flex-col overflow-y-auto" {...drop.handlers}>
      <div className="flex justify-between p-2">
        <Link to="/" aria-label={t("page.back")} className={`${iconButtonClass()} md:invisible`}>
          <ArrowLeft size={19} aria-hidden="true" />
        </Link>
        <Link
          to="?files=/"
          aria-label={t("files.title")}
          title={t("files.title")}
          className={iconButtonClass()}
        >
          <FolderOpen size={19} aria-hidden="true" />
        </Link>
      </div>
      <div className="mx-auto flex w-full max-w-2xl flex-1 flex-col px-5 pt-[9vh] pb-10 max-sm:pt-4">
        <h1 className="font-semibold text-[26px] leading-tight tracking-tight max-sm:text-2xl">
          {t("new.title")}
        </h1>
        <p className="mt-2 mb-6 text-muted-foreground">{t("new.intro")}</p>
        <Composer
          tall
          text={text}
          onChange={setText}
          onSend={() => start.mutate()}
          onFiles={addFiles}
          upload={upload}
          canSend={canSend}
          placeholder={t("new.placeholder")}
          attached={
            <AttachmentChips
              files={files.map((file) => ({
                key: keyOf(file),
                name: file.name,
                hint: format.bytes(file.size),
              }))}
              onRemove={(key) => setFiles(files.filter((file) => keyOf(file) !== key))}
            />
          }
        >
          <ModelMenu
            value={options.modelProfile}
            usual=""
            onChoose={(modelProfile) => setOptions({ ...options, modelProfile })}
          />
        </Composer>
        {start.isError && (
          <p role="alert" className="mt-3 rounded-lg bg-danger-soft px-3.5 py-2.5 text-danger text-sm">
            {explainProblem(start.error, language)}
          </p>
        )}
        <TaskOptionsForm options={options} suggestedName={nameFrom(text)} onChange={setOptions} />
        {text === "" && <Examples onPick={setText} />}
      </div>
    </main>
  );
}

const keyOf = (file: File) => `${file.name} ${file.size} ${file.lastModified}`;

function Examples({ onPick }: { onPick: (text: string) => void }) {
  const { t } = useLanguage();
  return (
    <section className="mt-10">
      <h2 className="mb-2 text-muted-foreground text-xs">{t("new.examples")}</h2>
      <ul className="divide-y border-y">
        {(["new.example1", "new.example2", "new.example3"] as const).map((key) => (
          <li key={key}>
            <button
              type="button"
              className="w-full py-3 text-left text-muted-foreground text-sm hover:text-foreground"
              onClick={() => onPick(t(key))}
            >
              {t(key)}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
