import { ArrowRightLeft, Hourglass, Info, RotateCw, Unplug } from "lucide-react";
import type { FallbackPart, NoticePart, ResumedPart, RetryPart } from "../../../client/turn.ts";
import { english } from "../../language/english.ts";
import { useLanguage } from "../../language/language.ts";
import type { Key } from "../../language/translate.ts";

const quiet = "flex items-start gap-2 text-muted-foreground text-sm";

/** Something that a person should know and that is no failure. */
export function NoticeLine({ part }: { part: NoticePart }) {
  const { t } = useLanguage();
  const key = `notice.${part.code}`;
  return (
    <p className={quiet} title={part.message}>
      <Info size={15} aria-hidden="true" className="mt-1 shrink-0" />
      <span className="min-w-0 wrap-anywhere">{isKey(key) ? t(key) : part.message}</span>
    </p>
  );
}

function isKey(key: string): key is Key {
  return Object.hasOwn(english, key);
}

/** That another model answers from here on, and why. */
export function FallbackLine({ part }: { part: FallbackPart }) {
  const { t } = useLanguage();
  return (
    <p className={quiet} title={part.reason}>
      <ArrowRightLeft size={15} aria-hidden="true" className="mt-1 shrink-0" />
      <span className="min-w-0 wrap-anywhere">{t("run.fallback", { model: part.model })}</span>
    </p>
  );
}

/** That the run is at work, or where it waits in the queue. */
export function WorkingLine({ queued }: { queued: number | null }) {
  const { t } = useLanguage();
  return (
    <p className="flex items-center gap-2.5 text-muted-foreground text-sm">
      {queued === null ? (
        <span aria-hidden="true" className="breathing size-2 rounded-full bg-primary" />
      ) : (
        <Hourglass size={15} aria-hidden="true" />
      )}
      {queued === null ? t("task.working") : t("task.queued", { position: queued })}
    </p>
  );
}

/** That the run went on after it was interrupted. */
export function ResumedLine({ reason }: { reason: ResumedPart["reason"] }) {
  const { t } = useLanguage();
  return (
    <p className={quiet}>
      <Unplug size={15} aria-hidden="true" className="mt-1 shrink-0" />
      {t(reason === "server_lost" ? "run.resumedLost" : "run.resumedStopped")}
    </p>
  );
}

/** That a model call is made again, and why. */
export function RetryLine({ part: { attempt, reason } }: { part: RetryPart }) {
  const { t } = useLanguage();
  return (
    <p className="flex items-start gap-2 rounded-lg bg-warning-soft px-3 py-2 text-sm text-warning">
      <RotateCw size={15} aria-hidden="true" className="mt-1 shrink-0" />
      {t("run.retry", { attempt, reason })}
    </p>
  );
}
