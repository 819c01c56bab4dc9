import { createContext, useContext, useEffect, useMemo, useSyncExternalStore } from "react";
import { createPreference } from "../state/preference.ts";
import { chinese } from "./chinese.ts";
import { english } from "./english.ts";
import { createFormat, type Format } from "./format.ts";
import { type Dictionary, type Key, translate, type Values } from "./translate.ts";

export type LanguageName = "en" | "zh";

/** What a component needs to speak: `t` for texts, `format` for numbers, sizes and times. */
export interface Language {
  name: LanguageName;
  t: (key: Key, values?: Values) => string;
  format: Format;
  choose: (name: LanguageName) => void;
}

const dictionaries: Record<LanguageName, Dictionary> = { en: english, zh: chinese };
const browserLanguage: LanguageName = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
const preference = createPreference<LanguageName>("zcbot.language", ["en", "zh"], browserLanguage);

function createLanguage(name: LanguageName): Language {
  return {
    name,
    t: (key, values = {}) => translate(dictionaries[name][key], values),
    format: createFormat(name),
    choose: preference.set,
  };
}

export const LanguageContext = createContext<Language>(createLanguage(browserLanguage));

/** The language of the page: the browser's, until the person chooses. For the root only. */
export function useLanguageChoice(): Language {
  const name = useSyncExternalStore(preference.subscribe, preference.get);
  useEffect(() => {
    document.documentElement.lang = name === "zh" ? "zh-CN" : "en";
  }, [name]);
  return useMemo(() => createLanguage(name), [name]);
}

/** The language that the page speaks. */
export function useLanguage(): Language {
  return useContext(LanguageContext);
}
