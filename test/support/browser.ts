import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const systemBrowser = "/usr/bin/chromium";
const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A headless Chromium: the system's, else the one that comes as a package. */
export async function launchBrowser(): Promise<Browser> {
  // Without a locale of UTF-8 it gives downloads no Chinese names.
  const env = { ...process.env, LANG: "C.UTF-8" };
  return await chromium.launch({ executablePath: await findBrowser(), args: flags, env });
}

async function findBrowser(): Promise<string> {
  if (existsSync(systemBrowser)) return systemBrowser;
  // Its own flags switch the web's security off, so only the program is taken.
  const { default: packaged } = await import("@sparticuz/chromium");
  return await packaged.executablePath();
}
