import { useId } from "react";
import type { CompactionPart } from "../../../client/turn.ts";
import { useLanguage } from "../../language/language.ts";
import { LazyMarkdown } from "../../markdown/lazy-markdown.tsx";
import { useOpen } from "../open-state.ts";

/** A thin line through the conversation where the model is shown less of it from there on. */
export function Compaction({ part, name }: { part: CompactionPart; name: string }) {
  const { t, format } = useLanguage();
  const panel = useId();
  const [open, setOpen] = useOpen(`compaction ${name}`, false);
  const sizes = { before: format.number(part.before), after: format.number(part.after) };
  return (
    <section>
      <div className="flex items-center gap-3 text-muted-foreground text-xs before:h-px before:min-w-4 before:flex-1 before:bg-border after:h-px after:min-w-4 after:flex-1 after:bg-border">
        <p className="max-w-[75%] text-center">
          {t("compaction.text", sizes)}
          {part.summary && (
            <button
              type="button"
              aria-expanded={open}
              aria-controls={panel}
              className="ml-2 text-primary hover:underline pointer-coarse:py-2"
              onClick={() => setOpen(!open)}
            >
              {t(open ? "compaction.hide" : "compaction.show")}
            </button>
          )}
        </p>
      </div>
      <div id={panel} hidden={!open} className="mt-3 rounded-xl border bg-surface px-4 py-3">
        {open && <LazyMarkdown text={part.summary} streaming={false} />}
      </div>
    </section>
  );
}
