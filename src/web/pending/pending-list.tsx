import { Paperclip, PencilLine, X } from "lucide-react";
import { useState } from "react";
import type { PendingMessage } from "../../protocol/message.ts";
import { useLanguage } from "../language/language.ts";
import { EditDialog } from "./edit-dialog.tsx";
import { modes } from "./modes.ts";

interface PendingListProps {
  pending: readonly PendingMessage[];
  onWithdraw: (message: PendingMessage) => void;
}

/** The messages that wait behind the run at work, in the order they come: each can be edited or taken back. */
export function PendingList({ pending, onWithdraw }: PendingListProps) {
  const { t } = useLanguage();
  const [edited, setEdited] = useState<PendingMessage | null>(null);
  const title = t("pending.title", { count: pending.length });
  return (
    <>
      {pending.length > 0 && (
        <section aria-label={title} className="mb-2 rounded-2xl border bg-surface py-1.5">
          <h2 className="px-4 pt-0.5 pb-1 text-muted-foreground text-xs">{title}</h2>
          <ul className="max-h-[30dvh] overflow-y-auto">
            {pending.map((message) => (
              <PendingRow
                key={message.pending_id}
                message={message}
                onEdit={() => setEdited(message)}
                onWithdraw={() => onWithdraw(message)}
              />
            ))}
          </ul>
        </section>
      )}
      {edited && <EditDialog key={edited.pending_id} message={edited} onClose={() => setEdited(null)} />}
    </>
  );
}

interface PendingRowProps {
  message: PendingMessage;
  onEdit: () => void;
  onWithdraw: () => void;
}

const iconButton =
  "grid size-8 shrink-0 place-items-center rounded-lg text-muted-foreground hover:bg-muted hover:text-foreground pointer-coarse:size-10";

function PendingRow({ message, onEdit, onWithdraw }: PendingRowProps) {
  const { t } = useLanguage();
  const { icon: Icon, label, hint } = modes[message.mode];
  return (
    <li className="flex items-start gap-1 pr-2 pl-4">
      <p className="flex min-w-0 flex-1 items-start gap-2 py-1.5 text-sm leading-5" title={t(hint)}>
        <Icon size={15} aria-hidden="true" className="mt-0.5 shrink-0 text-muted-foreground" />
        <span className="shrink-0 text-muted-foreground max-sm:sr-only">{t(label)}</span>
        <span className="line-clamp-2 min-w-0 wrap-anywhere">{message.content}</span>
        {message.attachments.length > 0 && (
          <span className="flex shrink-0 items-center gap-0.5 text-muted-foreground">
            <Paperclip size={13} aria-label={t("attachment.list")} role="img" />
            {message.attachments.length}
          </span>
        )}
      </p>
      <button
        type="button"
        aria-label={t("pending.edit", { text: message.content })}
        title={t("pending.editTitle")}
        className={iconButton}
        onClick={onEdit}
      >
        <PencilLine size={15} aria-hidden="true" />
      </button>
      <button
        type="button"
        aria-label={t("pending.withdraw", { text: message.content })}
        title={t("pending.withdrawHint")}
        className={iconButton}
        onClick={onWithdraw}
      >
        <X size={16} aria-hidden="true" />
      </button>
    </li>
  );
}
