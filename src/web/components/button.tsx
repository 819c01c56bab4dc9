import type { ComponentProps, ReactNode } from "react";

type Look = "primary" | "plain" | "quiet" | "danger";

const looks: Record<Look, string> = {
  primary: "bg-primary text-primary-foreground hover:opacity-90 active:opacity-80",
  plain: "border border-border-strong bg-card hover:bg-muted",
  quiet: "text-muted-foreground hover:bg-muted hover:text-foreground",
  danger: "bg-danger text-background hover:opacity-90",
};

const base =
  "inline-flex shrink-0 select-none items-center justify-center gap-2 rounded-lg font-medium transition-[background,opacity,color] disabled:pointer-events-none disabled:opacity-45";

/** How a button of that look is drawn, for links and menus that should look like one. */
export function buttonClass(look: Look = "plain"): string {
  return `${base} h-9 px-3.5 text-sm max-sm:h-11 ${looks[look]}`;
}

/** A button with a text. */
export function Button({
  look = "plain",
  className = "",
  ...rest
}: ComponentProps<"button"> & { look?: Look }) {
  return <button type="button" className={`${buttonClass(look)} ${className}`} {...rest} />;
}

/** How an icon button is drawn; at least 44px wide where fingers press it. */
export function iconButtonClass(look: Look = "quiet"): string {
  return `${base} size-9 pointer-coarse:size-11 ${looks[look]}`;
}

/** A button with an icon only; `label` is its name for screen readers and its tooltip. */
export function IconButton({
  label,
  look = "quiet",
  className = "",
  children,
  ...rest
}: ComponentProps<"button"> & { label: string; look?: Look; children: ReactNode }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={`${iconButtonClass(look)} ${className}`}
      {...rest}
    >
      {children}
    </button>
  );
}
