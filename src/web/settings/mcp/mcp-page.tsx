import { useQuery } from "@tanstack/react-query";
import { RefreshCw, Trash2 } from "lucide-react";
import { useState } from "react";
import type { McpServer } from "../../../protocol/agent/mcp.ts";
import { IconButton } from "../../components/button.tsx";
import { ConfirmDialog } from "../../components/dialog.tsx";
import { useLanguage } from "../../language/language.ts";
import { client } from "../../state/client.ts";
import { Badge, Empty, Loaded, listClass, PageHead } from "../page-parts.tsx";
import { type Attempt, useAttempt } from "../use-attempt.ts";
import { ServerForm } from "./server-form.tsx";

const key = ["mcp servers"] as const;

/** Servers whose tools a person's tasks can use: how they were found last, one more, one less. */
export function McpPage() {
  const { t } = useLanguage();
  const list = useAttempt(key);
  const [leaving, setLeaving] = useState<string | null>(null);
  const servers = useQuery({
    queryKey: key,
    queryFn: async ({ signal }) => (await client.listMcpServers({ signal })).servers,
  });
  const add = async (name: string, settings: Parameters<typeof client.putMcpServer>[1]) => {
    const added = await list.attempt(() => client.putMcpServer({ name }, settings));
    // Whether it can be reached stands in the list.
    if (added) void list.attempt(() => client.checkMcpServer({ name }));
    return added;
  };
  return (
    <>
      <PageHead title={t("settings.mcp")} intro={t("mcp.intro")} />
      <div className="space-y-6">
        <Loaded query={servers}>
          {(data) =>
            data.length === 0 ? (
              <Empty>{t("mcp.empty")}</Empty>
            ) : (
              <ul className={listClass}>
                {data.map((server) => (
                  <ServerRow
                    key={`${server.source} ${server.name}`}
                    server={server}
                    list={list}
                    onDelete={() => setLeaving(server.name)}
                  />
                ))}
              </ul>
            )
          }
        </Loaded>
        <ServerForm busy={list.busy} onAdd={add} />
      </div>
      <ConfirmDialog
        open={leaving !== null}
        onClose={() => setLeaving(null)}
        title={t("mcp.deleteTitle", { name: leaving ?? "" })}
        description={t("mcp.deleteHint")}
        action={t("action.delete")}
        busy={list.busy}
        onConfirm={async () => {
          if (leaving !== null) await list.attempt(() => client.deleteMcpServer({ name: leaving }));
          setLeaving(null);
        }}
      />
    </>
  );
}

const looks = { unknown: "plain", connected: "good", failed: "bad" } as const;

interface ServerRowProps {
  server: McpServer;
  list: Attempt;
  onDelete: () => void;
}

function ServerRow({ server, list, onDelete }: ServerRowProps) {
  const { t, format } = useLanguage();
  const { name, source, url, command, args, state, error, checked_at, tools } = server;
  const where = url ?? [command, ...args].filter(Boolean).join(" ");
  return (
    <li className="flex items-start gap-1 py-2.5 pr-1.5 pl-4">
      <div className="min-w-0 flex-1 space-y-0.5 text-sm">
        <p className="flex flex-wrap items-center gap-2">
          <span className="font-medium wrap-anywhere">{name}</span>
          <Badge look={looks[state]}>{t(`mcp.${state}`)}</Badge>
          {checked_at !== null && (
            <time dateTime={checked_at} className="text-muted-foreground text-xs">
              {format.moment(checked_at)}
            </time>
          )}
        </p>
        <p className="text-muted-foreground">
          {where ? <code className="font-mono text-[12.5px] wrap-anywhere">{where}</code> : t("mcp.operator")}
        </p>
        {error !== null && <p className="text-danger wrap-anywhere">{error}</p>}
        {tools.length > 0 && (
          <details>
            <summary className="text-muted-foreground hover:text-foreground pointer-coarse:py-2">
              {t("mcp.tools", { count: tools.length })}
            </summary>
            <ul className="mt-1 space-y-1 border-l-2 pl-3">
              {tools.map((tool) => (
                <li key={tool.name}>
                  <code className="font-mono text-[12.5px] wrap-anywhere">{tool.name}</code>
                  <span className="line-clamp-2 text-muted-foreground text-xs wrap-anywhere">
                    {tool.description}
                  </span>
                </li>
              ))}
            </ul>
          </details>
        )}
      </div>
      <IconButton
        label={t("mcp.check", { name })}
        disabled={list.busy}
        onClick={() => void list.attempt(() => client.checkMcpServer({ name }))}
      >
        <RefreshCw size={16} aria-hidden="true" className={list.busy ? "breathing" : ""} />
      </IconButton>
      {source === "user" && (
        <IconButton label={t("mcp.delete", { name })} disabled={list.busy} onClick={onDelete}>
          <Trash2 size={16} aria-hidden="true" />
        </IconButton>
      )}
    </li>
  );
}
