import { useQuery } from "@tanstack/react-query";
import { Eraser, PencilLine, Plus, Trash2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { MemoryIndex } from "../../../protocol/agent/memory.ts";
import { Button, IconButton } from "../../components/button.tsx";
import { ConfirmDialog } from "../../components/dialog.tsx";
import { useLanguage } from "../../language/language.ts";
import { client } from "../../state/client.ts";
import { Empty, Loaded, listClass, PageHead } from "../page-parts.tsx";
import { useAttempt } from "../use-attempt.ts";
import { MemoryDialog } from "./memory-dialog.tsx";

const memoryKey = ["memory"] as const;

/** What is being done to a note: it is opened (a new one has no path yet), deleted, or erased with its versions. */
type Doing = { what: "edit"; path: string | null } | { what: "delete" | "erase"; path: string };

/** What is remembered of a person across tasks: read, written, brought back, deleted, switched off. */
export function MemoryPage() {
  const { t } = useLanguage();
  const { attempt, busy } = useAttempt(memoryKey);
  const [doing, setDoing] = useState<Doing | null>(null);
  const memory = useQuery({ queryKey: memoryKey, queryFn: ({ signal }) => client.readMemory({ signal }) });
  const enabled = memory.data?.enabled;
  const leaving = doing && doing.what !== "edit" ? doing : null;
  const remove = async () => {
    if (leaving === null) return;
    const { path, what } = leaving;
    await attempt(() => client.deleteMemory({ path }, { versions: what === "erase" }));
    setDoing(null);
  };
  return (
    <>
      <PageHead title={t("settings.memory")} intro={t("memory.intro")}>
        {enabled !== undefined && (
          <label className="flex h-9 items-center gap-2 text-sm">
            <input
              type="checkbox"
              className="size-4 accent-primary"
              checked={enabled}
              disabled={busy}
              onChange={(event) => {
                const wanted = event.target.checked;
                void attempt(() => client.switchMemory({ enabled: wanted }));
              }}
            />
            {t("memory.switch")}
          </label>
        )}
        <Button onClick={() => setDoing({ what: "edit", path: null })}>
          <Plus size={15} aria-hidden="true" />
          {t("memory.add")}
        </Button>
      </PageHead>
      <Loaded query={memory}>{(data) => <Notes index={data} onDo={setDoing} />}</Loaded>
      {doing?.what === "edit" && <MemoryDialog path={doing.path} onClose={() => setDoing(null)} />}
      <ConfirmDialog
        open={leaving !== null}
        onClose={() => setDoing(null)}
        title={t(leaving?.what === "erase" ? "memory.eraseTitle" : "memory.deleteTitle", {
          name: leaving?.path ?? "",
        })}
        description={t(leaving?.what === "erase" ? "memory.eraseHint" : "memory.deleteHint")}
        action={t("action.delete")}
        busy={busy}
        onConfirm={() => void remove()}
      />
    </>
  );
}

function Notes({ index, onDo }: { index: MemoryIndex; onDo: (doing: Doing) => void }) {
  const { t, format } = useLanguage();
  const { enabled, files, deleted, bytes, max_bytes } = index;
  return (
    <div className="space-y-6">
      {!enabled && (
        <p role="status" className="rounded-lg bg-warning-soft px-3.5 py-2.5 text-sm text-warning">
          {t("memory.off")}
        </p>
      )}
      {files.length === 0 ? (
        <Empty>{t("memory.empty")}</Empty>
      ) : (
        <div className="space-y-2">
          <ul className={listClass}>
            {files.map(({ path, size, updated_at }) => (
              <NoteRow key={path} path={path} about={`${format.bytes(size)} · ${format.moment(updated_at)}`}>
                <IconButton
                  label={t("memory.edit", { name: path })}
                  onClick={() => onDo({ what: "edit", path })}
                >
                  <PencilLine size={16} aria-hidden="true" />
                </IconButton>
                <IconButton
                  label={t("memory.delete", { name: path })}
                  onClick={() => onDo({ what: "delete", path })}
                >
                  <Trash2 size={16} aria-hidden="true" />
                </IconButton>
              </NoteRow>
            ))}
          </ul>
          <p className="text-muted-foreground text-xs">
            {t("memory.used", { used: format.bytes(bytes), most: format.bytes(max_bytes) })}
          </p>
        </div>
      )}
      {deleted.length > 0 && (
        <section className="space-y-2">
          <h3 className="font-medium text-sm">{t("memory.deleted")}</h3>
          <ul className={listClass}>
            {deleted.map(({ path, updated_at }) => (
              <NoteRow key={path} path={path} about={format.moment(updated_at)}>
                <IconButton
                  label={t("memory.edit", { name: path })}
                  onClick={() => onDo({ what: "edit", path })}
                >
                  <PencilLine size={16} aria-hidden="true" />
                </IconButton>
                <IconButton
                  label={`${t("memory.erase")}: ${path}`}
                  onClick={() => onDo({ what: "erase", path })}
                >
                  <Eraser size={16} aria-hidden="true" />
                </IconButton>
              </NoteRow>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

interface NoteRowProps {
  path: string;
  about: string;
  children: ReactNode;
}

function NoteRow({ path, about, children }: NoteRowProps) {
  return (
    <li className="flex items-center gap-1 py-2 pr-1.5 pl-4">
      <p className="min-w-0 flex-1 text-sm">
        <span className="wrap-anywhere">{path}</span>
        <span className="block text-muted-foreground text-xs">{about}</span>
      </p>
      {children}
    </li>
  );
}
