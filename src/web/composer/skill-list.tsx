import { type KeyboardEvent, useId, useState } from "react";
import { useLanguage } from "../language/language.ts";
import { useSkills } from "../state/queries.ts";

/** What `/` at the beginning of a message offers, and what the field around it needs to offer it. */
export interface SkillCompletion {
  skills: readonly { name: string; description: string }[];
  active: number;
  listId: string;
  /** Takes a key that is meant for the list; false where it is not. */
  takeKey: (event: KeyboardEvent) => boolean;
  choose: (name: string) => void;
}

/** Completes the name of a skill behind a leading `/`; null while there is nothing to offer. */
export function useSkillCompletion(text: string, onChange: (text: string) => void): SkillCompletion | null {
  const all = useSkills().data ?? [];
  const listId = useId();
  const [chosen, setChosen] = useState(0);
  const [dismissed, setDismissed] = useState("");
  const begun = /^\/([^\s/]*)$/.exec(text)?.[1];
  if (begun === undefined || dismissed === text) return null;
  const wanted = begun.toLowerCase();
  const skills = all
    .filter(({ name, user_invocable }) => user_invocable && name.toLowerCase().includes(wanted))
    .slice(0, 50);
  if (skills.length === 0) return null;
  const active = Math.min(chosen, skills.length - 1);
  const choose = (name: string) => {
    setChosen(0);
    onChange(`/${name} `);
  };
  const takeKey = (event: KeyboardEvent): boolean => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) setChosen((active + step + skills.length) % skills.length);
    else if (event.key === "Escape") setDismissed(text);
    else if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey)) {
      const skill = skills[active];
      if (skill) choose(skill.name);
    } else return false;
    event.preventDefault();
    return true;
  };
  return { skills, active, listId, takeKey, choose };
}

/** The skills on offer, above the field. */
export function SkillList({ completion }: { completion: SkillCompletion }) {
  const { t } = useLanguage();
  const { skills, active, listId, choose } = completion;
  return (
    <div className="absolute inset-x-0 bottom-full z-20 mb-2 overflow-hidden rounded-xl border bg-card shadow-black/10 shadow-lg">
      <p className="px-3.5 pt-2 pb-1 text-muted-foreground text-xs">{t("composer.skills")}</p>
      <div
        id={listId}
        role="listbox"
        aria-label={t("composer.skills")}
        className="max-h-[min(18rem,40dvh)] overflow-y-auto p-1 pt-0"
      >
        {skills.map(({ name, description }, index) => (
          <div
            key={name}
            id={`${listId}-${index}`}
            ref={(option) => {
              if (index === active) option?.scrollIntoView({ block: "nearest" });
            }}
            role="option"
            aria-selected={index === active}
            // The field keeps the focus, and takes the keys.
            tabIndex={-1}
            className="cursor-default rounded-lg px-2.5 py-1.5 text-sm hover:bg-muted aria-selected:bg-muted pointer-coarse:py-2.5"
            onPointerDown={(event) => {
              event.preventDefault();
              choose(name);
            }}
          >
            <span className="font-medium">/{name}</span>
            <span className="line-clamp-1 text-muted-foreground text-xs">{description}</span>
          </div>
        ))}
      </div>
    </div>
  );
}
