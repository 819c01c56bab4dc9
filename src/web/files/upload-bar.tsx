import { useLanguage } from "../language/language.ts";
import { explainProblem } from "../language/problem.ts";
import type { Upload } from "./use-upload.ts";

/** How far an upload is, or why it failed; nothing while there is none. */
export function UploadBar({ upload, onRetry }: { upload: Upload; onRetry?: (() => void) | undefined }) {
  const language = useLanguage();
  const { t } = language;
  const { state } = upload;
  if (state.phase === "idle") return null;
  if (state.phase === "failed") {
    return (
      <div
        role="alert"
        className="flex items-center gap-3 rounded-lg bg-danger-soft px-3 py-2 text-danger text-sm"
      >
        <span className="min-w-0 flex-1">
          {t("files.uploadFailed", { reason: explainProblem(state.error, language) })}
        </span>
        {onRetry && (
          <button type="button" className="font-medium hover:underline" onClick={onRetry}>
            {t("action.retry")}
          </button>
        )}
        <button type="button" className="hover:underline" onClick={upload.dismiss}>
          {t("action.close")}
        </button>
      </div>
    );
  }
  const percent = Math.round(state.share * 100);
  return (
    <div className="space-y-1.5 rounded-lg bg-muted px-3 py-2 text-sm">
      <div className="flex items-center justify-between gap-3">
        <span id="upload-label">{t("files.uploading", { count: state.count })}</span>
        <span className="text-muted-foreground tabular-nums">{percent}%</span>
        <button type="button" className="text-muted-foreground hover:text-foreground" onClick={upload.stop}>
          {t("action.cancel")}
        </button>
      </div>
      <progress className="sr-only" aria-labelledby="upload-label" max={100} value={percent} />
      <div aria-hidden="true" className="h-1 overflow-hidden rounded-full bg-border">
        <div
          className="h-full rounded-full bg-primary transition-[width] duration-200"
          style={{ width: `${percent}%` }}
        />
      </div>
    </div>
  );
}
