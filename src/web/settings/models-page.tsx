import type { ModelProfileRow } from "../../protocol/agent/models.ts";
import { type Language, useLanguage } from "../language/language.ts";
import { useModels } from "../state/queries.ts";
import { Badge, Empty, Loaded, listClass, PageHead } from "./page-parts.tsx";

/** The models there are: how much they take, what they cost, and which ones stand in for them. */
export function ModelsPage() {
  const { t } = useLanguage();
  const models = useModels();
  return (
    <>
      <PageHead title={t("settings.models")} intro={t("models.intro")} />
      <Loaded query={models}>
        {({ profiles, default: standard }) =>
          profiles.length === 0 ? (
            <Empty>{t("models.empty")}</Empty>
          ) : (
            <ul className={listClass}>
              {profiles.map((profile) => (
                <ModelRow key={profile.name} profile={profile} standard={profile.name === standard} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </>
  );
}

function ModelRow({ profile, standard }: { profile: ModelProfileRow; standard: boolean }) {
  const language = useLanguage();
  const { t, format } = language;
  return (
    <li className="px-4 py-3">
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <span className="font-medium wrap-anywhere">{profile.name}</span>
        {standard && <Badge>{t("models.default")}</Badge>}
        {profile.vision && <Badge>{t("models.vision")}</Badge>}
      </p>
      <p className="text-muted-foreground text-sm wrap-anywhere">
        {profile.provider} · {profile.model}
      </p>
      <p className="mt-1 text-sm">
        {t("models.window", { count: format.number(profile.context_window) })} ·{" "}
        {describePrices(profile.prices, language)}
      </p>
      {profile.fallback.length > 0 && (
        <p className="text-muted-foreground text-sm wrap-anywhere">
          {t("models.fallback", { names: profile.fallback.join(t("request.separator")) })}
        </p>
      )}
    </li>
  );
}

function describePrices(prices: ModelProfileRow["prices"], { t, format }: Language): string {
  if (prices === null) return t("models.noPrice");
  const { input, output, cached } = prices;
  const said = t("models.price", { input: format.money(input), output: format.money(output) });
  return cached === null ? said : `${said} · ${t("models.priceCached", { cached: format.money(cached) })}`;
}
