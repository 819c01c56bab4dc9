import { ChevronRight } from "lucide-react";

/** The sign of what can be opened: it points down once it is. */
export function Chevron({ open, className = "" }: { open: boolean; className?: string }) {
  return (
    <ChevronRight
      size={15}
      aria-hidden="true"
      className={`${className} transition-transform ${open ? "rotate-90" : ""}`}
    />
  );
}
