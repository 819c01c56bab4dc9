import { Menu } from "@base-ui/react/menu";
import type { ReactElement, ReactNode } from "react";

/** A menu that `trigger` (a button) opens. */
export function ActionMenu({ trigger, children }: { trigger: ReactElement; children: ReactNode }) {
  return (
    <Menu.Root>
      <Menu.Trigger render={trigger} />
      <Menu.Portal>
        <Menu.Positioner className="z-50 outline-none" sideOffset={6} align="end">
          <Menu.Popup className="min-w-44 origin-(--transform-origin) rounded-xl border bg-card p-1 shadow-black/10 shadow-lg outline-none transition-[scale,opacity] duration-100 data-ending-style:scale-[0.98] data-ending-style:opacity-0 data-starting-style:scale-[0.98] data-starting-style:opacity-0">
            {children}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

const itemClass =
  "flex w-full cursor-default select-none items-center gap-2.5 rounded-lg px-2.5 py-1.5 text-sm outline-none data-disabled:opacity-45 data-highlighted:bg-muted pointer-coarse:py-2.5";

interface ActionProps {
  icon: ReactNode;
  children: ReactNode;
  danger?: boolean;
  disabled?: boolean;
  onSelect: () => void;
}

/** One action of a menu. */
export function Action({ icon, children, danger = false, disabled = false, onSelect }: ActionProps) {
  return (
    <Menu.Item
      className={`${itemClass} ${danger ? "text-danger" : ""}`}
      disabled={disabled}
      onClick={onSelect}
    >
      <span className={danger ? "" : "text-muted-foreground"}>{icon}</span>
      {children}
    </Menu.Item>
  );
}

interface ChoiceProps<Value extends string> {
  label: string;
  value: Value;
  choices: readonly { value: Value; label: string; hint?: string; icon?: ReactNode }[];
  onChoose: (value: Value) => void;
}

/** One of several, inside a menu. */
export function Choice<Value extends string>({ label, value, choices, onChoose }: ChoiceProps<Value>) {
  return (
    <Menu.RadioGroup value={value} onValueChange={onChoose} aria-label={label}>
      <div className="px-2.5 pt-2 pb-1 text-muted-foreground text-xs">{label}</div>
      {choices.map((choice) => (
        <Menu.RadioItem key={choice.value} value={choice.value} className={itemClass} closeOnClick>
          <span className="text-muted-foreground">{choice.icon}</span>
          <span className="flex-1">
            {choice.label}
            {choice.hint && <span className="block text-muted-foreground text-xs">{choice.hint}</span>}
          </span>
          <Menu.RadioItemIndicator className="text-primary">
            <span aria-hidden="true" className="block size-1.5 rounded-full bg-current" />
          </Menu.RadioItemIndicator>
        </Menu.RadioItem>
      ))}
    </Menu.RadioGroup>
  );
}

/** A line between groups of actions. */
export function MenuLine() {
  return <Menu.Separator className="mx-2 my-1 h-px bg-border" />;
}
