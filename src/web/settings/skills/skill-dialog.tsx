import { useQuery } from "@tanstack/react-query";
import { WideDialog } from "../../components/wide-dialog.tsx";
import { useLanguage } from "../../language/language.ts";
import { LazyMarkdown } from "../../markdown/lazy-markdown.tsx";
import { client } from "../../state/client.ts";
import { Loaded } from "../page-parts.tsx";

/** A skill as the model is told it, and the files that it brings. */
export function SkillDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const { t, format } = useLanguage();
  const skill = useQuery({
    queryKey: ["skill", name],
    queryFn: ({ signal }) => client.getSkill({ name }, { signal }),
  });
  return (
    <WideDialog title={`/${name}`} description={skill.data?.description ?? ""} onClose={onClose}>
      <Loaded query={skill}>
        {({ instructions, files, license, compatibility }) => (
          <>
            <LazyMarkdown text={instructions} streaming={false} />
            {files.length > 0 && (
              <section>
                <h3 className="mb-1 font-medium text-sm">{t("skills.files")}</h3>
                <ul className="text-sm">
                  {files.map(({ path, size }) => (
                    <li key={path} className="flex justify-between gap-4 py-0.5">
                      <code className="min-w-0 font-mono text-[12.5px] wrap-anywhere">{path}</code>
                      <span className="shrink-0 text-muted-foreground">{format.bytes(size)}</span>
                    </li>
                  ))}
                </ul>
              </section>
            )}
            {(license || compatibility) && (
              <p className="text-muted-foreground text-xs wrap-anywhere">
                {[license, compatibility].filter(Boolean).join(" · ")}
              </p>
            )}
          </>
        )}
      </Loaded>
    </WideDialog>
  );
}
