import { Circle, CircleCheck, CircleDot, CircleSlash, ListTodo, type LucideIcon } from "lucide-react";
import { useId, useState } from "react";
import type { TodoItem } from "../../../protocol/event.ts";
import { Chevron } from "../../components/chevron.tsx";
import { useLanguage } from "../../language/language.ts";
import { summarizePlan } from "./read-plan.ts";

const icons: Record<TodoItem["status"], { icon: LucideIcon; look: string }> = {
  pending: { icon: Circle, look: "text-muted-foreground" },
  in_progress: { icon: CircleDot, look: "text-primary" },
  completed: { icon: CircleCheck, look: "text-success" },
  cancelled: { icon: CircleSlash, look: "text-muted-foreground" },
};

/** A plan as a checklist. */
export function PlanList({ items }: { items: readonly TodoItem[] }) {
  const { t } = useLanguage();
  return (
    <ul className="space-y-1">
      {items.map(({ content, status }, index) => {
        const { icon: Icon, look } = icons[status] ?? icons.pending;
        const over = status === "completed" || status === "cancelled";
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines of a plan have no names, and may read the same
          <li key={index} className="flex items-start gap-2 text-sm leading-5">
            <Icon size={15} aria-hidden="true" className={`mt-0.5 shrink-0 ${look}`} />
            <span
              className={`min-w-0 wrap-anywhere ${over ? "text-muted-foreground" : ""} ${
                status === "cancelled" ? "line-through" : ""
              } ${status === "in_progress" ? "font-medium" : ""}`}
            >
              {content}
              <span className="sr-only"> ({t(`plan.${status}`)})</span>
            </span>
          </li>
        );
      })}
    </ul>
  );
}

/** The plan of the run at work, above the composer: one line, or all of it. */
export function PlanPanel({ items }: { items: readonly TodoItem[] }) {
  const language = useLanguage();
  const { t } = language;
  const panel = useId();
  const [open, setOpen] = useState(() => matchMedia("(min-width: 48rem)").matches);
  return (
    <section aria-label={t("plan.title")} className="mb-2 rounded-2xl border bg-surface">
      <button
        type="button"
        aria-expanded={open}
        aria-controls={panel}
        className="flex w-full items-center gap-2 rounded-2xl px-4 py-2 text-left text-sm hover:bg-muted/60 pointer-coarse:py-3"
        onClick={() => setOpen(!open)}
      >
        <ListTodo size={15} aria-hidden="true" className="shrink-0 text-muted-foreground" />
        <span className="shrink-0">{t("plan.title")}</span>
        <span className="min-w-0 flex-1 truncate text-muted-foreground">
          {summarizePlan(items, language)}
        </span>
        <Chevron open={open} className="shrink-0 text-muted-foreground" />
      </button>
      <div id={panel} hidden={!open} className="max-h-[30dvh] overflow-y-auto px-4 pb-3">
        <PlanList items={items} />
      </div>
    </section>
  );
}
