import { readFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";

/** What pages of a context did that no text should make them do, as sentences; empty when all held. */
export interface Watch {
  findings: string[];
  /** Forgets what was found. */
  reset(): void;
}

/**
 * Watches every page of a context that is opened from now on: that nothing is executed, no forbidden element or
 * attribute appears, nothing is refused by the policy (which would hide an injection), nothing is asked of another
 * server, and no page is opened or left.
 */
export async function watchContext(context: BrowserContext, origin: string): Promise<Watch> {
  const findings = new Set<string>();
  const note = (finding: string) => void findings.add(finding);
  await context.exposeBinding("noteFinding", (_source, finding: string) => note(finding));
  for (const name of ["watch-document.ts", "walk.ts"]) await context.addInitScript(await readScript(name));
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin) note(`asked ${request.resourceType()} of ${url.href.slice(0, 120)}`);
    else if (!expectedPath(url.pathname, request.resourceType()))
      note(`asked ${request.resourceType()} ${url.pathname}`);
  });
  context.on("page", (page) => watchPage(page, origin, note));
  return {
    get findings() {
      return [...findings];
    },
    reset: () => findings.clear(),
  };
}

/** A script for the page as a browser takes it: it is typed against the DOM, which the tests themselves are not. */
async function readScript(name: string): Promise<{ content: string }> {
  const source = await readFile(join(import.meta.dirname, "page", name), "utf8");
  return { content: stripTypeScriptTypes(source) };
}

function expectedPath(path: string, type: string): boolean {
  if (type === "document") return true;
  if (type === "image") return path === "/icon.svg" || path.startsWith("/v1/files/");
  if (type === "script" || type === "stylesheet") return path.startsWith("/assets/");
  return path.startsWith("/v1/") || path === "/healthz" || path.startsWith("/assets/");
}

function watchPage(page: Page, origin: string, note: (finding: string) => void): void {
  page.on("pageerror", (error) => note(`threw ${error.message}`));
  page.on("dialog", (dialog) => {
    note(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("popup", (popup) => note(`opened ${popup.url()}`));
  page.on("download", (download) => note(`downloaded ${download.url()}`));
  page.on("worker", (worker) => note(`worker ${worker.url()}`));
  page.on("framenavigated", (frame) => {
    if (frame.parentFrame()) note(`a frame shows ${frame.url().slice(0, 120)}`);
    else if (new URL(frame.url()).origin !== origin && frame.url() !== "about:blank")
      note(`left for ${frame.url().slice(0, 120)}`);
  });
}
