import { ChevronRight } from "lucide-react";
import { lazy, Suspense } from "react";
import { SelectField, TextField } from "../components/field.tsx";
import { useLanguage } from "../language/language.ts";
import { useSkills } from "../state/queries.ts";

const DirectoryField = lazy(() =>
  import("./directory-field.tsx").then((module) => ({ default: module.DirectoryField })),
);

/** What a task is given beside its first message; empty means the server's choice. (The model is chosen beside the message.) */
export interface TaskOptions {
  name: string;
  directory: string;
  skill: string;
  modelProfile: string;
}

export const noOptions: TaskOptions = { name: "", directory: "", skill: "", modelProfile: "" };

interface TaskOptionsFormProps {
  options: TaskOptions;
  suggestedName: string;
  onChange: (options: TaskOptions) => void;
}

/** The choices for a new task, folded away: most tasks need none of them. */
export function TaskOptionsForm({ options, suggestedName, onChange }: TaskOptionsFormProps) {
  const { t } = useLanguage();
  const skills = useSkills().data ?? [];
  const set = (change: Partial<TaskOptions>) => onChange({ ...options, ...change });
  return (
    <details className="group mt-4">
      <summary className="inline-flex list-none items-center gap-1 rounded-md py-1 pr-2 text-muted-foreground text-sm hover:text-foreground">
        <ChevronRight size={15} aria-hidden="true" className="transition-transform group-open:rotate-90" />
        {t("new.options")}
      </summary>
      <div className="mt-3 grid gap-x-4 gap-y-4 sm:grid-cols-2">
        <TextField
          label={t("task.name")}
          hint={t("new.nameHint")}
          maxLength={255}
          placeholder={suggestedName}
          value={options.name}
          onChange={(event) => set({ name: event.target.value })}
        />
        <Suspense fallback={null}>
          <DirectoryField
            value={options.directory}
            placeholder={options.name.trim() || suggestedName}
            onChange={(directory) => set({ directory })}
          />
        </Suspense>
        {skills.length > 0 && (
          <SelectField
            label={t("new.skill")}
            value={options.skill}
            hint={skills.find((skill) => skill.name === options.skill)?.description}
            choices={[
              { value: "", label: t("new.noSkill") },
              ...skills.map((skill) => ({ value: skill.name, label: skill.name })),
            ]}
            onChange={(skill) => set({ skill })}
          />
        )}
      </div>
    </details>
  );
}
