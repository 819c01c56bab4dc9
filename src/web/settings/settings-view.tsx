import { ArrowLeft } from "lucide-react";
import { type ComponentType, useEffect } from "react";
import { Link, NavLink, useParams } from "react-router";
import { iconButtonClass } from "../components/button.tsx";
import { useLanguage } from "../language/language.ts";
import { NotFound } from "../views/plain-pages.tsx";
import { ApprovalsPage } from "./approvals/approvals-page.tsx";
import { McpPage } from "./mcp/mcp-page.tsx";
import { MemoryPage } from "./memory/memory-page.tsx";
import { ModelsPage } from "./models-page.tsx";
import { SkillsPage } from "./skills/skills-page.tsx";
import { UsagePage } from "./usage-page.tsx";

const pages = {
  usage: UsagePage,
  skills: SkillsPage,
  memory: MemoryPage,
  mcp: McpPage,
  approvals: ApprovalsPage,
  models: ModelsPage,
} as const satisfies Record<string, ComponentType>;

type Section = keyof typeof pages;
const sections = Object.keys(pages) as Section[];

/** What a person can look up and decide beside their tasks, a section at a time; which one is in the address. */
export function SettingsView() {
  const { t } = useLanguage();
  const { section = "" } = useParams();
  const known = sections.find((each) => each === section);
  useEffect(() => {
    if (!known) return;
    document.title = `${t(`settings.${known}`)} · zcbot`;
    return () => {
      document.title = "zcbot";
    };
  }, [known, t]);
  if (!known) return <NotFound />;
  const Page = pages[known];
  return (
    <main className="flex h-full flex-col">
      <header className="shrink-0 border-b">
        <div className="flex h-14 items-center px-2">
          <Link to="/" aria-label={t("page.back")} className={`${iconButtonClass()} md:hidden`}>
            <ArrowLeft size={19} aria-hidden="true" />
          </Link>
          <h1 className="font-semibold text-[15px] md:pl-3">{t("settings.title")}</h1>
        </div>
        <nav aria-label={t("settings.sections")} className="flex gap-1 overflow-x-auto px-3 md:px-4">
          {sections.map((each) => (
            <NavLink
              key={each}
              to={`/settings/${each}`}
              replace
              className="shrink-0 border-transparent border-b-2 px-2 py-2 text-muted-foreground text-sm hover:text-foreground aria-[current=page]:border-primary aria-[current=page]:font-medium aria-[current=page]:text-foreground pointer-coarse:py-3"
            >
              {t(`settings.${each}`)}
            </NavLink>
          ))}
        </nav>
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto overscroll-contain">
        <div className="mx-auto w-full max-w-3xl px-5 pt-6 pb-16 max-sm:px-4">
          <Page key={known} />
        </div>
      </div>
    </main>
  );
}
