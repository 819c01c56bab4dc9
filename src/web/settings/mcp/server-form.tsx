import { type FormEvent, useState } from "react";
import type { McpServerSettings } from "../../../protocol/agent/mcp.ts";
import { Button } from "../../components/button.tsx";
import { Labelled, SelectField, TextField, textAreaClass } from "../../components/field.tsx";
import { useLanguage } from "../../language/language.ts";
import { readPairs, splitCommand } from "./read-settings.ts";

interface ServerFormProps {
  busy: boolean;
  /** Gives whether it was taken. */
  onAdd: (name: string, settings: McpServerSettings) => Promise<boolean>;
}

const nothing = { name: "", kind: "http", where: "", secrets: "" };

/** Names a server of tools: at an address, or a program of this machine's sandbox. */
export function ServerForm({ busy, onAdd }: ServerFormProps) {
  const { t } = useLanguage();
  const [form, setForm] = useState(nothing);
  const set = (change: Partial<typeof nothing>) => setForm({ ...form, ...change });
  const atAddress = form.kind === "http";
  const [command = "", ...args] = splitCommand(form.where);
  const complete = form.name.trim() !== "" && form.where.trim() !== "";
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!complete || busy) return;
    const pairs = readPairs(form.secrets, atAddress ? ":" : "=");
    const settings = atAddress ? { url: form.where.trim(), headers: pairs } : { command, args, env: pairs };
    if (await onAdd(form.name.trim(), settings)) setForm(nothing);
  };
  return (
    <form className="space-y-4 rounded-xl border bg-surface p-4" onSubmit={(event) => void submit(event)}>
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          label={t("mcp.name")}
          hint={t("mcp.nameHint")}
          maxLength={32}
          autoComplete="off"
          spellCheck={false}
          value={form.name}
          onChange={(event) => set({ name: event.target.value })}
        />
        <SelectField
          label={t("mcp.kind")}
          value={form.kind}
          choices={[
            { value: "http", label: t("mcp.kindHttp") },
            { value: "stdio", label: t("mcp.kindCommand") },
          ]}
          onChange={(kind) => set({ kind })}
        />
      </div>
      <TextField
        label={t(atAddress ? "mcp.address" : "mcp.command")}
        {...(!atAddress && { hint: t("mcp.commandHint") })}
        placeholder={atAddress ? "https://" : ""}
        autoComplete="off"
        spellCheck={false}
        value={form.where}
        onChange={(event) => set({ where: event.target.value })}
      />
      <Labelled
        label={t(atAddress ? "mcp.headers" : "mcp.env")}
        hint={t(atAddress ? "mcp.headersHint" : "mcp.envHint")}
      >
        {(own) => (
          <textarea
            {...own}
            rows={2}
            autoComplete="off"
            spellCheck={false}
            className={`${textAreaClass} font-mono text-[13px]`}
            value={form.secrets}
            onChange={(event) => set({ secrets: event.target.value })}
          />
        )}
      </Labelled>
      <Button type="submit" look="primary" disabled={!complete || busy}>
        {t("mcp.add")}
      </Button>
    </form>
  );
}
