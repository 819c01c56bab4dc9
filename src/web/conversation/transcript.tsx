import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { useCallback, useEffect, useRef } from "react";
import { useLanguage } from "../language/language.ts";
import { useFollowEnd } from "./follow-end.ts";
import { OpenStates } from "./open-state.ts";
import { RowView } from "./row-view.tsx";
import type { Row } from "./rows.ts";

const estimates: Record<string, number> = { text: 220, user: 84, tool: 52, request: 120 };

/**
 * The conversation. Only the rows near the screen are mounted. The end is followed while the reader is
 * there; who has scrolled away stays where they read, and is offered the way back.
 */
export function Transcript({ rows }: { rows: Row[] }) {
  const { t } = useLanguage();
  const frame = useRef<HTMLDivElement>(null);
  const openStates = useRef(new Map<string, boolean>());
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: (index) => estimates[kindOf(rows[index])] ?? 40,
    getItemKey: useCallback((index: number) => rows[index]?.key ?? index, [rows]),
    overscan: 6,
    anchorTo: "end",
    paddingStart: 24,
    paddingEnd: 28,
  });

  const { away, toEnd } = useFollowEnd(frame, virtual.getTotalSize());

  // A message of one's own is always shown, wherever one was reading.
  const messages = rows.reduce((count, row) => count + (kindOf(row) === "user" ? 1 : 0), 0);
  const seenMessages = useRef(messages);
  useEffect(() => {
    if (messages > seenMessages.current) toEnd();
    seenMessages.current = messages;
  }, [messages, toEnd]);

  const items = virtual.getVirtualItems();
  return (
    <div className="relative min-h-0 flex-1">
      <section
        ref={frame}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label={t("task.transcript")}
        className="h-full overflow-y-auto overscroll-contain outline-none [overflow-anchor:none] focus-visible:inset-ring-2 focus-visible:inset-ring-primary/50"
      >
        <OpenStates value={openStates.current}>
          <div className="relative mx-auto w-full max-w-[46rem]" style={{ height: virtual.getTotalSize() }}>
            {items.map((item) => {
              const row = rows[item.index];
              return (
                row && (
                  <div
                    key={item.key}
                    ref={virtual.measureElement}
                    data-index={item.index}
                    data-kind={kindOf(row)}
                    className={`absolute inset-x-0 top-0 px-5 max-sm:px-4 ${spaceAbove(row, rows[item.index - 1])}`}
                    style={{ transform: `translateY(${item.start}px)` }}
                  >
                    <RowView
                      item={row.item}
                      turn={row.turn}
                      live={row.live}
                      last={row.last}
                      newest={row.newest}
                      usage={row.usage}
                      name={row.key}
                    />
                  </div>
                )
              );
            })}
          </div>
        </OpenStates>
      </section>
      {away && rows.length > 0 && (
        <button
          type="button"
          className="-translate-x-1/2 absolute bottom-3 left-1/2 flex h-9 items-center gap-1.5 rounded-full border border-border-strong bg-card px-4 text-sm shadow-black/10 shadow-lg hover:bg-muted"
          onClick={toEnd}
        >
          <ArrowDown size={15} aria-hidden="true" />
          {t("task.latest")}
        </button>
      )}
    </div>
  );
}

function kindOf(row: Row | undefined): string {
  if (!row) return "";
  return "role" in row.item ? row.item.role : row.item.type;
}

function spaceAbove(row: Row, before: Row | undefined): string {
  if (!before) return "";
  const [kind, kindBefore] = [kindOf(row), kindOf(before)];
  if (kind === "user") return "pt-9";
  if (["tool", "request"].includes(kind) && kindBefore === "tool") return "pt-1.5";
  return kindBefore === "user" ? "pt-6" : "pt-4";
}
