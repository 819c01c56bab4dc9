import { FolderOpen, Upload as UploadIcon, X } from "lucide-react";
import { useRef, useState } from "react";
import { Link, useLocation, useNavigate } from "react-router";
import { Button, IconButton } from "../components/button.tsx";
import { useLanguage } from "../language/language.ts";
import { useTask } from "../state/queries.ts";
import { directoryOf } from "../tasks/directory.ts";
import { useDropZone } from "./drop-zone.ts";
import { FileList } from "./file-list.tsx";
import { UploadBar } from "./upload-bar.tsx";
import { useUpload } from "./use-upload.ts";

interface FilesPanelProps {
  taskId: string | null;
  /** What the address says: a directory, `/` for the whole root, empty for the task's own directory. */
  path: string;
}

/** The person's files, beside a task or alone. */
export function FilesPanel({ taskId, path }: FilesPanelProps) {
  return taskId !== null ? <TaskFiles taskId={taskId} path={path} /> : <Panel path={path} home={null} />;
}

function TaskFiles({ taskId, path }: { taskId: string; path: string }) {
  const task = useTask(taskId);
  return task.data ? <Panel path={path} home={directoryOf(task.data)} /> : null;
}

function Panel({ path, home }: { path: string; home: string | null }) {
  const { t } = useLanguage();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const upload = useUpload();
  const chooser = useRef<HTMLInputElement>(null);
  const directory = path === "" ? (home ?? "") : path === "/" ? "" : path;
  const [taken, setTaken] = useState<{ directory: string; files: File[] } | null>(null);
  const start = (into: string, files: File[]) => {
    setTaken({ directory: into, files });
    // Why it failed stands in the bar.
    if (files.length > 0) upload.send(into, files).catch(() => undefined);
  };
  const take = (files: File[]) => start(directory, files);
  const drop = useDropZone(take);
  return (
    <section className="relative flex h-full min-h-0 flex-col" {...drop.handlers}>
      <header className="flex items-center gap-1 p-2 pl-4">
        <h2 className="flex-1 font-semibold text-[15px]">{t("files.title")}</h2>
        <Button className="h-8 px-3" onClick={() => chooser.current?.click()}>
          <UploadIcon size={15} aria-hidden="true" />
          {t("files.upload")}
        </Button>
        <IconButton label={t("action.close")} onClick={() => navigate(pathname)}>
          <X size={18} aria-hidden="true" />
        </IconButton>
        <input
          ref={chooser}
          type="file"
          multiple
          hidden
          data-testid="file-chooser"
          onChange={(event) => {
            take([...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
      </header>
      {home !== null && (
        <div className="flex gap-0.5 px-3 pb-1">
          <PlaceLink here={directory === home} to="?files=">
            {t("files.ofTask")}
          </PlaceLink>
          <PlaceLink here={directory === ""} to="?files=/">
            {t("files.all")}
          </PlaceLink>
        </div>
      )}
      <div className="px-3 empty:hidden">
        <UploadBar upload={upload} onRetry={() => taken && start(taken.directory, taken.files)} />
      </div>
      <FileList directory={directory} />
      {drop.over && (
        <div className="pointer-events-none absolute inset-2 z-10 grid place-items-center rounded-xl border-2 border-primary border-dashed bg-primary-soft/90">
          <p className="flex items-center gap-2 font-medium text-primary">
            <FolderOpen size={18} aria-hidden="true" />
            {t("files.drop")}
          </p>
        </div>
      )}
    </section>
  );
}

function PlaceLink({ here, to, children }: { here: boolean; to: string; children: string }) {
  return (
    <Link
      to={to}
      aria-current={here ? "true" : undefined}
      className="rounded-md px-2.5 py-1 text-muted-foreground text-xs hover:bg-muted aria-[current=true]:bg-muted aria-[current=true]:font-medium aria-[current=true]:text-foreground max-sm:py-2.5"
    >
      {children}
    </Link>
  );
}
