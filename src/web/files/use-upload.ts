import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import type { UploadResult } from "../../protocol/file.ts";
import { sendFiles } from "./send-files.ts";

/** What an upload is at. */
export type UploadState =
  | { phase: "idle" }
  | { phase: "sending"; count: number; share: number }
  | { phase: "failed"; error: unknown };

export interface Upload {
  state: UploadState;
  /** Sends files into a directory. Rejects where it failed or was stopped, which `state` shows too. */
  send: (path: string, files: readonly File[]) => Promise<UploadResult>;
  stop: () => void;
  dismiss: () => void;
}

/** One upload at a time, with its progress; another one replaces it. */
export function useUpload(): Upload {
  const queries = useQueryClient();
  const [state, setState] = useState<UploadState>({ phase: "idle" });
  const controller = useRef<AbortController>(null);
  const stop = useCallback(() => controller.current?.abort(new DOMException("Stopped", "AbortError")), []);

  const send = useCallback(
    async (path: string, files: readonly File[]) => {
      stop();
      const own = new AbortController();
      controller.current = own;
      const show = (next: UploadState) => {
        if (controller.current === own) setState(next);
      };
      const progress = (share: number) => show({ phase: "sending", count: files.length, share });
      progress(0);
      try {
        const result = await sendFiles(path, files, progress, own.signal);
        show({ phase: "idle" });
        return result;
      } catch (error) {
        show(own.signal.aborted ? { phase: "idle" } : { phase: "failed", error });
        throw error;
      } finally {
        void queries.invalidateQueries({ queryKey: ["files"] });
      }
    },
    [queries, stop],
  );

  useLeaveWarning(state.phase === "sending");
  return { state, send, stop, dismiss: () => setState({ phase: "idle" }) };
}

function useLeaveWarning(active: boolean): void {
  useEffect(() => {
    if (!active) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [active]);
}
