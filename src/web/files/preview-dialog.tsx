import { Dialog } from "@base-ui/react/dialog";
import { Download } from "lucide-react";
import type { FileEntry } from "../../protocol/file.ts";
import { buttonClass, iconButtonClass } from "../components/button.tsx";
import { CloseButton } from "../components/close-button.tsx";
import { showHidden } from "../components/show-hidden.ts";
import { useLanguage } from "../language/language.ts";
import { downloadAddress, rawAddress } from "./address.ts";
import { previewKind } from "./preview-kind.ts";
import { TextPreview } from "./text-preview.tsx";

interface PreviewDialogProps {
  /** Path from the user's root. */
  path: string;
  /** What the listing says of it; undefined while there is none, or where it is not listed. */
  entry: FileEntry | undefined;
  onClose: () => void;
}

/** A file as it looks, over the page; on a phone it fills the screen. */
export function PreviewDialog({ path, entry, onClose }: PreviewDialogProps) {
  const { t, format } = useLanguage();
  const name = path.slice(path.lastIndexOf("/") + 1);
  const details = entry && [
    ...(entry.size === null ? [] : [format.bytes(entry.size)]),
    format.fullMoment(entry.mtime),
  ];
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-black/30 dark:bg-black/55" />
        <Dialog.Popup className="fixed inset-0 z-50 flex flex-col overflow-hidden bg-card outline-none sm:inset-x-6 sm:inset-y-[5dvh] sm:mx-auto sm:max-w-5xl sm:rounded-2xl sm:border sm:shadow-2xl sm:shadow-black/15">
          <header className="flex shrink-0 items-center gap-2 border-b py-2.5 pr-2.5 pl-5">
            <div className="min-w-0 flex-1">
              <Dialog.Title className="line-clamp-2 font-semibold text-[15px] leading-snug wrap-anywhere">
                {showHidden(name)}
              </Dialog.Title>
              <Dialog.Description className="truncate text-muted-foreground text-xs">
                {details?.join(" · ") ?? t("files.title")}
              </Dialog.Description>
            </div>
            <a
              href={downloadAddress(path)}
              download={name}
              aria-label={t("files.download")}
              title={t("files.download")}
              className={iconButtonClass()}
            >
              <Download size={18} aria-hidden="true" />
            </a>
            <CloseButton />
          </header>
          <div className="flex min-h-0 flex-1 flex-col">
            <Content path={path} name={name} version={entry?.mtime ?? ""} />
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

const middle = "grid min-h-0 flex-1 place-items-center overflow-auto bg-surface p-4";

function Content({ path, name, version }: { path: string; name: string; version: string }) {
  const { t } = useLanguage();
  const address = rawAddress(path);
  const label = showHidden(name);
  const kind = previewKind(name);
  if (kind === "text") return <TextPreview path={path} version={version} />;
  if (kind === "page") {
    // An origin of its own, without scripts, forms and ways out; the server says the same of the file itself.
    return <iframe sandbox="" src={address} title={label} className="min-h-0 flex-1 border-0 bg-white" />;
  }
  if (kind === "pdf" && navigator.pdfViewerEnabled) {
    // Browsers start no viewer in a sandbox. It is a program apart, which cannot reach the page.
    return <iframe src={address} title={label} className="min-h-0 flex-1 border-0" />;
  }
  if (kind === "picture") {
    return (
      <div className={middle}>
        <img src={address} alt={label} className="max-h-full max-w-full object-contain" />
      </div>
    );
  }
  if (kind === "sound" || kind === "film") {
    const Player = kind === "sound" ? "audio" : "video";
    return (
      <div className={middle}>
        <Player
          src={address}
          aria-label={label}
          controls
          preload="metadata"
          className="max-h-full max-w-full"
        />
      </div>
    );
  }
  return (
    <div className={`${middle} text-center`}>
      <div className="space-y-4">
        <p className="text-muted-foreground">{t("preview.none")}</p>
        <a href={downloadAddress(path)} download={name} className={buttonClass("primary")}>
          {t("files.download")}
        </a>
      </div>
    </div>
  );
}
