import { useMemo, useState } from "react";
import { useLanguage } from "../language/language.ts";
import { OutputHead } from "./output-head.tsx";
import { terminalText } from "./terminal-text.ts";

const foldedLines = 14;
/** More than this is not put on the page: nobody reads it there, and it would stop it. */
const mostCharacters = 200_000;

interface OutputProps {
  label: string;
  text: string;
  /** Folded output shows its end (what a command just said) or its beginning. */
  fold: "end" | "start";
  danger?: boolean;
}

/** Output as a terminal shows it; what is long is folded. */
export function Output({ label, text, fold, danger = false }: OutputProps) {
  const { t } = useLanguage();
  const [whole, setWhole] = useState(false);
  const lines = useMemo(() => terminalText(clip(text, fold)).trimEnd().split("\n"), [text, fold]);
  const folded = !whole && lines.length > foldedLines + 2;
  const shown = folded ? (fold === "end" ? lines.slice(-foldedLines) : lines.slice(0, foldedLines)) : lines;
  const more = folded && (
    <button
      type="button"
      className="block w-full px-3 py-1.5 text-left text-primary text-xs hover:underline"
      onClick={() => setWhole(true)}
    >
      {t("tool.showAll", { count: lines.length })}
    </button>
  );
  return (
    <section className="group/output">
      <OutputHead label={label} text={text} />
      {fold === "end" && more}
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        className={`max-h-96 overflow-auto px-3 pb-2.5 font-mono text-[12.5px] leading-[1.55] whitespace-pre-wrap wrap-anywhere ${
          danger ? "text-danger" : ""
        }`}
      >
        {shown.join("\n")}
      </pre>
      {fold === "start" && more}
    </section>
  );
}

function clip(text: string, fold: "end" | "start"): string {
  if (text.length <= mostCharacters) return text;
  return fold === "end" ? `…\n${text.slice(-mostCharacters)}` : `${text.slice(0, mostCharacters)}\n…`;
}
