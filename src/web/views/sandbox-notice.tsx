import { X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { CopyButton } from "../components/copy-button.tsx";
import { useLanguage } from "../language/language.ts";
import { createPreference } from "../state/preference.ts";
import { useHealth } from "../state/queries.ts";

/** The level whose notice was closed: it comes again only when the level has become another. */
const closed = createPreference("zcbot.notice", ["", "reduced", "off"], "");
const command = "sudo apt-get install bubblewrap";

/**
 * Says to the one who runs the server that commands could be isolated better, and how. Nobody else can do anything
 * about it, so they find it in the account bar only.
 */
export function SandboxNotice() {
  const { t } = useLanguage();
  const level = useHealth().data?.sandbox;
  const closedLevel = useSyncExternalStore(closed.subscribe, closed.get);
  if ((level !== "reduced" && level !== "off") || level === closedLevel) return null;
  return (
    <aside
      aria-label={t(level === "off" ? "health.off" : "health.reduced")}
      className="flex items-start gap-1 border-b bg-warning-soft py-2 pr-1.5 pl-4 text-xs leading-relaxed"
    >
      <div className="min-w-0 flex-1 py-1">
        <p>{t(level === "off" ? "health.offHint" : "health.reducedHint")}</p>
        <p className="mt-1.5 text-muted-foreground">{t("health.raise")}</p>
        <p className="mt-0.5 flex items-center">
          <code className="min-w-0 flex-1 font-mono text-[11.5px] wrap-anywhere">{command}</code>
          <CopyButton text={command} className="shrink-0" />
        </p>
      </div>
      <button
        type="button"
        aria-label={t("action.close")}
        title={t("action.close")}
        className="grid size-8 shrink-0 place-items-center rounded-lg text-muted-foreground hover:bg-muted pointer-coarse:size-11"
        onClick={() => closed.set(level)}
      >
        <X size={15} aria-hidden="true" />
      </button>
    </aside>
  );
}
