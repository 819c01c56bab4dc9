import { useQuery } from "@tanstack/react-query";
import { readError } from "../../client/read-error.ts";
import { ApiError } from "../../protocol/error.ts";
import { Button } from "../components/button.tsx";
import { useLanguage } from "../language/language.ts";
import { explainProblem } from "../language/problem.ts";
import { rawAddress } from "./address.ts";

/** More of a text is not put on the page: nobody reads it there. */
const mostBytes = 256 * 1024;

/** The beginning of a text file, and how much of it that is. `version` changes with the file. */
export function TextPreview({ path, version }: { path: string; version: string }) {
  const language = useLanguage();
  const { t, format } = language;
  const text = useQuery({
    queryKey: ["file text", path, version],
    queryFn: ({ signal }) => readBeginning(path, signal),
    gcTime: 0,
  });
  if (text.isError) {
    return (
      <div role="alert" className="space-y-3 p-5 text-danger text-sm">
        <p>{explainProblem(text.error, language)}</p>
        <Button onClick={() => text.refetch()}>{t("action.retry")}</Button>
      </div>
    );
  }
  if (!text.data) return <p className="p-5 text-muted-foreground text-sm">{t("page.loading")}</p>;
  const { content, shown, size } = text.data;
  return (
    <>
      {size > shown && (
        <p className="border-b bg-surface px-5 py-2 text-muted-foreground text-xs">
          {t("preview.beginning", { shown: format.bytes(shown), size: format.bytes(size) })}
        </p>
      )}
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        className="min-h-0 flex-1 overflow-auto px-5 py-4 font-mono text-[13px] leading-relaxed whitespace-pre-wrap wrap-anywhere"
      >
        {content || t("preview.empty")}
      </pre>
    </>
  );
}

async function readBeginning(path: string, signal: AbortSignal) {
  const answer = await fetch(rawAddress(path), { headers: { Range: `bytes=0-${mostBytes - 1}` }, signal });
  if (!answer.ok) {
    const error = await readError(answer);
    // Nothing of an empty file can be asked for.
    if (error instanceof ApiError && error.code === "range_not_satisfiable")
      return { content: "", shown: 0, size: 0 };
    throw error;
  }
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const size = Number(/\/(\d+)$/.exec(answer.headers.get("Content-Range") ?? "")?.[1] ?? bytes.length);
  return { content: decode(bytes), shown: bytes.length, size };
}

/** What is no UTF-8 is most likely Chinese of older programs. The end may cut through a character. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return new TextDecoder("gb18030").decode(bytes, { stream: true });
  }
}
