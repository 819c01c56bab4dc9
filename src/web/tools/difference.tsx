import { useLanguage } from "../language/language.ts";
import { OutputHead } from "./output-head.tsx";

/** More lines are not put on the page. */
const mostLines = 2_000;

/** Whether a text holds a difference of two versions, as `diff -u` writes them. */
export function holdsDifference(text: string): boolean {
  return /^@@ .*@@/m.test(text);
}

/** A text that holds a difference: what came and what went are told apart by colour, and by the sign before them. */
export function Difference({ label, text }: { label: string; text: string }) {
  const { t } = useLanguage();
  const lines = text.trimEnd().split("\n");
  const shown = lines.slice(0, mostLines);
  return (
    <section className="group/output">
      <OutputHead label={label} text={text} />
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        className="max-h-96 overflow-auto pb-2.5 font-mono text-[12.5px] leading-[1.55] whitespace-pre-wrap wrap-anywhere"
      >
        {shown.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines never move, and may read the same
          <span key={index} className={`block min-h-[1.55em] px-3 ${lookOf(line)}`}>
            {line}
          </span>
        ))}
        {lines.length > shown.length && (
          <span className="block px-3 text-muted-foreground">
            … {t("tool.moreLines", { count: lines.length - shown.length })}
          </span>
        )}
      </pre>
    </section>
  );
}

function lookOf(line: string): string {
  if (/^(\+\+\+|---) /.test(line)) return "text-muted-foreground";
  if (line.startsWith("+")) return "bg-success/10 text-success";
  if (line.startsWith("-")) return "bg-danger/10 text-danger";
  return line.startsWith("@@") ? "text-muted-foreground" : "";
}
