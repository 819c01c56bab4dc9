import {
  Languages,
  LogOut,
  Monitor,
  Moon,
  Settings2,
  ShieldAlert,
  ShieldCheck,
  SlidersHorizontal,
  Sun,
} from "lucide-react";
import { useNavigate } from "react-router";
import type { Me } from "../../protocol/auth.ts";
import type { Health } from "../../protocol/server.ts";
import { IconButton } from "../components/button.tsx";
import { Action, ActionMenu, Choice, MenuLine } from "../components/menu.tsx";
import { notices } from "../components/toaster.tsx";
import { useLanguage } from "../language/language.ts";
import { explainProblem } from "../language/problem.ts";
import type { Key } from "../language/translate.ts";
import { useHealth } from "../state/queries.ts";
import { useSignOut } from "../state/session.ts";
import { useTheme } from "../state/theme.ts";
import { SandboxNotice } from "./sandbox-notice.tsx";

/** Who is signed in, how safe the server runs, and the switches of this browser. */
export function AccountBar({ me }: { me: Me }) {
  const { t } = useLanguage();
  return (
    <footer className="border-t">
      {me.local && <SandboxNotice />}
      <div className="flex items-center gap-2 py-2 pr-2 pl-4">
        <div className="min-w-0 flex-1">
          <p className="truncate text-sm" title={me.user_id}>
            {me.local ? t("account.local") : t("account.user", { id: me.user_id.slice(0, 8) })}
          </p>
          <ServerState />
        </div>
        <Switches />
      </div>
    </footer>
  );
}

function ServerState() {
  const { t } = useLanguage();
  const health = useHealth();
  if (health.isError) return <p className="text-warning text-xs">{t("health.unreachable")}</p>;
  if (!health.data) return null;
  const { sandbox, version } = health.data;
  // A newer server may know more of them.
  const level = Object.hasOwn(levels, sandbox) ? levels[sandbox] : undefined;
  const hint = [level && t(level.hint), t("health.version", { version })].filter(Boolean).join("\n");
  const Shield = level?.safe === false ? ShieldAlert : ShieldCheck;
  return (
    <p
      className={`flex items-center gap-1 text-xs ${level?.safe === false ? "text-warning" : "text-muted-foreground"}`}
      title={hint}
    >
      <Shield size={13} aria-hidden="true" className="shrink-0" />
      <span className="truncate">{level ? t(level.name) : sandbox}</span>
      <span className="sr-only">{hint}</span>
    </p>
  );
}

const levels: Record<Health["sandbox"], { name: Key; hint: Key; safe: boolean }> = {
  strict: { name: "health.strict", hint: "health.strictHint", safe: true },
  reduced: { name: "health.reduced", hint: "health.reducedHint", safe: true },
  external: { name: "health.external", hint: "health.externalHint", safe: true },
  disabled: { name: "health.disabled", hint: "health.disabledHint", safe: true },
  off: { name: "health.off", hint: "health.offHint", safe: false },
};

function Switches() {
  const language = useLanguage();
  const { t } = language;
  const [theme, chooseTheme] = useTheme();
  const signOut = useSignOut();
  const navigate = useNavigate();
  const leave = () =>
    signOut().catch((error: unknown) =>
      notices.add({ type: "error", title: explainProblem(error, language) }),
    );
  return (
    <ActionMenu
      trigger={
        <IconButton label={t("account.settings")}>
          <Settings2 size={18} aria-hidden="true" />
        </IconButton>
      }
    >
      <Action icon={<SlidersHorizontal size={16} />} onSelect={() => void navigate("/settings/usage")}>
        {t("settings.open")}
      </Action>
      <MenuLine />
      <Choice
        label={t("account.language")}
        value={language.name}
        choices={[
          { value: "zh", label: "中文", icon: <Languages size={16} /> },
          { value: "en", label: "English", icon: <Languages size={16} /> },
        ]}
        onChoose={language.choose}
      />
      <MenuLine />
      <Choice
        label={t("account.theme")}
        value={theme}
        choices={[
          { value: "system", label: t("theme.system"), icon: <Monitor size={16} /> },
          { value: "light", label: t("theme.light"), icon: <Sun size={16} /> },
          { value: "dark", label: t("theme.dark"), icon: <Moon size={16} /> },
        ]}
        onChoose={chooseTheme}
      />
      <MenuLine />
      <Action icon={<LogOut size={16} />} onSelect={leave}>
        {t("account.signOut")}
      </Action>
    </ActionMenu>
  );
}
