import { useId } from "react";
import { Chevron } from "../components/chevron.tsx";
import { useLanguage } from "../language/language.ts";
import { useOpen } from "./open-state.ts";

/** What the model thought aloud: folded, as it is not the answer. */
export function Reasoning({ name, text, live }: { name: string; text: string; live: boolean }) {
  const { t } = useLanguage();
  const panel = useId();
  const [open, setOpen] = useOpen(`reasoning ${name}`, false);
  return (
    <section>
      <button
        type="button"
        aria-expanded={open}
        aria-controls={panel}
        className="flex items-center gap-1.5 rounded-md py-0.5 text-muted-foreground text-sm hover:text-foreground max-sm:py-2"
        onClick={() => setOpen(!open)}
      >
        <Chevron open={open} />
        <span className={live ? "breathing" : ""}>{t(live ? "reasoning.live" : "reasoning.done")}</span>
      </button>
      <div id={panel} hidden={!open}>
        <p className="mt-1.5 ml-[7px] border-l-2 pl-4 text-[13.5px] text-muted-foreground leading-relaxed whitespace-pre-wrap wrap-anywhere">
          {text.trim()}
        </p>
      </div>
    </section>
  );
}
