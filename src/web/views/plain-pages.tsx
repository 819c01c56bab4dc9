import type { ReactNode } from "react";
import { Link } from "react-router";
import { Button, buttonClass } from "../components/button.tsx";
import { useLanguage } from "../language/language.ts";

function PlainPage({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="grid h-full place-items-center p-6">
      <div className="max-w-md space-y-4 text-center">
        <h1 className="font-semibold text-xl">{title}</h1>
        {children}
      </div>
    </main>
  );
}

/** While it is not known yet who is signed in. */
export function Starting() {
  const { t } = useLanguage();
  return (
    <main className="grid h-full place-items-center">
      <p role="status" className="breathing text-muted-foreground text-sm [animation-delay:0.4s]">
        {t("page.starting")}
      </p>
    </main>
  );
}

/** When the server does not answer. */
export function Unreachable({ onRetry }: { onRetry: () => void }) {
  const { t } = useLanguage();
  return (
    <PlainPage title={t("page.unreachable")}>
      <p className="text-muted-foreground">{t("page.unreachableHint")}</p>
      <Button look="primary" onClick={onRetry}>
        {t("action.retry")}
      </Button>
    </PlainPage>
  );
}

/** For an address, or a task, that does not exist. */
export function NotFound() {
  const { t } = useLanguage();
  return (
    <PlainPage title={t("page.notFound")}>
      <p className="text-muted-foreground">{t("page.notFoundHint")}</p>
      <Link to="/" className={buttonClass("primary")}>
        {t("page.toTasks")}
      </Link>
    </PlainPage>
  );
}
