import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Button } from "../components/button.tsx";
import { TextField } from "../components/field.tsx";
import { Logo } from "../components/logo.tsx";
import { useLanguage } from "../language/language.ts";
import { explainProblem } from "../language/problem.ts";
import { client } from "../state/client.ts";
import { isSignedOut, sessionKey } from "../state/session.ts";

/** Signs in with a user id and the platform key; `problem` says why a sign-in link or the session ended. */
export function SignInView({ problem }: { problem: unknown }) {
  const language = useLanguage();
  const { t } = language;
  const queries = useQueryClient();
  const [userId, setUserId] = useState("");
  const [platformKey, setPlatformKey] = useState("");
  const login = useMutation({
    // The token in the answer is dropped: the page lives on the cookie that comes with it.
    mutationFn: () =>
      client.login({ user_id: userId.trim(), platform_key: platformKey.trim(), session: true }),
    onSuccess: () => queries.invalidateQueries({ queryKey: sessionKey }),
  });
  const shown = login.error ?? problem;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate();
  };
  return (
    <main className="grid h-full place-items-center overflow-y-auto p-6">
      <div className="w-full max-w-sm space-y-7">
        <header className="space-y-4">
          <Logo />
          <h1 className="font-semibold text-2xl tracking-tight">{t("signIn.title")}</h1>
          <p className="text-muted-foreground">{t("signIn.intro")}</p>
        </header>
        {shown != null && (
          <p role="alert" className="rounded-lg bg-warning-soft px-3.5 py-2.5 text-sm text-warning">
            {isSignedOut(shown) ? t("signIn.ended") : explainProblem(shown, language)}
          </p>
        )}
        <form className="space-y-4" onSubmit={submit}>
          <TextField
            label={t("signIn.userId")}
            name="username"
            autoComplete="username"
            placeholder="00000000-0000-0000-0000-000000000000"
            spellCheck={false}
            required
            value={userId}
            onChange={(event) => setUserId(event.target.value)}
          />
          <TextField
            label={t("signIn.platformKey")}
            name="password"
            type="password"
            autoComplete="current-password"
            required
            value={platformKey}
            onChange={(event) => setPlatformKey(event.target.value)}
          />
          <Button look="primary" type="submit" className="w-full" disabled={login.isPending}>
            {t("signIn.submit")}
          </Button>
        </form>
        <p className="border-t pt-5 text-muted-foreground text-sm">{t("signIn.linkHint")}</p>
        <div className="flex gap-4 text-sm">
          {(["zh", "en"] as const).map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={language.name === name}
              className="text-muted-foreground aria-pressed:text-foreground hover:text-foreground"
              onClick={() => language.choose(name)}
            >
              {name === "zh" ? "中文" : "English"}
            </button>
          ))}
        </div>
      </div>
    </main>
  );
}
