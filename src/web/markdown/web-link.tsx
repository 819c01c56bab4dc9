import { ExternalLink } from "lucide-react";
import { type ComponentProps, type MouseEvent, useState } from "react";
import { Button, buttonClass } from "../components/button.tsx";
import { CopyButton } from "../components/copy-button.tsx";
import { Modal } from "../components/dialog.tsx";
import { useLanguage } from "../language/language.ts";
import { asksFirst, openedHosts, readUrl, rememberOpened } from "./leaving.ts";

/** A link that leaves the server, in a new tab. Where there is reason to, it first shows where it really leads. */
export function WebLink({ href, children, ...rest }: ComponentProps<"a"> & { href: string }) {
  const [asking, setAsking] = useState(false);
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    // The right button opens a menu, in which the browser shows the address.
    if (event.button === 2) return;
    if (!asksFirst(href, event.currentTarget.textContent ?? "", openedHosts())) return;
    event.preventDefault();
    setAsking(true);
  };
  return (
    <>
      <a {...rest} href={href} target="_blank" rel="noopener noreferrer" onClick={follow} onAuxClick={follow}>
        {children}
      </a>
      {asking && <LeaveDialog href={href} onClose={() => setAsking(false)} />}
    </>
  );
}

function LeaveDialog({ href, onClose }: { href: string; onClose: () => void }) {
  const { t } = useLanguage();
  const url = readUrl(href);
  const address = url?.href ?? href;
  const leave = () => {
    rememberOpened(href);
    onClose();
  };
  return (
    <Modal open onClose={onClose} title={t("leave.title")} description={t("leave.hint")}>
      <div className="space-y-2">
        <p className="font-medium wrap-anywhere">{url?.host ?? address}</p>
        <div className="flex items-start gap-1 rounded-lg border bg-surface py-1.5 pr-1.5 pl-3">
          <code className="max-h-40 min-w-0 flex-1 overflow-y-auto py-1 font-mono text-[12.5px] leading-relaxed wrap-anywhere">
            {address}
          </code>
          <CopyButton text={address} className="shrink-0" />
        </div>
      </div>
      <div className="flex justify-end gap-2 pt-1">
        <Button onClick={onClose}>{t("action.cancel")}</Button>
        <a
          href={href}
          target="_blank"
          rel="noopener noreferrer"
          className={buttonClass("primary")}
          onClick={leave}
        >
          <ExternalLink size={15} aria-hidden="true" />
          {t("leave.open")}
        </a>
      </div>
    </Modal>
  );
}
