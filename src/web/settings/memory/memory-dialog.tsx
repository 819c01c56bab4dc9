import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { MemoryFile, MemoryVersion } from "../../../protocol/agent/memory.ts";
import { Button } from "../../components/button.tsx";
import { Labelled, TextField, textAreaClass } from "../../components/field.tsx";
import { WideDialog } from "../../components/wide-dialog.tsx";
import { useLanguage } from "../../language/language.ts";
import { client } from "../../state/client.ts";
import { Loaded } from "../page-parts.tsx";
import { useAttempt } from "../use-attempt.ts";

const memoryKey = ["memory"] as const;

interface MemoryDialogProps {
  /** null: a note that is yet to be written. */
  path: string | null;
  onClose: () => void;
}

/** A note and its versions: written anew, or brought back. */
export function MemoryDialog({ path, onClose }: MemoryDialogProps) {
  const { t } = useLanguage();
  const index = useQuery({ queryKey: memoryKey, queryFn: ({ signal }) => client.readMemory({ signal }) });
  const file = index.data?.files.find((each) => each.path === path);
  const kept = file ?? index.data?.deleted.find((each) => each.path === path);
  const title = path ?? t("memory.add");
  return (
    <WideDialog title={title} description={t("settings.memory")} onClose={onClose}>
      {path === null ? (
        <Editor path={null} initial="" onDone={onClose} />
      ) : (
        <>
          {file && <Current file={file} onDone={onClose} />}
          {kept && <Versions path={path} versions={kept.versions} live={file !== undefined} />}
        </>
      )}
    </WideDialog>
  );
}

function Current({ file, onDone }: { file: MemoryFile; onDone: () => void }) {
  const text = useQuery({
    queryKey: ["memory text", file.path, file.updated_at],
    queryFn: ({ signal }) => client.getMemory({ path: file.path }, undefined, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Loaded query={text}>
      {({ content }) => <Editor key={file.updated_at} path={file.path} initial={content} onDone={onDone} />}
    </Loaded>
  );
}

interface EditorProps {
  path: string | null;
  initial: string;
  onDone: () => void;
}

function Editor({ path, initial, onDone }: EditorProps) {
  const { t } = useLanguage();
  const { attempt, busy } = useAttempt(memoryKey);
  const [name, setName] = useState("");
  const [content, setContent] = useState(initial);
  const target =
    path ?? (name.trim() === "" || /\.md$/i.test(name.trim()) ? name.trim() : `${name.trim()}.md`);
  const save = async () => {
    if (await attempt(() => client.putMemory({ path: target }, { content }), t("settings.saved"))) onDone();
  };
  return (
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      {path === null && (
        <TextField
          label={t("memory.path")}
          hint={t("memory.pathHint")}
          autoComplete="off"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      )}
      <Labelled label={t("memory.content")}>
        {(own) => (
          <textarea
            {...own}
            rows={12}
            className={textAreaClass}
            value={content}
            onChange={(event) => setContent(event.target.value)}
          />
        )}
      </Labelled>
      <Button
        type="submit"
        look="primary"
        disabled={busy || target === "" || (path !== null && content === initial)}
      >
        {t("action.save")}
      </Button>
    </form>
  );
}

const writers = { agent: "memory.byAgent", person: "memory.byPerson", unknown: "memory.byUnknown" } as const;

interface VersionsProps {
  path: string;
  versions: readonly MemoryVersion[];
  /** Whether the newest one is in force. */
  live: boolean;
}

function Versions({ path, versions, live }: VersionsProps) {
  const { t, format } = useLanguage();
  const queries = useQueryClient();
  const { attempt, busy } = useAttempt(memoryKey);
  const [shown, setShown] = useState<string | null>(null);
  if (versions.length === 0) return null;
  const restore = (version: string) =>
    attempt(async () => {
      await client.putMemory({ path }, { version });
      await queries.invalidateQueries({ queryKey: ["memory text", path] });
    }, t("memory.restored"));
  return (
    <section>
      <h3 className="mb-1 font-medium text-sm">{t("memory.versions")}</h3>
      <ul className="divide-y">
        {versions.map(({ version, at, by, size }, index) => (
          <li key={version} className="py-1.5 text-sm">
            <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
              <button
                type="button"
                aria-expanded={shown === version}
                className="min-w-0 flex-1 text-left hover:underline pointer-coarse:py-2"
                onClick={() => setShown(shown === version ? null : version)}
              >
                <time dateTime={at}>{format.fullMoment(at)}</time>
                <span className="text-muted-foreground">
                  {" "}
                  · {t(writers[by])} · {format.bytes(size)}
                </span>
              </button>
              {live && index === 0 ? (
                <span className="text-muted-foreground text-xs">{t("memory.current")}</span>
              ) : (
                <Button className="h-8" disabled={busy} onClick={() => void restore(version)}>
                  {t("memory.restore")}
                </Button>
              )}
            </div>
            {shown === version && <VersionText path={path} version={version} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

function VersionText({ path, version }: { path: string; version: string }) {
  const text = useQuery({
    queryKey: ["memory text", path, version],
    queryFn: ({ signal }) => client.getMemory({ path }, { version }, { signal }),
  });
  return (
    <Loaded query={text}>
      {({ content }) => (
        <pre className="mt-1.5 rounded-lg bg-surface px-3 py-2 text-[13px] whitespace-pre-wrap wrap-anywhere">
          {content}
        </pre>
      )}
    </Loaded>
  );
}
