import { readStorage, writeStorage } from "../state/preference.ts";

const storageKey = "zcbot.openedHosts";
const mostHosts = 300;
/** A longer query is more than an address needs, and room enough to carry away what was said. */
const longestQuery = 120;

/**
 * Whether to ask before a link of an answer is followed: its site is not among those `opened` from here before, it says another site
 * than it leads to, or it carries more than an address needs. What a model writes may be what a file told it to.
 */
export function asksFirst(href: string, shown: string, opened: readonly string[]): boolean {
  const url = readUrl(href);
  if (!url) return false;
  if (url.username !== "" || url.password !== "") return true;
  if (url.search.length + url.hash.length > longestQuery) return true;
  return namesOtherHost(shown, url) || !opened.includes(url.host);
}

/** Keeps that the person has opened this address, so that its site is not asked about again. */
export function rememberOpened(href: string): void {
  const host = readUrl(href)?.host;
  if (host === undefined) return;
  const others = openedHosts().filter((each) => each !== host);
  writeStorage(storageKey, [...others, host].slice(-mostHosts).join(" "));
}

/** The address as browsers read it, names of other scripts in their plain spelling; null for what is no web page. */
export function readUrl(href: string): URL | null {
  const url = URL.canParse(href) ? new URL(href) : null;
  return url && /^https?:$/.test(url.protocol) ? url : null;
}

/** The sites that the person at this browser has opened from answers. */
export function openedHosts(): string[] {
  return (readStorage(storageKey) ?? "").split(" ").filter(Boolean);
}

function namesOtherHost(shown: string, url: URL): boolean {
  const said = /^\s*(?:https?:\/\/)?((?:[\p{L}\p{N}-]+\.)+\p{L}{2,}(?::\d+)?)(?:[/?#]|\s*$)/iu.exec(
    shown,
  )?.[1];
  return said !== undefined && readUrl(`${url.protocol}//${said}`)?.host !== url.host;
}
