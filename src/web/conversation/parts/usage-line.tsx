import type { Usage } from "../../../client/turn.ts";
import { type Language, useLanguage } from "../../language/language.ts";

/** What a run has used, on one quiet line. */
export function UsageLine({ usage }: { usage: Usage }) {
  const language = useLanguage();
  return (
    <p className="text-muted-foreground/85 text-xs tabular-nums leading-8">
      {describeUsage(usage, language)}
    </p>
  );
}

/** The same as text: tokens in, how many of them were cached, tokens out, and money as far as it is known. */
export function describeUsage({ tokensIn, tokensOut, cached, cost }: Usage, language: Language): string {
  const { t, format } = language;
  const share = cached && tokensIn > 0 ? t("usage.cached", { share: format.percent(cached / tokensIn) }) : "";
  return [
    t("usage.in", { count: format.number(tokensIn) }),
    share,
    t("usage.out", { count: format.number(tokensOut) }),
    cost === undefined ? "" : describeCost(cost, language),
  ]
    .filter(Boolean)
    .join(" · ");
}

/** A sum of money; says so where a part of it has no known price. */
export function describeCost(cost: number | null, { t, format }: Language): string {
  return cost === null ? t("usage.noPrice") : format.money(cost);
}
