import { ChevronDown } from "lucide-react";
import { type ComponentProps, type ReactNode, useId } from "react";

const box =
  "w-full min-w-0 rounded-lg border border-border-strong bg-card px-3 text-[15px] outline-none transition-colors placeholder:text-muted-foreground/70 focus:border-primary focus:ring-3 focus:ring-primary/15";

/** How every field that takes a line of text is drawn. */
export const fieldClass = `h-10 max-sm:h-11 ${box}`;

/** The same for several lines. */
export const textAreaClass = `block max-h-[40dvh] resize-y py-2 leading-relaxed ${box}`;

interface LabelledProps {
  label: string;
  hint?: string | undefined;
  children: (props: { id: string; "aria-describedby": string | undefined }) => ReactNode;
}

/** A field with its label above and a hint below. */
export function Labelled({ label, hint, children }: LabelledProps) {
  const id = useId();
  const hintId = `${id}-hint`;
  return (
    <div className="min-w-0 space-y-1.5">
      <label htmlFor={id} className="block font-medium text-sm">
        {label}
      </label>
      {children({ id, "aria-describedby": hint ? hintId : undefined })}
      {hint && (
        <p id={hintId} className="text-muted-foreground text-xs leading-relaxed">
          {hint}
        </p>
      )}
    </div>
  );
}

/** A labelled line of text. */
export function TextField({
  label,
  hint,
  ...input
}: ComponentProps<"input"> & { label: string; hint?: string }) {
  return (
    <Labelled label={label} hint={hint}>
      {(own) => <input {...own} className={fieldClass} {...input} />}
    </Labelled>
  );
}

interface SelectFieldProps {
  label: string;
  value: string;
  choices: readonly { value: string; label: string }[];
  onChange: (value: string) => void;
  hint?: string | undefined;
}

/** A labelled choice, the system's own control: it is at home on a phone. */
export function SelectField({ label, value, choices, onChange, hint }: SelectFieldProps) {
  return (
    <Labelled label={label} hint={hint}>
      {(own) => (
        <span className="relative block">
          <select
            {...own}
            className={`${fieldClass} appearance-none truncate pr-9`}
            value={value}
            onChange={(event) => onChange(event.target.value)}
          >
            {choices.map((choice) => (
              <option key={choice.value} value={choice.value}>
                {choice.label}
              </option>
            ))}
          </select>
          <ChevronDown
            size={16}
            aria-hidden="true"
            className="-translate-y-1/2 pointer-events-none absolute top-1/2 right-3 text-muted-foreground"
          />
        </span>
      )}
    </Labelled>
  );
}
