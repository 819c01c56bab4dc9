import { cjk } from "@streamdown/cjk";
import { Download, ExternalLink, ImageIcon } from "lucide-react";
import { type ComponentProps, memo, useContext, useMemo } from "react";
import { defaultRehypePlugins, Streamdown } from "streamdown";
import { downloadAddress, rawAddress, readAddress } from "../files/address.ts";
import { useLanguage } from "../language/language.ts";
import { DirectoryContext } from "./directory-context.ts";
import { highlighter } from "./highlighter.ts";
import { WebLink } from "./web-link.tsx";

const { sanitize } = defaultRehypePlugins;
const rehypePlugins = sanitize ? [sanitize] : [];
const plugins = { code: highlighter, cjk };
const components = { a: Anchor, img: HeldImage };
const controls = {
  code: { copy: true, download: false },
  table: { copy: true, download: true, fullscreen: false },
  mermaid: false,
  image: false,
};
const linkSafety = { enabled: false };

/** An answer as it reads. Raw HTML is shown as text, and nothing remote is loaded. */
export const Markdown = memo(function Markdown({ text, streaming }: { text: string; streaming: boolean }) {
  const { t, name } = useLanguage();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the texts change with the language only
  const translations = useMemo(
    () => ({
      copyCode: t("code.copy"),
      copied: t("code.copied"),
      copyTable: t("table.copy"),
      copyTableAsCsv: t("table.copyCsv"),
      copyTableAsMarkdown: t("table.copyMarkdown"),
      copyTableAsTsv: t("table.copyTsv"),
      downloadTable: t("table.download"),
      downloadTableAsCsv: t("table.downloadCsv"),
      downloadTableAsMarkdown: t("table.downloadMarkdown"),
    }),
    [name],
  );
  return (
    <Streamdown
      className="prose"
      parseIncompleteMarkdown={streaming}
      isAnimating={streaming}
      rehypePlugins={rehypePlugins}
      plugins={plugins}
      components={components}
      controls={controls}
      linkSafety={linkSafety}
      lineNumbers={false}
      codeBlockMaxHeight={480}
      tableMaxHeight={0}
      translations={translations}
    >
      {text}
    </Streamdown>
  );
});

function Anchor({ href, children }: ComponentProps<"a">) {
  const address = readAddress(href, useContext(DirectoryContext));
  if (address.kind === "none") return <span>{children}</span>;
  if (address.kind === "file") {
    return (
      <a href={downloadAddress(address.path)} download>
        {children}
        <Download size={13} aria-hidden="true" className="ml-0.5 inline align-[-1px]" />
      </a>
    );
  }
  return <WebLink href={address.href}>{children}</WebLink>;
}

/** A picture of the task is shown; one from elsewhere would tell its server who reads, so it waits for a click. */
function HeldImage({ src, alt }: ComponentProps<"img">) {
  const { t } = useLanguage();
  const address = readAddress(typeof src === "string" ? src : undefined, useContext(DirectoryContext));
  if (address.kind === "file") {
    return (
      <img
        src={rawAddress(address.path)}
        alt={alt ?? ""}
        loading="lazy"
        className="my-3 max-h-[28rem] max-w-full rounded-lg border"
      />
    );
  }
  const face = (
    <>
      <ImageIcon size={17} aria-hidden="true" className="shrink-0 text-muted-foreground" />
      <span className="min-w-0">
        <span className="block text-foreground text-sm">{alt || t("image.untitled")}</span>
        <span className="block truncate text-muted-foreground text-xs">
          {address.kind === "web" ? address.href : t("image.unknown")}
        </span>
      </span>
    </>
  );
  const look =
    "my-2 inline-flex max-w-full items-center gap-3 rounded-lg border bg-surface px-3.5 py-2 align-top";
  if (address.kind === "none") return <span className={look}>{face}</span>;
  return (
    <WebLink href={address.href} title={t("image.open")} className={`${look} no-underline! hover:bg-muted`}>
      {face}
      <ExternalLink size={15} aria-hidden="true" className="shrink-0 text-muted-foreground" />
    </WebLink>
  );
}
