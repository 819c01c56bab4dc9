import {
  ChevronRight,
  Circle,
  CircleCheck,
  CircleDot,
  CircleSlash,
  ListTodo,
  type LucideIcon,
} from "lucide-react";
import { useId, useState } from "react";
import type { TodoItem } from "../../../protocol/event.ts";
import { type Language, useLanguage } from "../../language/language.ts";

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

/** How far a plan is and what is in hand: `2 of 5 · read the contracts`. */
export function summarizePlan(items: readonly TodoItem[], { t }: Pick<Language, "t">): string {
  const done = items.filter(({ status }) => status === "completed").length;
  const count = items.filter(({ status }) => status !== "cancelled").length;
  const now = items.find(({ status }) => status === "in_progress")?.content;
  return [t("plan.progress", { done, count }), now].filter(Boolean).join(" · ");
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
        <ChevronRight
          size={15}
          aria-hidden="true"
          className={`shrink-0 text-muted-foreground transition-transform ${open ? "rotate-90" : ""}`}
        />
      </button>
      <div id={panel} hidden={!open} className="max-h-[30dvh] overflow-y-auto px-4 pb-3">
        <PlanList items={items} />
      </div>
    </section>
  );
}

/** The plan that a call of the `todo` tool was given; null where it cannot be read. */
export function planOf(given: Record<string, unknown> | string): readonly TodoItem[] | null {
  const items = typeof given === "string" ? undefined : (given.items ?? given.todos);
  if (!Array.isArray(items)) return null;
  const read = items.flatMap((item: unknown): TodoItem[] => {
    if (typeof item !== "object" || item === null) return [];
    const { content, status } = item as Record<string, unknown>;
    if (typeof content !== "string") return [];
    return [{ content, status: isStatus(status) ? status : "pending" }];
  });
  return read.length > 0 ? read : null;
}

function isStatus(value: unknown): value is TodoItem["status"] {
  return typeof value === "string" && Object.hasOwn(icons, value);
}
