import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { useLanguage } from "../language/language.ts";
import { notices } from "./toaster.tsx";

/** Copies `text`, and says for a moment that it did. */
export function CopyButton({ text, className = "" }: { text: string; className?: string }) {
  const { t } = useLanguage();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1600);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () =>
    copyText(text).then(
      () => setCopied(true),
      () => notices.add({ type: "error", title: t("code.notCopied") }),
    );
  const label = t(copied ? "code.copied" : "code.copy");
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={`grid size-8 place-items-center rounded-lg text-muted-foreground transition-opacity hover:bg-muted hover:text-foreground ${className}`}
      onClick={copy}
    >
      {copied ? <Check size={15} aria-hidden="true" /> : <Copy size={15} aria-hidden="true" />}
    </button>
  );
}

/** Pages over plain http (a server in the office) have no clipboard of their own: there a selection is copied. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("The browser refused to copy.");
}
