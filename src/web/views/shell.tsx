import { lazy, Suspense, useEffect } from "react";
import { Outlet, useLocation, useMatch, useSearchParams } from "react-router";
import type { Me } from "../../protocol/auth.ts";
import { useLanguage } from "../language/language.ts";
import { useTaskChanges } from "../state/task-changes.ts";
import { TaskList } from "../tasks/task-list.tsx";
import { AccountBar } from "./account-bar.tsx";

const FilesPanel = lazy(() =>
  import("../files/files-panel.tsx").then((module) => ({ default: module.FilesPanel })),
);

/**
 * The frame: tasks on the left, the work in the middle, files on the right. On a phone one of them
 * fills the screen; which one is in the address, so that Back goes from one to the other.
 */
export function Shell({ me }: { me: Me }) {
  const { t } = useLanguage();
  const { pathname } = useLocation();
  const [search] = useSearchParams();
  const taskId = useMatch("/tasks/:taskId")?.params.taskId ?? null;
  const files = search.get("files");
  useTaskChanges();
  useEffect(() => {
    // Wanted as soon as a task is opened: fetched while the person looks at the list.
    void import("../markdown/markdown.tsx");
  }, []);
  const listOnPhone = pathname === "/" && files === null;
  // Where three would be too narrow, the files take the tasks' place.
  const listBeside = files === null ? "hidden md:flex" : "hidden lg:flex";
  return (
    <div className="flex h-dvh">
      <a
        href="#work"
        className="-translate-y-20 absolute top-2 left-2 z-50 rounded-lg bg-card px-3 py-2 text-sm shadow-lg focus:translate-y-0"
      >
        {t("page.skip")}
      </a>
      <aside
        className={`w-72 shrink-0 flex-col border-r bg-surface max-md:w-full max-md:border-r-0 ${
          listOnPhone ? "flex" : listBeside
        }`}
      >
        <TaskList />
        <AccountBar me={me} />
      </aside>
      <div id="work" className={`min-w-0 flex-1 ${listOnPhone || files !== null ? "max-md:hidden" : ""}`}>
        <Outlet />
      </div>
      {files !== null && (
        <aside
          aria-label={t("files.title")}
          className="flex w-80 shrink-0 flex-col border-l bg-surface max-md:w-full max-md:border-l-0 xl:w-96"
        >
          <Suspense fallback={null}>
            <FilesPanel taskId={taskId} path={files} />
          </Suspense>
        </aside>
      )}
    </div>
  );
}
