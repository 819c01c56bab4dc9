import { useQuery } from "@tanstack/react-query";
import { Eye, Trash2, Upload } from "lucide-react";
import { useRef, useState } from "react";
import type { SkillList, SkillSummary } from "../../../protocol/agent/skill.ts";
import { Button, IconButton } from "../../components/button.tsx";
import { ConfirmDialog } from "../../components/dialog.tsx";
import { useLanguage } from "../../language/language.ts";
import { client } from "../../state/client.ts";
import { Badge, Empty, Loaded, listClass, PageHead } from "../page-parts.tsx";
import { useAttempt } from "../use-attempt.ts";
import { SkillDialog } from "./skill-dialog.tsx";

const key = ["skills"] as const;

/** The skills that a person's tasks can use: look at them, bring own ones, delete those. */
export function SkillsPage() {
  const { t } = useLanguage();
  const { attempt, busy } = useAttempt(key);
  const chooser = useRef<HTMLInputElement>(null);
  const [shown, setShown] = useState<string | null>(null);
  const [leaving, setLeaving] = useState<string | null>(null);
  const skills = useQuery({ queryKey: key, queryFn: ({ signal }) => client.listSkills({ signal }) });
  const upload = (file: File) => {
    const name = file.name.replace(/\.(zip|skill)$/i, "");
    return attempt(() => client.putSkill({ name }, file), t("skills.uploaded", { name }));
  };
  return (
    <>
      <PageHead title={t("settings.skills")} intro={t("skills.intro")}>
        <Button disabled={busy} onClick={() => chooser.current?.click()}>
          <Upload size={15} aria-hidden="true" />
          {t("skills.upload")}
        </Button>
        <input
          ref={chooser}
          type="file"
          accept=".zip,.skill"
          hidden
          data-testid="skill-chooser"
          onChange={(event) => {
            const [file] = event.target.files ?? [];
            if (file) void upload(file);
            event.target.value = "";
          }}
        />
      </PageHead>
      <Loaded query={skills}>
        {(data) => <Lists data={data} onShow={setShown} onDelete={setLeaving} />}
      </Loaded>
      {shown !== null && <SkillDialog name={shown} onClose={() => setShown(null)} />}
      <ConfirmDialog
        open={leaving !== null}
        onClose={() => setLeaving(null)}
        title={t("skills.deleteTitle", { name: leaving ?? "" })}
        description={t("skills.deleteHint")}
        action={t("action.delete")}
        busy={busy}
        onConfirm={async () => {
          if (leaving !== null) await attempt(() => client.deleteSkill({ name: leaving }));
          setLeaving(null);
        }}
      />
    </>
  );
}

interface ListsProps {
  data: SkillList;
  onShow: (name: string) => void;
  onDelete: (name: string) => void;
}

function Lists({ data: { skills, skipped }, onShow, onDelete }: ListsProps) {
  const { t } = useLanguage();
  return (
    <div className="space-y-6">
      {skills.length === 0 ? (
        <Empty>{t("skills.empty")}</Empty>
      ) : (
        <ul className={listClass}>
          {skills.map((skill) => (
            <SkillRow
              key={`${skill.source} ${skill.name}`}
              skill={skill}
              onShow={() => onShow(skill.name)}
              onDelete={() => onDelete(skill.name)}
            />
          ))}
        </ul>
      )}
      {skipped.length > 0 && (
        <section className="space-y-2">
          <h3 className="font-medium text-sm">{t("skills.skipped")}</h3>
          <ul className={listClass}>
            {skipped.map(({ name, source, reason }) => (
              <li key={`${source} ${name}`} className="px-4 py-2.5 text-sm">
                <span className="font-medium wrap-anywhere">{name}</span>
                <span className="block text-danger wrap-anywhere">{reason}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

interface SkillRowProps {
  skill: SkillSummary;
  onShow: () => void;
  onDelete: () => void;
}

function SkillRow({ skill: { name, description, source }, onShow, onDelete }: SkillRowProps) {
  const { t } = useLanguage();
  return (
    <li className="flex items-start gap-1 py-2.5 pr-1.5 pl-4">
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2">
          <span className="font-medium wrap-anywhere">{name}</span>
          <Badge>{t(source === "user" ? "skills.own" : "skills.builtIn")}</Badge>
        </p>
        <p className="line-clamp-3 text-muted-foreground text-sm wrap-anywhere" title={description}>
          {description}
        </p>
      </div>
      <IconButton label={t("skills.view", { name })} onClick={onShow}>
        <Eye size={16} aria-hidden="true" />
      </IconButton>
      {source === "user" && (
        <IconButton label={t("skills.delete", { name })} onClick={onDelete}>
          <Trash2 size={16} aria-hidden="true" />
        </IconButton>
      )}
    </li>
  );
}
