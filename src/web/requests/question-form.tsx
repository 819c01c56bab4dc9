import { type FormEvent, useState } from "react";
import type { Request } from "../../protocol/request.ts";
import { Button } from "../components/button.tsx";
import { fieldClass } from "../components/field.tsx";
import { useLanguage } from "../language/language.ts";
import type { AnswerBody } from "./request-card.tsx";

interface QuestionFormProps {
  request: Request;
  busy: boolean;
  onAnswer: (answer: AnswerBody) => void;
}

/** The choices of a question, one press each, or several to be sent together; words of one's own always do too. */
export function QuestionForm({ request, busy, onAnswer }: QuestionFormProps) {
  const { t } = useLanguage();
  const { choices = [], multiple = false } = request;
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [words, setWords] = useState("");
  const own = words.trim();
  const answers = [...chosen, ...(own ? [own] : [])];
  const press = (label: string) => {
    if (!multiple) return onAnswer({ answers: [label] });
    // In the order of the choices, whatever the order of the pressing.
    const kept = (each: string) => (each === label ? !chosen.includes(each) : chosen.includes(each));
    setChosen(choices.map((choice) => choice.label).filter(kept));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (answers.length > 0 && !busy) onAnswer({ answers });
  };
  return (
    <form className="space-y-3" onSubmit={submit}>
      {choices.length > 0 && (
        <ul className="space-y-1.5">
          {choices.map(({ label, description }) => (
            <li key={label}>
              <button
                type="button"
                disabled={busy}
                {...(multiple && { "aria-pressed": chosen.includes(label) })}
                className="w-full rounded-lg border border-border-strong bg-card px-3.5 py-2 text-left text-sm transition-colors hover:border-primary disabled:opacity-45 aria-pressed:border-primary aria-pressed:bg-primary-soft pointer-coarse:py-3"
                onClick={() => press(label)}
              >
                <span className="font-medium wrap-anywhere">{label}</span>
                {description && (
                  <span className="block text-muted-foreground text-xs wrap-anywhere">{description}</span>
                )}
              </button>
            </li>
          ))}
        </ul>
      )}
      {multiple && <p className="text-muted-foreground text-xs">{t("request.several")}</p>}
      <div className="flex gap-2">
        <input
          aria-label={t(choices.length > 0 ? "request.ownWords" : "request.yourAnswer")}
          placeholder={t(choices.length > 0 ? "request.ownWords" : "request.yourAnswer")}
          className={fieldClass}
          value={words}
          onChange={(event) => setWords(event.target.value)}
        />
        <Button look="primary" type="submit" className="h-10" disabled={busy || answers.length === 0}>
          {t("request.send")}
        </Button>
      </div>
    </form>
  );
}
