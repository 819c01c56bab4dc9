import { useSyncExternalStore } from "react";
import { createPreference } from "./preference.ts";

export type Theme = "system" | "light" | "dark";

const theme = createPreference<Theme>("zcbot.theme", ["system", "light", "dark"], "system");
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

/** Puts the chosen theme on the page, and keeps it there when the system or another tab changes it. */
export function applyTheme(): void {
  const apply = () => {
    const chosen = theme.get();
    const dark = chosen === "dark" || (chosen === "system" && systemIsDark.matches);
    document.documentElement.classList.toggle("dark", dark);
    document.documentElement.classList.toggle("light", !dark);
  };
  apply();
  theme.subscribe(apply);
  systemIsDark.addEventListener("change", apply);
}

/** The chosen theme and how to choose another. */
export function useTheme(): [Theme, (next: Theme) => void] {
  return [useSyncExternalStore(theme.subscribe, theme.get), theme.set];
}
