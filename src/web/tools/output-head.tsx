import { CopyButton } from "../components/copy-button.tsx";

/** What a text of a tool is, and a way to copy it; within a `group/output`. */
export function OutputHead({ label, text }: { label: string; text: string }) {
  return (
    <div className="flex h-8 items-center justify-between pl-3 text-muted-foreground text-xs">
      <h4>{label}</h4>
      <CopyButton
        text={text}
        className="opacity-0 group-hover/output:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100"
      />
    </div>
  );
}
